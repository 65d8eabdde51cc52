"""Cross-validation folds of people. Networks and trees share them, so held-out people are new to both."""

import warnings

import numpy as np
from numpy.typing import NDArray

from training.data.clips import Dataset

FOLDS = 4


def group_folds(dataset: Dataset, seed: int = 0) -> NDArray[np.intp]:
    """Fold of each clip, in order; shape (n,). No group is in two folds; subsets, labels and pairs are spread evenly.

    Raises:
        ValueError: fewer than two groups hold a real, or a fake, video.
    """
    clips = dataset.clips
    groups = np.array([clip.group for clip in clips])
    fake = np.array([clip.fake for clip in clips])
    count = min(FOLDS, *(len(np.unique(groups[fake == label])) for label in (False, True)))
    if count < 2:
        raise ValueError("At least two people with real videos and two with fake ones are needed.")
    # Only here: it takes more than a second to import, and processes that train or score networks need not.
    from sklearn.model_selection import StratifiedGroupKFold

    paired = {path for pair in dataset.pairs for path in pair}
    strata = np.array([f"{'paired' if clip.path in paired else clip.subset}{clip.fake}" for clip in clips])
    splitter = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    fold = np.empty(len(clips), dtype=np.intp)
    with warnings.catch_warnings():
        # A subset smaller than the number of folds cannot be spread, and scikit-learn warns of it.
        warnings.simplefilter("ignore", UserWarning)
        for number, (_, tested) in enumerate(splitter.split(strata, strata, groups)):
            fold[tested] = number
    refuse_too_few(fold, ~fake, "real videos")
    refuse_too_few(fold, fake, "fake videos")
    return fold


def spread(fold: NDArray[np.intp], chosen: NDArray[np.bool_]) -> bool:
    """Whether some of the chosen clips remain for training, whichever fold is held out; both of shape (n,)."""
    return len(np.unique(fold[chosen])) > 1


def refuse_too_few(fold: NDArray[np.intp], chosen: NDArray[np.bool_], what: str) -> None:
    """See that the chosen clips are `spread`.

    Raises:
        ValueError: they are not. The message is a sentence that calls them `what`.
    """
    if not spread(fold, chosen):
        raise ValueError(f"Too few people have {what} to test on some while learning from others.")
