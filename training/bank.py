"""The pictures a texture network learns from: real crops, forgeries made of them, and crops of labelled fakes.

They are made once, since making one costs as much as learning from it. Nothing about a picture depends on a fold but
this: the donor of a swapped face is taken from the same fold, so that no picture shows people of two folds.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import cv2
import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from training.crops import Crops, middle
from training.forgeries.blending import Forged, Share, repainted, self_blended, swapped
from training.forgeries.reencoding import Journey, draw_journey, travelled

BANK_SIDE = 240
"""Pixels along each side of a picture, the middle of a crop: wider than what the network sees, so that training can
shift, turn and scale it."""

SHARE_SIDE = BANK_SIDE // 4
"""Places along each side of what says where a picture is forged."""

_LAYOUT = 2  # raised when other pictures are made
_TOGETHER = 8
_CANDIDATES = 12


class Kind(IntEnum):
    """What a picture is. `REAL` and `LABELLED` came so; the others were made of real ones."""

    REAL = 0
    SELF_BLENDED = 1
    REPAINTED = 2
    SWAPPED = 3
    LABELLED = 4


@dataclass(frozen=True)
class Pictures:
    """Pictures made of one video.

    Attributes:
        pixels: (n, BANK_SIDE, BANK_SIDE, 3) uint8, RGB.
        kind: (n,) values of `Kind`.
        share: (n, SHARE_SIDE, SHARE_SIDE) uint8, how much of each place is forged, 255 for all of it; of labelled
            fakes nobody knows, and it is 0.
        twin: (n,) for a picture made of a real one, which picture shows that one after the same journey; else itself.
    """

    pixels: NDArray[np.uint8]
    kind: NDArray[np.int64]
    share: NDArray[np.uint8]
    twin: NDArray[np.int64]


def make_bank(
    crops: Sequence[Crops], fake: Sequence[bool], fold: Sequence[int], cache: Path, *, seed: int, jobs: int
) -> list[Pictures]:
    """Pictures of every video, in order; made once and kept in `cache`. Pixels stay on the disk."""
    cache.mkdir(parents=True, exist_ok=True)
    donors: dict[int, list[Crops]] = {}
    for one, is_fake, number in zip(crops, fake, fold, strict=True):
        if not is_fake and len(one):
            donors.setdefault(number, []).append(one)
    tasks = (
        delayed(_make_into)(one, is_fake, donors.get(number, []), cache, seed)
        for one, is_fake, number in zip(crops, fake, fold, strict=True)
    )
    return [_read(stem) for stem in Parallel(n_jobs=jobs, return_as="generator")(tasks)]


def _make_into(crops: Crops, fake: bool, donors: list[Crops], cache: Path, seed: int) -> Path:
    identity = hashlib.sha256(crops.points.tobytes())
    identity.update(repr((fake, _LAYOUT, BANK_SIDE, seed)).encode())
    for donor in donors if not fake else ():
        identity.update(donor.points.tobytes())
    stem = cache / identity.hexdigest()[:32]
    if not Path(f"{stem}.npz").exists():
        rng = np.random.default_rng(list(identity.digest()))
        made = _pictures_of_fake(crops, rng) if fake else _pictures_of_real(crops, donors, rng)
        np.save(f"{stem}.npy", made.pixels)
        np.savez(f"{stem}.npz", kind=made.kind, share=made.share, twin=made.twin)
    return stem


def _read(stem: Path) -> Pictures:
    with np.load(f"{stem}.npz") as rest:
        return Pictures(np.load(f"{stem}.npy", mmap_mode="r"), rest["kind"], rest["share"], rest["twin"])


class _Maker:
    """Collects pictures, a journey for each few."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self.pixels: list[NDArray[np.uint8]] = []
        self.kind: list[int] = []
        self.share: list[NDArray[np.uint8]] = []
        self.twin: list[int] = []

    def add(self, pictures: list[Forged], kinds: list[Kind], twins: list[int], journey: Journey) -> None:
        """`twins` count within `pictures`."""
        first = len(self.pixels)
        self.pixels += [
            middle(one, BANK_SIDE) for one in travelled([one.pixels for one in pictures], journey, self._rng)
        ]
        self.share += [_places(one.share) for one in pictures]
        self.kind += kinds
        self.twin += [first + twin for twin in twins]

    def made(self) -> Pictures:
        pixels = np.array(self.pixels, np.uint8).reshape(-1, BANK_SIDE, BANK_SIDE, 3)
        share = np.array(self.share, np.uint8).reshape(-1, SHARE_SIDE, SHARE_SIDE)
        return Pictures(pixels, np.array(self.kind, np.int64), share, np.array(self.twin, np.int64))


