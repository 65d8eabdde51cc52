"""The training snippets of the texture network: real ones, forgeries made from them, and those of labelled fakes.

They are made once, since making one costs as much as a training step on it. A snippet depends on its own video alone,
so that none shows people of two folds.
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
from training.data.atomic import atomic_write
from training.data.crops import CROPS_LAYOUT, WIDE_SIDE, Crops, middle
from training.forgeries.appearance import Resampling
from training.forgeries.jittering import draw_jittered_blend, draw_prior_processing
from training.forgeries.masks import Mask
from training.forgeries.reencoding import Augmentation, Snippet, augmented, draw_augmentation

SNIPPET_SIDE = 240
"""Pixels along each side of a training snippet, the middle of a crop: wider than the network's input, so that training
can shift, turn and scale it."""

MASK_SIDE = SNIPPET_SIDE // 4
"""Pixels along each side of the mask that says where a snippet is forged."""

_FORGERIES = 2
# Share of the forgeries that are augmented; two in three of these are re-compressed.
_AUGMENTED = 0.8
# A crop with hardly more pixels than its video keeps its size.
_MOST_SCALE = 0.9

SNIPPETS_LAYOUT = 7
"""Raised whenever other snippets are made."""

# Names in the files where they differ from the fields.
_STORED = {"mask": "share", "augmented": "travelled"}


class Kind(IntEnum):
    """`REAL` and `LABELLED` ones are from videos; `FORGED` ones are made, each from its real `TWIN`."""

    REAL = 0
    FORGED = 1
    LABELLED = 2
    TWIN = 3


@dataclass(frozen=True)
class Snippets:
    """Training snippets of one video.

    Attributes:
        pixels: (n, SNIPPET_SIDE, SNIPPET_SIDE, FRAMES) uint8, lightness, oldest frame first.
        kind: (n,) values of `Kind`.
        mask: (n, MASK_SIDE, MASK_SIDE) uint8, how much of each point is forged, 255 for all of it; for labelled fakes
            it is unknown, and 0.
        twin: (n,) for a forged snippet, the index of its twin, after the same augmentation; otherwise its own.
        augmented: (n,) bool, whether a `REAL` or `LABELLED` one was augmented.
        time_s: (n,) in the video.
    """

    pixels: NDArray[np.uint8]
    kind: NDArray[np.int64]
    mask: NDArray[np.uint8]
    twin: NDArray[np.int64]
    augmented: NDArray[np.bool_]
    time_s: NDArray[np.float64]


def make_snippets(
    crops: Sequence[Crops], fake: Sequence[bool], augmentation_ids: Sequence[int], cache: Path, *, seed: int, jobs: int
) -> list[Path]:
    """Training snippets of every video, in order, for `read_snippets`; made once and kept in `cache`.

    Args:
        crops: of each video.
        fake: whether it is one.
        augmentation_ids: videos with the same number get the same augmentations.
        cache: folder.
        seed: of all random draws.
        jobs: processes.
    """
    cache.mkdir(parents=True, exist_ok=True)
    videos = zip(crops, fake, augmentation_ids, strict=True)
    tasks = (
        delayed(_make_into)(one, is_fake, augmentation_id, cache, seed) for one, is_fake, augmentation_id in videos
    )
    return list(Parallel(n_jobs=jobs, return_as="generator")(tasks))


def read_snippets(kept: Path) -> Snippets:
    """What `make_snippets` kept of a video. Pixels stay on the disk."""
    with np.load(f"{kept}.npz") as rest:
        fields = {**rest}
        fields |= {name: fields.pop(stored) for name, stored in _STORED.items()}
        return Snippets(np.load(f"{kept}.npy", mmap_mode="r"), **fields)


def _make_into(crops: Crops, fake: bool, augmentation_id: int, cache: Path, seed: int) -> Path:
    identity = hashlib.sha256(crops.points.tobytes())
    identity.update(repr((fake, augmentation_id, SNIPPETS_LAYOUT, SNIPPET_SIDE, FRAMES, seed)).encode())
    rng = np.random.default_rng(list(identity.digest()))
    # These change the pixels, but not the random draws.
    identity.update(crops.scale.tobytes() + repr(CROPS_LAYOUT).encode())
    stem = cache / identity.hexdigest()[:32]
    if not Path(f"{stem}.npz").exists():
        made = _of_fake(crops, (seed, augmentation_id)) if fake else _of_real(crops, (seed, augmentation_id), rng)
        rest = {_STORED.get(name, name): value for name, value in vars(made).items()}
        np.save(f"{stem}.npy", rest.pop("pixels"))
        # Written last: if it exists, everything does.
        with atomic_write(Path(f"{stem}.npz")) as fresh:
            np.savez(fresh, **rest)
    return stem


@dataclass
class _Maker:
    """Collects snippets."""

    pixels: list[Snippet] = field(default_factory=list)
    kind: list[Kind] = field(default_factory=list)
    mask: list[NDArray[np.uint8]] = field(default_factory=list)
    twin: list[int] = field(default_factory=list)
    augmented: list[bool] = field(default_factory=list)
    number: list[int] = field(default_factory=list)

    def add(
        self,
        snippet: Snippet,
        kind: Kind,
        number: int,
        *,
        mask: Mask | None = None,
        twin: int | None = None,
        augmented: bool = False,
    ) -> int:
        """Gives its index. Its first frame, there for the encoder only, is dropped. `number`: of its crop."""
        index = len(self.pixels)
        self.pixels.append(middle(snippet, SNIPPET_SIDE)[..., -FRAMES:])
        self.kind.append(kind)
        self.mask.append(np.zeros((MASK_SIDE, MASK_SIDE), np.uint8) if mask is None else _coarse(mask))
        self.twin.append(index if twin is None else twin)
        self.augmented.append(augmented)
        self.number.append(number)
        return index

    def made(self, times_s: NDArray[np.float64]) -> Snippets:
        pixels = np.array(self.pixels, np.uint8).reshape(-1, SNIPPET_SIDE, SNIPPET_SIDE, FRAMES)
        mask = np.array(self.mask, np.uint8).reshape(-1, MASK_SIDE, MASK_SIDE)
        return Snippets(
            pixels,
            np.array(self.kind, np.int64),
            mask,
            np.array(self.twin, np.int64),
            np.array(self.augmented, np.bool_),
            times_s[np.array(self.number, np.int64)],
        )


def _coarse(mask: Mask) -> NDArray[np.uint8]:
    wide = np.asarray(cv2.resize(mask, (WIDE_SIDE, WIDE_SIDE), interpolation=cv2.INTER_LINEAR))
    seen = middle(wide, SNIPPET_SIDE).astype(np.float32)
    coarse = cv2.resize(seen, (MASK_SIDE, MASK_SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(np.round(255 * np.clip(coarse, 0, 1)), dtype=np.uint8)


def _augmented(
    snippets: Sequence[Snippet], augmentation: Augmentation, scale: float, rng: np.random.Generator
) -> list[Snippet]:
    """Snippets augmented at the size they have in their video: the crop of a small face is larger."""
    own = _own_size(scale)
    small = augmented([own.down(snippet) for snippet in snippets], augmentation, rng)
    return [own.up(one, snippet.shape) for one, snippet in zip(small, snippets, strict=True)]


def _own_size(scale: float) -> Resampling:
    """To a face's size in its video, and back, for the `scale` of its crop; a crop hardly larger keeps its size."""
    return Resampling(scale if scale < _MOST_SCALE else 1.0)


