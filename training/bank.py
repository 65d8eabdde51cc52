"""The moments a texture network learns from: real ones, forgeries made of them, and those of labelled fakes.

They are made once, since making one costs as much as learning from it. A moment depends on its own video alone, so that
none shows people of two folds.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

import cv2
import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from services.face.crops import FRAMES
from training.crops import Crops, middle
from training.forgeries.masks import Mask
from training.forgeries.reencoding import Journey, Moment, draw_journey, travelled
from training.forgeries.trembling import draw_trembling

BANK_SIDE = 240
"""Pixels along each side of a moment, the middle of a crop: wider than what the network sees, so that training can
shift, turn and scale it."""

SHARE_SIDE = BANK_SIDE // 4
"""Places along each side of what says where a moment is forged."""

BANK_LAYOUT = 5
"""Raised when other moments are made."""


class Kind(IntEnum):
    """What a moment is. `REAL` and `LABELLED` came so; `FORGED` was made of a real one."""

    REAL = 0
    FORGED = 1
    LABELLED = 2


@dataclass(frozen=True)
class Moments:
    """Moments made of one video.

    Attributes:
        pixels: (n, BANK_SIDE, BANK_SIDE, FRAMES) uint8, lightness, oldest frame first.
        kind: (n,) values of `Kind`.
        share: (n, SHARE_SIDE, SHARE_SIDE) uint8, how much of each place is forged, 255 for all of it; of labelled
            fakes nobody knows, and it is 0.
        twin: (n,) for a forged moment, which one shows what it was made of after the same journey; else itself.
    """

    pixels: NDArray[np.uint8]
    kind: NDArray[np.int64]
    share: NDArray[np.uint8]
    twin: NDArray[np.int64]


def make_bank(crops: Sequence[Crops], fake: Sequence[bool], cache: Path, *, seed: int, jobs: int) -> list[Moments]:
    """Moments of every video, in order; made once and kept in `cache`. Pixels stay on the disk."""
    cache.mkdir(parents=True, exist_ok=True)
    tasks = (delayed(_make_into)(one, is_fake, cache, seed) for one, is_fake in zip(crops, fake, strict=True))
    return [_read(stem) for stem in Parallel(n_jobs=jobs, return_as="generator")(tasks)]


def _make_into(crops: Crops, fake: bool, cache: Path, seed: int) -> Path:
    identity = hashlib.sha256(crops.points.tobytes())
    identity.update(repr((fake, BANK_LAYOUT, BANK_SIDE, FRAMES, seed)).encode())
    stem = cache / identity.hexdigest()[:32]
    if not Path(f"{stem}.npz").exists():
        rng = np.random.default_rng(list(identity.digest()))
        made = _of_fake(crops, rng) if fake else _of_real(crops, rng)
        np.save(f"{stem}.npy", made.pixels)
        np.savez(f"{stem}.npz", kind=made.kind, share=made.share, twin=made.twin)
    return stem


def _read(stem: Path) -> Moments:
    with np.load(f"{stem}.npz") as rest:
        return Moments(np.load(f"{stem}.npy", mmap_mode="r"), rest["kind"], rest["share"], rest["twin"])


@dataclass
class _Maker:
    """Collects moments."""

    pixels: list[Moment] = field(default_factory=list)
    kind: list[Kind] = field(default_factory=list)
    share: list[NDArray[np.uint8]] = field(default_factory=list)
    twin: list[int] = field(default_factory=list)

    def add(self, moment: Moment, kind: Kind, share: Mask | None = None, twin: int | None = None) -> int:
        """Give its place. The first frame was there for the encoder alone."""
        place = len(self.pixels)
        self.pixels.append(middle(moment, BANK_SIDE)[..., -FRAMES:])
        self.kind.append(kind)
        self.share.append(np.zeros((SHARE_SIDE, SHARE_SIDE), np.uint8) if share is None else _places(share))
        self.twin.append(place if twin is None else twin)
        return place

    def made(self) -> Moments:
        pixels = np.array(self.pixels, np.uint8).reshape(-1, BANK_SIDE, BANK_SIDE, FRAMES)
        share = np.array(self.share, np.uint8).reshape(-1, SHARE_SIDE, SHARE_SIDE)
        return Moments(pixels, np.array(self.kind, np.int64), share, np.array(self.twin, np.int64))


def _places(share: Mask) -> NDArray[np.uint8]:
    seen = middle(share, BANK_SIDE).astype(np.float32)
    places = cv2.resize(seen, (SHARE_SIDE, SHARE_SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(np.round(255 * np.clip(places, 0, 1)), dtype=np.uint8)


def _journeys(rng: np.random.Generator) -> tuple[Journey, ...]:
    """Of each moment, real or fake: it is used as it came, and again after a journey.

    What is real must not travel more often than what is fake: the network would learn to tell who has travelled, and
    take a real video that comes as it is for a fake one.
    """
    return Journey(), draw_journey(rng)


def _of_real(crops: Crops, rng: np.random.Generator) -> Moments:
    """Each moment and a forged twin, another each time."""
    maker = _Maker()
    for moment, points in zip(crops.moments, crops.points, strict=True):
        for journey in _journeys(rng):
            forged = draw_trembling(rng).of(moment, points, rng)
            real, fake = travelled([np.asarray(moment), forged.pixels], journey, rng)
            twin = maker.add(real, Kind.REAL)
            maker.add(fake, Kind.FORGED, forged.share, twin)
    return maker.made()


def _of_fake(crops: Crops, rng: np.random.Generator) -> Moments:
    maker = _Maker()
    for moment in crops.moments:
        for journey in _journeys(rng):
            (arrived,) = travelled([np.asarray(moment)], journey, rng)
            maker.add(arrived, Kind.LABELLED)
    return maker.made()