def _places(share: Share) -> NDArray[np.uint8]:
    seen = middle(share, BANK_SIDE).astype(np.float32)
    places = cv2.resize(seen, (SHARE_SIDE, SHARE_SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(np.round(255 * np.clip(places, 0, 1)), dtype=np.uint8)


def _unforged(picture: NDArray[np.uint8]) -> Forged:
    return Forged(picture, np.zeros(picture.shape[:2]))


def _pictures_of_real(crops: Crops, donors: list[Crops], rng: np.random.Generator) -> Pictures:
    """Each crop after two journeys, with a self-blended twin after the first and another forgery after the second."""
    maker = _Maker(rng)
    for start in range(0, len(crops), _TOGETHER):
        chosen = range(start, min(start + _TOGETHER, len(crops)))
        pictures = [np.asarray(crops.pixels[i]) for i in chosen]
        reals = [_unforged(picture) for picture in pictures]
        twins = [*range(len(reals)), *range(len(reals))]
        blends = [self_blended(real, crops.points[i], rng) for i, real in zip(chosen, pictures, strict=True)]
        kinds = [*[Kind.REAL] * len(reals), *[Kind.SELF_BLENDED] * len(reals)]
        maker.add([*reals, *blends], kinds, twins, draw_journey(rng))
        others = [_another_forgery(real, crops, i, donors, rng) for i, real in zip(chosen, pictures, strict=True)]
        kinds = [*[Kind.REAL] * len(reals), *[kind for _, kind in others]]
        maker.add([*reals, *[picture for picture, _ in others]], kinds, twins, draw_journey(rng))
    return maker.made()


def _pictures_of_fake(crops: Crops, rng: np.random.Generator) -> Pictures:
    """Each crop as it is or after a journey, and after another one."""
    maker = _Maker(rng)
    for start in range(0, len(crops), _TOGETHER):
        chosen = range(start, min(start + _TOGETHER, len(crops)))
        fakes = [_unforged(np.asarray(crops.pixels[i])) for i in chosen]
        for _ in range(2):
            maker.add(fakes, [Kind.LABELLED] * len(fakes), list(range(len(fakes))), draw_journey(rng))
    return maker.made()


def _another_forgery(
    real: NDArray[np.uint8], crops: Crops, index: int, donors: list[Crops], rng: np.random.Generator
) -> tuple[Forged, Kind]:
    strangers = [donor for donor in donors if donor is not crops]
    if not strangers or rng.random() < 0.55:
        return repainted(real, crops.points[index], rng), Kind.REPAINTED
    donor, which = _alike(real, crops.points[index], strangers, rng)
    pixels = np.asarray(donor.pixels[which])
    return swapped(real, crops.points[index], pixels, donor.points[which], rng), Kind.SWAPPED


def _alike(
    real: NDArray[np.uint8], points: NDArray[np.float32], donors: list[Crops], rng: np.random.Generator
) -> tuple[Crops, int]:
    """Of a few random faces the one most like this in pose and colour: who makes a swap chooses so too."""
    best, least = (donors[0], 0), np.inf
    side = len(real)
    for _ in range(_CANDIDATES):
        donor = donors[rng.integers(len(donors))]
        which = int(rng.integers(len(donor)))
        middle = slice(side // 3, 2 * side // 3)
        colour = real[middle, middle].mean(axis=(0, 1)) - donor.pixels[which][middle, middle].mean(axis=(0, 1))
        pose = np.linalg.norm(points - donor.points[which], axis=1).mean() / side
        distance = 10 * pose + float(np.abs(colour).mean()) / 64
        if distance < least:
            best, least = (donor, which), distance
    return best
