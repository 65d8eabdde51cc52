"""The measured videos as arrays, for fitting and evaluation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from notreally.v1 import features_pb2
from numpy.typing import NDArray

from gateway.features.readings import mean_log_odds
from gateway.features.vector import FEATURES, LEAST_SCORED_CROPS
from gateway.verdict.evidence import LEAST_FEATURES
from training.data.clips import Dataset
from training.data.vectors import FEATURE_NAMES, Row

SOUND = np.flatnonzero(
    [feature.modality in (features_pb2.MODALITY_AUDIO, features_pb2.MODALITY_FACE_AND_AUDIO) for feature in FEATURES]
)
"""Columns that need sound."""
BITS = FEATURE_NAMES.index("log10_bits_per_pixel")
"""Column with the strength of the compression."""

APPEARANCE = FEATURE_NAMES.index("face_appearance_log_odds")
BLENDING = FEATURE_NAMES.index("face_blending_log_odds")
"""Columns from the appearance network."""

MOTION = FEATURE_NAMES.index("face_motion_log_odds")
"""Column from the motion network."""

VOICE = FEATURE_NAMES.index("voice_log_odds")
"""Column from the voice network, which has a score of its own (`training/voices`)."""

MIN_FEATURES = 3
"""Vectors with fewer finite features are not trained on. A silent clip of a second or two has three: too few for a
verdict, but its pictures are worth learning from."""


@dataclass(frozen=True)
class Videos:
    """n measured videos.

    Attributes:
        features: shape (n, 10); NaN where a feature is missing.
        fake: shape (n,), the label.
        groups: shape (n,), people; never split between training and testing.
        subsets: shape (n,), the collection each comes from.
        methods: shape (n,), how each was forged.
        pairs: shape (k, 2), rows of the real and the fake member of each pair.
        sources: shape (n,), the data set or page each was found in.
        fold: shape (n,), what is held out together: whole sources.
        clips: shape (n,), index of each in the data set.
        judged: shape (n,), whether there is evidence enough for a verdict; see `gateway.verdict.evidence`.
    """

    features: NDArray[np.float64]
    fake: NDArray[np.bool_]
    groups: NDArray[np.str_]
    subsets: NDArray[np.str_]
    methods: NDArray[np.str_]
    pairs: NDArray[np.intp]
    sources: NDArray[np.str_]
    fold: NDArray[np.intp]
    clips: NDArray[np.intp]
    judged: NDArray[np.bool_]

    def __len__(self) -> int:
        """Number of videos."""
        return len(self.fake)

    def of_both_kinds(self, chosen: NDArray[np.bool_]) -> bool:
        """Whether the chosen ones (n,) include both real and fake videos."""
        return bool(0 < self.fake[chosen].sum() < chosen.sum())

    @property
    def paired(self) -> NDArray[np.bool_]:
        """Shape (n,), True for a member of some pair."""
        member = np.zeros(len(self), dtype=np.bool_)
        member[self.pairs.ravel()] = True
        return member

    @property
    def paired_subsets(self) -> NDArray[np.bool_]:
        """Shape (n,), True in subsets where most fakes are paired, so that real and fake share a collection.

        Not every video in them is a member of a pair.
        """
        chosen = np.zeros(len(self), dtype=np.bool_)
        for name in np.unique(self.subsets):
            own = self.subsets == name
            if 2 * np.sum(own & self.fake & self.paired) > np.sum(own & self.fake):
                chosen |= own
        return chosen


@dataclass(frozen=True)
class Assembled:
    """Videos to train on, and the reason for each that is left out."""

    videos: Videos
    left_out: dict[Path, str]


def assemble(
    dataset: Dataset,
    rows: Mapping[Path, Row],
    fold: NDArray[np.intp],
    appearance: Sequence[NDArray[np.float64]],
    motion: Sequence[NDArray[np.float64]],
) -> Assembled:
    """Combine labels, measurements and out-of-fold network scores.

    Scores of the services' own networks are replaced by out-of-fold scores, since the former may have been trained on
    these very videos. Videos with fewer than `MIN_FEATURES` features are left out.

    Args:
        dataset: the labels; no video twice.
        rows: a measurement for each video that could be measured.
        fold: of each clip.
        appearance: (2, portraits) out-of-fold log-odds of each clip; see `training.appearance.head.Head`.
        motion: out-of-fold log-odds of the spans of each clip.
    """
    left_out: dict[Path, str] = {}
    kept, clips, vectors, judged = [], [], [], []
    for index, clip in enumerate(dataset.clips):
        if clip.path not in rows:
            continue
        row = rows[clip.path]
        vector = np.array([row[name] for name in FEATURE_NAMES], dtype=np.float64)
        vector[[APPEARANCE, BLENDING]] = appearance_features(appearance[index])
        vector[MOTION] = mean_log_odds(motion[index]) if len(motion[index]) else np.nan
        if (found := int(np.isfinite(vector).sum())) < MIN_FEATURES:
            left_out[clip.path] = f"only {found} features could be measured"
        else:
            kept.append(clip)
            clips.append(index)
            vectors.append(vector)
            judged.append(not row["insufficient"] and found >= LEAST_FEATURES)

    rows_of = {clip.path: row for row, clip in enumerate(kept)}
    pairs = [(rows_of[real], rows_of[fake]) for real, fake in dataset.pairs if real in rows_of and fake in rows_of]
    return Assembled(
        Videos(
            features=np.array(vectors).reshape(-1, len(FEATURE_NAMES)),
            fake=np.array([clip.fake for clip in kept], dtype=np.bool_),
            groups=np.array([clip.group for clip in kept], dtype=np.str_),
            subsets=np.array([clip.subset for clip in kept], dtype=np.str_),
            methods=np.array([clip.method for clip in kept], dtype=np.str_),
            pairs=np.array(pairs, dtype=np.intp).reshape(-1, 2),
            sources=np.array([clip.source for clip in kept], dtype=np.str_),
            fold=fold[clips],
            clips=np.array(clips, dtype=np.intp),
            judged=np.array(judged, dtype=np.bool_),
        ),
        left_out,
    )


def headline_sets(videos: Videos) -> dict[str, NDArray[np.bool_]]:
    """The two sets that are always reported: "paired", the paired subsets, if there are any, and "all"."""
    everything = np.ones(len(videos), dtype=np.bool_)
    paired = videos.paired_subsets
    return {"paired": paired, "all": everything} if videos.of_both_kinds(paired) else {"all": everything}


def fakes_alone(videos: Videos) -> dict[str, NDArray[np.bool_]]:
    """For each subset without real videos, its fakes and all real videos, by name."""
    found = {}
    for name in np.unique(videos.subsets).tolist():
        own = videos.subsets == name
        if videos.fake[own].all():
            found[name] = own | ~videos.fake
    return found


def appearance_features(log_odds: NDArray[np.float64]) -> tuple[float, float]:
    """As `gateway.features.vector` computes them, from (2, portraits); NaN where too few portraits were scored."""
    appearance, blending = log_odds
    if len(appearance) < LEAST_SCORED_CROPS:
        return float("nan"), float("nan")
    return mean_log_odds(appearance), mean_log_odds(blending)