def _of_real(crops: Crops, augmentation_id: tuple[int, int], rng: np.random.Generator) -> Snippets:
    """Each snippet as those of fakes are used, and forged twice, in two ways, with its twin.

    Half of the forgeries are re-compressed: the traces of a forgery that was never encoded are clearer than any met in
    practice. The other half are not: if no uncompressed snippet held a clear trace, the network would take fresh
    compression for a sign of a real video. The twin gets the same augmentation.
    """
    maker = _Maker()
    _add_unforged(maker, crops, Kind.REAL, augmentation_id)
    for number, snippet in enumerate(crops.snippets):
        own = _own_size(crops.scale[number])
        for _ in range(_FORGERIES):
            prepare = draw_prior_processing(rng).of if rng.random() < 0.5 else np.asarray
            seen = prepare(own.down(np.asarray(snippet)))
            points = crops.points[number] * np.float32(len(seen) / len(snippet))
            forged = draw_jittered_blend(rng).of(seen, points, rng)
            augmentation = draw_augmentation(rng) if rng.random() < _AUGMENTED else Augmentation()
            both = augmented([forged.target, forged.pixels], augmentation, rng)
            real, fake = (own.up(one, snippet.shape) for one in both)
            twin = maker.add(real, Kind.TWIN, number)
            maker.add(fake, Kind.FORGED, number, mask=forged.mask, twin=twin)
    return maker.made(crops.times_s)


def _of_fake(crops: Crops, augmentation_id: tuple[int, int]) -> Snippets:
    maker = _Maker()
    _add_unforged(maker, crops, Kind.LABELLED, augmentation_id)
    return maker.made(crops.times_s)


def _add_unforged(maker: "_Maker", crops: Crops, kind: Kind, augmentation_id: tuple[int, int]) -> None:
    """Each snippet, real or fake, unchanged and augmented; the members of a pair get the same augmentation.

    Real snippets must not be augmented more often than fake ones: the network would learn to detect augmentation, and
    take an untouched real video for a fake.
    """
    for number, snippet in enumerate(crops.snippets):
        maker.add(np.asarray(snippet), kind, number)
        rng = np.random.default_rng([*augmentation_id, number])
        (changed,) = _augmented([np.asarray(snippet)], draw_augmentation(rng), crops.scale[number], rng)
        maker.add(changed, kind, number, augmented=True)
