"""What the pretrained encoder makes of every picture: computed once, learned from in every fold."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache as kept_in_memory
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from services.face.networks.appearance_network import TAKES
from services.face.networks.encoder_file import weights_for
from services.kit.networks.onnx_session import Spec, loaded
from training.appearance.encoder import WIDTH
from training.appearance.pictures import PICTURES_LAYOUT, Kind, pictures_of
from training.data.atomic import atomic_write
from training.data.crops import read_portraits
from training.data.processes import in_processes

FEATURES_LAYOUT = 1
"""Raised when the encoder is exported differently."""

_GIVES = Spec("features", "tensor(float)", (2, WIDTH))


@dataclass(frozen=True)
class Features:
    """Of the pictures of one video.

    Attributes:
        of_class: (n, WIDTH) the class token.
        of_patches: (n, WIDTH) the mean of the other tokens.
        kind: (n,) values of `Kind`.
    """

    of_class: NDArray[np.float32]
    of_patches: NDArray[np.float32]
    kind: NDArray[np.int64]

    @property
    def joined(self) -> NDArray[np.float32]:
        """(n, 2 · WIDTH), the class token first."""
        return np.concatenate([self.of_class, self.of_patches], axis=1)

    def of(self, kind: Kind) -> NDArray[np.intp]:
        """Indices of the pictures of a kind."""
        return np.flatnonzero(self.kind == kind)


def make_features(
    portraits: Sequence[Path],
    fake: Sequence[bool],
    augmentation_ids: Sequence[int],
    encoder: Path,
    cache: Path,
    *,
    seed: int,
    jobs: int,
) -> list[Path]:
    """Features of the pictures of every video, in order, for `read_features`; cached in `cache`.

    Args:
        portraits: from `training.data.crops.cut_all`.
        fake: whether each video is one.
        augmentation_ids: videos with the same number get the same augmentations.
        encoder: the file that `training.appearance.export.export_encoder` wrote.
        cache: folder.
        seed: of all random draws.
        jobs: processes.
    """
    cache.mkdir(parents=True, exist_ok=True)
    found = [
        cache / f"{kept.stem}-{'fake' if is_fake else 'real'}-{number}-{PICTURES_LAYOUT}-{seed}.npz"
        for kept, is_fake, number in zip(portraits, fake, augmentation_ids, strict=True)
    ]
    tasks = [
        (path, encoder, kept, is_fake, number, seed)
        for path, kept, is_fake, number in zip(found, portraits, fake, augmentation_ids, strict=True)
        if not path.exists()
    ]
    in_processes(_make_into, tasks, jobs)
    return found


def read_features(kept: Path) -> Features:
    """What `make_features` cached of a video."""
    with np.load(kept) as held:
        return Features(held["of_class"], held["of_patches"], held["kind"])


class ExportedEncoder:
    """The encoder as it runs in service, in eight bits: what is learned from is what will be scored."""

    def __init__(self, path: Path) -> None:
        """Load what `training.appearance.export.export_encoder` wrote."""
        content = path.read_bytes()
        held = weights_for(content, matrices_beside(path).read_bytes())
        self._session = loaded(path, content, takes=TAKES, gives=_GIVES, held=held)

    def __call__(self, pixels: NDArray[np.uint8], kind: NDArray[np.int64]) -> Features:
        """Of pictures (n, SIDE, SIDE, 3) RGB, of the kinds (n,) given; one at a time, as in service."""
        found = [self._session.run(["features"], {"pictures": one[np.newaxis]})[0][0] for one in pixels]
        of_class, of_patches = np.array(found, np.float32).reshape(-1, 2, WIDTH).transpose(1, 0, 2)
        return Features(of_class, of_patches, kind)


_at_hand = kept_in_memory(ExportedEncoder)
"""Once for each process."""


def matrices_beside(path: Path) -> Path:
    """The file with the matrices of an exported encoder."""
    return path.with_suffix(".npz")


def _make_into(kept: Path, encoder: Path, portraits: Path, fake: bool, augmentation_id: int, seed: int) -> None:
    cv2.setNumThreads(1)
    made = pictures_of(read_portraits(portraits), fake, augmentation_id, seed)
    found = _at_hand(encoder)(made.pixels, made.kind)
    with atomic_write(kept) as fresh, fresh.open("wb") as file:
        np.savez(file, of_class=found.of_class, of_patches=found.of_patches, kind=found.kind)
