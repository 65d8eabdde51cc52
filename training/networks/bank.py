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

from services.face.networks.crops import FRAMES
from training.data.crops import CROPS_LAYOUT, WIDE_SIDE, Crops, middle
from training.data.writing import in_one_step
from training.forgeries.appearance import Detour
from training.forgeries.masks import Mask
from training.forgeries.reencoding import Journey, Moment, draw_journey, travelled
from training.forgeries.trembling import draw_past, draw_trembling

BANK_SIDE = 240
"""Pixels along each side of a moment, the middle of a crop: wider than what the network sees, so that training can
shift, turn and scale it."""

SHARE_SIDE = BANK_SIDE // 4
"""Places along each side of what says where a moment is forged."""

_FORGERIES = 2
# Share of the forgeries that go on a journey, on which two in three are encoded.
_SENT = 0.8
# A crop with hardly more pixels than its video has is as it is.
_MOST_SCALE = 0.9

BANK_LAYOUT = 7
"""Raised when other moments are made."""


class Kind(IntEnum):
    """`REAL` and `LABELLED` moments came so; `FORGED` ones were made of real ones, a `TWIN` is what one is put into."""

    REAL = 0
    FORGED = 1
    LABELLED = 2
    TWIN = 3


@dataclass(frozen=True)
class Moments:
    """Moments made of one video.

    Attributes:
        pixels: (n, BANK_SIDE, BANK_SIDE, FRAMES) uint8, lightness, oldest frame first.
        kind: (n,) values of `Kind`.
        share: (n, SHARE_SIDE, SHARE_SIDE) uint8, how much of each place is forged, 255 for all of it; of labelled
            fakes nobody knows, and it is 0.
        twin: (n,) for a forged moment, which one shows what it was put into after the same journey; else itself.
        travelled: (n,) bool, of those that came so: not as it came, but after a journey.
        time_s: (n,) in the video.
    """

    pixels: NDArray[np.uint8]
    kind: NDArray[np.int64]
    share: NDArray[np.uint8]
    twin: NDArray[np.int64]
    travelled: NDArray[np.bool_]
    time_s: NDArray[np.float64]


def make_bank(
    crops: Sequence[Crops], fake: Sequence[bool], routes: Sequence[int], cache: Path, *, seed: int, jobs: int
) -> list[Path]:
    """Moments of every video, in order, for `read_moments`; made once and kept in `cache`.

    Args:
        crops: of each video.
        fake: whether it is.
        routes: videos of the same number go on the same journeys.
        cache: folder.
        seed: of what is drawn.
        jobs: processes.
    """
    cache.mkdir(parents=True, exist_ok=True)
    videos = zip(crops, fake, routes, strict=True)
    tasks = (delayed(_make_into)(one, is_fake, route, cache, seed) for one, is_fake, route in videos)
    return list(Parallel(n_jobs=jobs, return_as="generator")(tasks))


def read_moments(kept: Path) -> Moments:
    """What `make_bank` keeps of a video. Pixels stay on the disk."""
    with np.load(f"{kept}.npz") as rest:
        return Moments(np.load(f"{kept}.npy", mmap_mode="r"), **rest)


def _make_into(crops: Crops, fake: bool, route: int, cache: Path, seed: int) -> Path:
    identity = hashlib.sha256(crops.points.tobytes())
    identity.update(repr((fake, route, BANK_LAYOUT, BANK_SIDE, FRAMES, seed)).encode())
    rng = np.random.default_rng(list(identity.digest()))
    # On these depends what is made, and not what is drawn.
    identity.update(crops.scale.tobytes() + repr(CROPS_LAYOUT).encode())
    stem = cache / identity.hexdigest()[:32]
    if not Path(f"{stem}.npz").exists():
        made = _of_fake(crops, (seed, route)) if fake else _of_real(crops, (seed, route), rng)
        rest = dict(vars(made))
        np.save(f"{stem}.npy", rest.pop("pixels"))
        # Last, so that what is there is whole.
        with in_one_step(Path(f"{stem}.npz")) as fresh:
            np.savez(fresh, **rest)
    return stem


