"""Vectors whose answer is known."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.synthetic.fixtures import face_video
from training.data.videos import Videos

__all__ = ["face_video", "population"]

Population = Callable[..., Videos]


@pytest.fixture
def population() -> Population:
    """Makes videos of pairs: person k has a real one in row 2k and a fake one in row 2k + 1."""

    def make(
        people: int = 120,
        *,
        signal: float = 0.0,
        column: int = 0,
        missing: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
        paired: int = 0,
        folds: int = 4,
        seed: int = 0,
    ) -> Videos:
        """Standard normal features; fakes are `signal` larger in `column`.

        Args:
            people: two videos each.
            signal: distance of the class means.
            column: of the feature that carries it.
            missing: chance of each feature to be missing, shape (10,), for real and for fake videos.
            paired: people whose two videos are listed as a pair.
            folds: people are dealt out to as many.
            seed: of the randomness.
        """
        rng = np.random.default_rng(seed)
        fake = np.arange(2 * people) % 2 == 1
        features = rng.normal(size=(2 * people, 10))
        features[fake, column] += signal
        if missing is not None:
            chance = np.where(fake[:, np.newaxis], missing[1], missing[0])
            features[rng.random(features.shape) < chance] = np.nan
        first = 2 * np.arange(paired)
        person = np.arange(2 * people) // 2
        return Videos(
            features=features,
            fake=fake,
            groups=np.array([f"person {number}" for number in person]),
            subsets=np.array(["studio"] * people + ["street"] * people),
            methods=np.where(fake, "swap", "none"),
            pairs=np.stack([first, first + 1], axis=1).astype(np.intp),
            sources=np.array([f"page {number % 5}" for number in person]),
            fold=person % min(folds, people),
            clips=np.arange(2 * people),
            judged=np.ones(2 * people, dtype=np.bool_),
        )

    return make
