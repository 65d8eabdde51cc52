"""Which sources are held out together: what a detector is worth on data sets, methods and pages it has never met."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.data.clips import Clip

FOLDS = 8
_NO_METHOD = ("none", "unknown")


def source_folds(clips: Sequence[Clip], folds: int = FOLDS) -> NDArray[np.intp]:
    """Fold of each clip, shape (n,): every source lies in one fold, and real and fake clips are spread evenly.

    Raises:
        ValueError: there are fewer than two sources with real, or with fake, clips.
    """
    for fake, kind in ((False, "real"), (True, "fake")):
        if len({clip.source for clip in clips if clip.fake == fake}) < 2:
            raise ValueError(f"At least two sources with {kind} videos are needed to leave one out.")
    return dealt([clip.source for clip in clips], [clip.fake for clip in clips], folds)


def dealt(sources: Sequence[str], fake: Sequence[bool], folds: int) -> NDArray[np.intp]:
    """Fold of each item, shape (n,), by source: from the largest to the smallest, each to the fold with least of it.

    Args:
        sources: of n items.
        fake: label of each; both are spread evenly.
        folds: at most; fewer where there are fewer sources.
    """
    held: dict[str, NDArray[np.intp]] = defaultdict(lambda: np.zeros(2, dtype=np.intp))
    for source, label in zip(sources, fake, strict=True):
        held[source][int(label)] += 1
    total = np.maximum(np.sum(list(held.values()), axis=0), 1)
    filled = np.zeros((min(folds, len(held)), 2))
    place = {}
    for source in sorted(held, key=lambda name: (-held[name].sum(), name)):
        share = held[source] / total
        # The fold that is fullest after taking it stays as empty as possible, of the kind there is more of.
        place[source] = int(np.argmin(np.sum((filled + share) ** 2 - filled**2, axis=1)))
        filled[place[source]] += share
    return np.array([place[source] for source in sources], dtype=np.intp)


def may_learn(clips: Sequence[Clip], fold: NDArray[np.intp], tested: int) -> NDArray[np.bool_]:
    """Which clips may be learned from when a fold is tested, shape (n,).

    Not those of the fold; nor clips elsewhere of a person in it, or made by a method in it: then neither the people
    nor the methods that are tested have been met.
    """
    inside = [clip for clip, number in zip(clips, fold, strict=True) if number == tested]
    people = {clip.group for clip in inside}
    methods = {clip.method for clip in inside if clip.fake} - set(_NO_METHOD)
    return np.array(
        [
            number != tested and clip.group not in people and clip.method not in methods
            for clip, number in zip(clips, fold, strict=True)
        ],
        dtype=np.bool_,
    )
