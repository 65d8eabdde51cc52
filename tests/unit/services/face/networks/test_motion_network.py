"""The motion network that ships, and contents that are none."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from services.face.networks.models import FaceModels
from services.face.networks.motion_network import MotionNetwork
from services.face.networks.network_file import SHIPPED_MOTION_NETWORK
from services.face.signals.movement import VALUES, Movement
from services.kit.networks.network_file import NetworkError
from tests.synthetic.networks import brightness_network


@pytest.fixture(scope="module")
def shipped(models: FaceModels) -> MotionNetwork:
    return models.motion


def made_up(count: int) -> list[Movement]:
    rng = np.random.default_rng(0)
    return [Movement(0, rng.normal(0, 1, VALUES), rng.uniform(20, 60), rng.uniform(20, 300)) for _ in range(count)]


def test_a_movement_scores_the_same_alone_and_among_others(shipped: MotionNetwork) -> None:
    spans = made_up(19)
    together = shipped.score(spans)
    assert together.shape == (19,)
    assert len(set(together.tolist())) == 19
    for index in (0, 7, 8, 18):
        assert shipped.score([spans[index]])[0] == pytest.approx(together[index], abs=1e-5)
    assert shipped.score(spans[::-1])[::-1] == pytest.approx(together, abs=1e-5)


def test_where_in_the_track_it_happens_makes_no_difference(shipped: MotionNetwork) -> None:
    (span,) = made_up(1)
    assert np.array_equal(shipped.score([span]), shipped.score([span._replace(entry=400)]))


def test_no_movements_have_no_scores(shipped: MotionNetwork) -> None:
    assert shipped.score([]).shape == (0,)


@given(arrays.arrays(np.float64, VALUES, elements=st.floats(-1e6, 1e6)), st.floats(0.1, 1e3), st.floats(1e-6, 1e4))
@settings(max_examples=40)
def test_any_movement_has_a_finite_score(values: np.ndarray, fps: float, iod_px: float) -> None:
    network = MotionNetwork(SHIPPED_MOTION_NETWORK, SHIPPED_MOTION_NETWORK.read_bytes())
    assert np.isfinite(network.score([Movement(0, values, fps, iod_px)])).all()


def test_content_that_is_no_network_is_refused(tmp_path: Path) -> None:
    content = SHIPPED_MOTION_NETWORK.read_bytes()
    for broken in (b"", b"hello" * 99, content[: len(content) // 2]):
        with pytest.raises(NetworkError, match=r"^broken\.onnx is broken: .+\.$") as refused:
            MotionNetwork(tmp_path / "broken.onnx", broken)
        assert str(tmp_path) not in str(refused.value)


def test_a_network_for_something_else_is_refused(tmp_path: Path) -> None:
    path = brightness_network(tmp_path / "other.onnx")
    with pytest.raises(NetworkError, match=rf"^{path.name} is a network for something else\. .+\.$"):
        MotionNetwork(path, path.read_bytes())