@dataclass
class _Maker:
    """Collects moments."""

    pixels: list[Moment] = field(default_factory=list)
    kind: list[Kind] = field(default_factory=list)
    share: list[NDArray[np.uint8]] = field(default_factory=list)
    twin: list[int] = field(default_factory=list)
    travelled: list[bool] = field(default_factory=list)
    number: list[int] = field(default_factory=list)

    def add(
        self,
        moment: Moment,
        kind: Kind,
        number: int,
        *,
        share: Mask | None = None,
        twin: int | None = None,
        travelled: bool = False,
    ) -> int:
        """Give its place. The first frame was there for the encoder alone. `number`: of the crop it was made of."""
        place = len(self.pixels)
        self.pixels.append(middle(moment, BANK_SIDE)[..., -FRAMES:])
        self.kind.append(kind)
        self.share.append(np.zeros((SHARE_SIDE, SHARE_SIDE), np.uint8) if share is None else _places(share))
        self.twin.append(place if twin is None else twin)
        self.travelled.append(travelled)
        self.number.append(number)
        return place

    def made(self, times_s: NDArray[np.float64]) -> Moments:
        pixels = np.array(self.pixels, np.uint8).reshape(-1, BANK_SIDE, BANK_SIDE, FRAMES)
        share = np.array(self.share, np.uint8).reshape(-1, SHARE_SIDE, SHARE_SIDE)
        return Moments(
            pixels,
            np.array(self.kind, np.int64),
            share,
            np.array(self.twin, np.int64),
            np.array(self.travelled, np.bool_),
            times_s[np.array(self.number, np.int64)],
        )


def _places(share: Mask) -> NDArray[np.uint8]:
    wide = np.asarray(cv2.resize(share, (WIDE_SIDE, WIDE_SIDE), interpolation=cv2.INTER_LINEAR))
    seen = middle(wide, BANK_SIDE).astype(np.float32)
    places = cv2.resize(seen, (SHARE_SIDE, SHARE_SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(np.round(255 * np.clip(places, 0, 1)), dtype=np.uint8)


def _sent(moments: Sequence[Moment], journey: Journey, scale: float, rng: np.random.Generator) -> list[Moment]:
    """Moments after a journey at the size of their video, of whose pixels a crop of a small face has more."""
    own = _own_size(scale)
    small = travelled([own.smaller(moment) for moment in moments], journey, rng)
    return [own.back(one, moment.shape) for one, moment in zip(small, moments, strict=True)]


def _own_size(scale: float) -> Detour:
    """To the size of a face in its video, and back, for the `scale` of its crop; one hardly larger stays as it is."""
    return Detour(scale if scale < _MOST_SCALE else 1.0)


def _of_real(crops: Crops, route: tuple[int, int], rng: np.random.Generator) -> Moments:
    """Each moment as those of fakes are used, and forged twice, another way each time, beside its twin.

    Half of what is forged is encoded afterwards, as all that is sent: the traces of a forgery that was never encoded
    are clearer than any that are met. The other half is not: where nothing that came as it is held a clear trace, what
    comes so would be less surely real than what was compressed anew. The twin goes on the same journey.
    """
    maker = _Maker()
    _add_as_they_are(maker, crops, Kind.REAL, route)
    for number, moment in enumerate(crops.moments):
        own = _own_size(crops.scale[number])
        for _ in range(_FORGERIES):
            past = draw_past(rng).of if rng.random() < 0.5 else np.asarray
            seen = past(own.smaller(np.asarray(moment)))
            points = crops.points[number] * np.float32(len(seen) / len(moment))
            forged = draw_trembling(rng).of(seen, points, rng)
            journey = draw_journey(rng) if rng.random() < _SENT else Journey()
            arrived = travelled([forged.there, forged.pixels], journey, rng)
            real, fake = (own.back(one, moment.shape) for one in arrived)
            twin = maker.add(real, Kind.TWIN, number)
            maker.add(fake, Kind.FORGED, number, share=forged.share, twin=twin)
    return maker.made(crops.times_s)


def _of_fake(crops: Crops, route: tuple[int, int]) -> Moments:
    maker = _Maker()
    _add_as_they_are(maker, crops, Kind.LABELLED, route)
    return maker.made(crops.times_s)


def _add_as_they_are(maker: "_Maker", crops: Crops, kind: Kind, route: tuple[int, int]) -> None:
    """Each moment, real or fake, as it came, and again after a journey: of both members of a pair the same one.

    What is real must not travel more often than what is fake: the network would learn to tell who has travelled, and
    take a real video that comes as it is for a fake one.
    """
    for number, moment in enumerate(crops.moments):
        maker.add(np.asarray(moment), kind, number)
        rng = np.random.default_rng([*route, number])
        (arrived,) = _sent([np.asarray(moment)], draw_journey(rng), crops.scale[number], rng)
        maker.add(arrived, kind, number, travelled=True)
