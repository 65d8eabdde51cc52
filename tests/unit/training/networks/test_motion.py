"""The motion network, from movements to the file that the face service loads."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from services.face.networks.motion_network import MotionNetwork as Served  # noqa: E402
from services.face.signals.movement import KINDS, VALUES, Movement  # noqa: E402
from training.evaluation.estimates import auc  # noqa: E402
from training.networks import motion  # noqa: E402
from training.networks.motion import MotionNetwork, out_of_fold, score, train, train_released  # noqa: E402
from training.networks.movements import Movements  # noqa: E402

NOTHING = Movements(np.empty((0, VALUES), np.float32), np.empty((0, 2), np.float32))


def movements(
    rng: np.random.Generator, *, spans: int = 6, signal: float = 0.0, fps: float = 25.0, iod_px: float = 100.0
) -> Movements:
    """Normal values; three of each kind are `signal` larger; all grow with the frame rate and the size of the face."""
    values = rng.normal(size=(spans, VALUES)) + 0.5 * (fps - 25) + np.log(iod_px / 100)
    for first in np.cumsum([0, *KINDS.values()])[:-1]:
        values[:, first : first + 3] += signal
    return Movements(values.astype(np.float32), np.tile(np.array([fps, iod_px], np.float32), (spans, 1)))


def people(count: int, signal: float, seed: int = 0) -> tuple[list[Movements], list[bool]]:
    """As many real as fake ones."""
    rng = np.random.default_rng(seed)
    fake = [bool(number % 2) for number in range(count)]
    return [movements(rng, signal=signal * label) for label in fake], fake


def test_it_tells_strangers_by_what_it_has_learned_of_others() -> None:
    videos, fake = people(80, signal=1.5)
    network = train(videos, fake, epochs=20, seed=0)
    strangers, labels = people(80, signal=1.5, seed=1)
    means = np.array([score(network, one).mean() for one in strangers])
    assert auc(np.array(labels), means) > 0.85


def test_what_frame_rate_and_size_make_of_the_values_of_real_videos_is_taken_off() -> None:
    rng = np.random.default_rng(0)
    drawn = [(rng.uniform(24, 30), rng.uniform(60, 200)) for _ in range(200)]
    videos = [movements(rng, fps=fps, iod_px=iod_px) for fps, iod_px in drawn]
    # Fakes of few frames a second and small faces: what they all have is not what is expected.
    fakes = [movements(rng, fps=24.0, iod_px=60.0) for _ in range(60)]
    network = train([*videos, *fakes], [False] * 200 + [True] * 60, epochs=1, seed=0)
    for fps, iod_px in ((24.0, 60.0), (30.0, 200.0), (27.0, 120.0)):
        one = movements(rng, spans=200, fps=fps, iod_px=iod_px)
        seen = network.seen(torch.from_numpy(one.values), torch.from_numpy(one.conditions)).numpy()
        assert abs(seen.mean()) < 0.1
        assert np.abs(seen).max() <= 2.0
        assert abs(one.values.mean()) > 0.5


def test_a_long_video_weighs_no_more_than_a_short_one() -> None:
    rng = np.random.default_rng(0)
    # One long fake that is unlike all others.
    videos = [movements(rng) for _ in range(40)] + [movements(rng, signal=2.0) for _ in range(20)]
    fake = [False] * 40 + [True] * 20
    network = train([*videos, movements(rng, spans=400, signal=-2.0)], [*fake, True], epochs=20, seed=0)
    strangers = [score(network, movements(rng, signal=signal)).mean() for signal in (0.0, 2.0)]
    assert strangers[1] > strangers[0] + 0.5


def test_nobody_is_scored_by_a_network_that_has_seen_them() -> None:
    videos, fake = people(24, signal=0.0)
    fold = (np.arange(24) // 2) % 3
    found = out_of_fold(videos, fake, fold, lambda number: fold != number, epochs=3, seed=0)
    others = [place for place in range(24) if fold[place] != 1]
    network = train([videos[place] for place in others], [fake[place] for place in others], epochs=3, seed=0)
    for place in np.flatnonzero(fold == 1):
        np.testing.assert_allclose(found[place], score(network, videos[place]), atol=1e-5)


def test_pictures_that_nobody_forged_are_scored_and_not_learned_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    videos, fake = people(12, signal=1.0)
    learned: list[Movements] = []

    def noted(videos: list[Movements], *given: Any, **settings: Any) -> MotionNetwork:
        learned.extend(videos)
        return train(videos, *given, **settings)

    monkeypatch.setattr(motion, "train", noted)
    trainable, fold = [place != 3 for place in range(12)], np.arange(12) // 2 % 2
    found = out_of_fold(videos, fake, fold, lambda number: np.array(trainable) & (fold != number), epochs=1, seed=0)
    train_released(videos, fake, trainable, tmp_path / "motion.onnx", epochs=1, seed=0)
    assert len(learned) == 2 * 11
    assert not any(one is videos[3] for one in learned)
    assert len(found[3]) == 6


def test_the_same_seed_learns_the_same() -> None:
    videos, fake = people(12, signal=1.0)
    first, again, other = (score(train(videos, fake, epochs=2, seed=seed), videos[0]) for seed in (1, 1, 2))
    np.testing.assert_allclose(first, again, atol=1e-6)
    assert np.abs(first - other).max() > 1e-3


@pytest.mark.parametrize("fake", [[True, True], [False, False], [True, False]])
def test_where_there_is_nothing_to_learn_from_it_says_nothing(fake: list[bool]) -> None:
    rng = np.random.default_rng(0)
    videos = [movements(rng), NOTHING if fake[0] != fake[1] else movements(rng)]
    network = train(videos, fake, epochs=2, seed=0)
    assert score(network, videos[0]).tolist() == [0.0] * 6
    assert score(network, NOTHING).shape == (0,)


def test_one_span_of_real_videos_has_no_spread_to_learn_from() -> None:
    rng = np.random.default_rng(0)
    network = train([movements(rng, spans=1), movements(rng)], [False, True], epochs=2, seed=0)
    assert score(network, movements(rng)).tolist() == [0.0] * 6


def test_what_is_released_scores_as_what_was_trained(tmp_path: Path) -> None:
    videos, fake = people(12, signal=1.0)
    path = tmp_path / "models" / "motion.onnx"
    train_released(videos, fake, [True] * 12, path, epochs=2, seed=3)
    served = Served(path, path.read_bytes())
    conditions = videos[5].conditions
    spans = [
        Movement(0, values, float(fps), float(iod_px))
        for values, (fps, iod_px) in zip(videos[5].values, conditions, strict=True)
    ]
    network = train(videos, fake, epochs=2, seed=3)
    np.testing.assert_allclose(served.score(spans), score(network, videos[5]), atol=1e-3)
