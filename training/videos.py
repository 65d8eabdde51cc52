"""The measured videos as arrays: what fitting and evaluation work on."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from notreally.v1 import features_pb2
from numpy.typing import NDArray

from gateway.features import FEATURES
from training.clips import Dataset
from training.vectors import FEATURE_NAMES, Row

SOUND = np.flatnonzero(
    [feature.modality in (features_pb2.MODALITY_AUDIO, features_pb2.MODALITY_FACE_AND_AUDIO) for feature in FEATURES]
)
"""Columns that need sound."""
BITS = FEATURE_NAMES.index("log10_bits_per_pixel")
"""Column that tells how strongly the encoder squeezed."""

MIN_FEATURES = 6
"""A vector with fewer finite features gets no verdict when served, so nothing is learned from one either."""


@dataclass(frozen=True)
class Videos:
    """n measured videos.

    Attributes:
        features: shape (n, 10); NaN where a feature is missing.
        fake: shape (n,), the label.
        groups: shape (n,), people; never split between training and testing.
        subsets: shape (n,), where each comes from.
        methods: shape (n,), how each was forged.
        pairs: shape (k, 2), rows of the real and the fake member of each pair.
    """

    features: NDArray[np.float64]
    fake: NDArray[np.bool_]
    groups: NDArray[np.str_]
    subsets: NDArray[np.str_]
    methods: NDArray[np.str_]
    pairs: NDArray[np.intp]

    def __len__(self) -> int:
        """Number of videos."""
        return len(self.fake)

    @property
    def paired(self) -> NDArray[np.bool_]:
        """Shape (n,), True for a member of some pair."""
        member = np.zeros(len(self), dtype=np.bool_)
        member[self.pairs.ravel()] = True
        return member


@dataclass(frozen=True)
class Assembled:
    """Videos to learn from, and those left out: why, for each."""

    videos: Videos
    left_out: dict[Path, str]


def assemble(dataset: Dataset, rows: Mapping[Path, Row]) -> Assembled:
    """Put labels and measurements together.

    Left out are videos with fewer than `MIN_FEATURES` features, second copies of the same content, and all copies of
    content that is labelled both ways.

    Args:
        dataset: the labels.
        rows: a measurement for each video that could be measured.
    """
    labels: dict[object, set[bool]] = {}
    for clip in dataset.clips:
        if clip.path in rows:
            labels.setdefault(rows[clip.path]["sha256"], set()).add(clip.fake)

    left_out: dict[Path, str] = {}
    kept, vectors, seen = [], [], set()
    for clip in dataset.clips:
        if clip.path not in rows:
            continue
        row = rows[clip.path]
        vector = np.array([row[name] for name in FEATURE_NAMES], dtype=np.float64)
        if len(labels[row["sha256"]]) > 1:
            left_out[clip.path] = "the same content is labelled real and fake"
        elif row["sha256"] in seen:
            left_out[clip.path] = "a copy of another video"
        elif (found := int(np.isfinite(vector).sum())) < MIN_FEATURES:
            left_out[clip.path] = f"only {found} features could be measured"
        else:
            seen.add(row["sha256"])
            kept.append(clip)
            vectors.append(vector)

    places = {clip.path: place for place, clip in enumerate(kept)}
    pairs = [(places[real], places[fake]) for real, fake in dataset.pairs if real in places and fake in places]
    return Assembled(
        Videos(
            features=np.array(vectors).reshape(-1, len(FEATURE_NAMES)),
            fake=np.array([clip.fake for clip in kept], dtype=np.bool_),
            groups=np.array([clip.group for clip in kept], dtype=np.str_),
            subsets=np.array([clip.subset for clip in kept], dtype=np.str_),
            methods=np.array([clip.method for clip in kept], dtype=np.str_),
            pairs=np.array(pairs, dtype=np.intp).reshape(-1, 2),
        ),
        left_out,
    )
