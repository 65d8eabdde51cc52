"""The appearance network that ships, and contents that are none."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from services.face.networks.appearance_network import AppearanceNetwork
from services.face.networks.crops import SIDE
from services.face.networks.models import FaceModels
from services.face.networks.network_file import SHIPPED_APPEARANCE_NETWORK, SHIPPED_MOTION_NETWORK
from services.kit.networks.network_file import NetworkError
from tests.synthetic.networks import CELL, NO_MATRICES, PATCHES, brightness_network

Picture = NDArray[np.uint8]


@pytest.fixture
def shipped(models: FaceModels) -> AppearanceNetwork:
    return models.appearance


@pytest.fixture(scope="module")
def portraits() -> list[Picture]:
    return list(np.random.default_rng(0).integers(0, 256, (3, SIDE, SIDE, 3), dtype=np.uint8))


def test_a_portrait_scores_the_same_whatever_was_scored_before(
    shipped: AppearanceNetwork, portraits: list[Picture]
) -> None:
    first = [shipped.patches(portrait) for portrait in portraits]
    again = [shipped.patches(portrait) for portrait in reversed(portraits)][::-1]
    assert len({float(one.mean()) for one in first}) == len(portraits)
    np.testing.assert_array_equal(first, again)


def test_every_patch_contributes_a_number(shipped: AppearanceNetwork, portraits: list[Picture]) -> None:
    patches = shipped.patches(portraits[0])
    assert patches.shape == (2, PATCHES, PATCHES)
    assert np.isfinite(patches).all()
    assert (patches.std(axis=(1, 2)) > 0).all()
    assert not np.allclose(*patches)


def test_patches_lie_where_they_are_in_the_portrait(tmp_path: Path) -> None:
    path = brightness_network(tmp_path / "n.onnx")
    network = AppearanceNetwork(path, path.read_bytes(), NO_MATRICES)
    portrait = np.full((SIDE, SIDE, 3), 128, np.uint8)
    portrait[:CELL, 2 * CELL : 3 * CELL] = 160  # the first row, the third column
    patches = network.patches(portrait)
    assert np.argwhere(np.abs(patches) > 1e-6).tolist() == [[0, 0, 2], [1, 0, 2]]
    assert patches[:, 0, 2] == pytest.approx([1.0, -1.0])


@pytest.mark.parametrize("shape", [(SIDE, SIDE), (SIDE, SIDE, 4), (SIDE - 1, SIDE, 3), (3, SIDE, SIDE)])
def test_a_portrait_of_another_shape_is_refused(shipped: AppearanceNetwork, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=f"{SIDE} by {SIDE}"):
        shipped.patches(np.zeros(shape, np.uint8))


def test_content_that_is_no_network_is_refused(tmp_path: Path) -> None:
    content = SHIPPED_APPEARANCE_NETWORK.read_bytes()
    for broken in (b"", b"hello" * 99, content[: len(content) // 2]):
        with pytest.raises(NetworkError, match=r"^broken\.onnx is broken: .+\.$"):
            AppearanceNetwork(tmp_path / "broken.onnx", broken, NO_MATRICES)


def test_a_network_for_something_else_is_refused(tmp_path: Path) -> None:
    for path in (brightness_network(tmp_path / "other.onnx", name="moments"), SHIPPED_MOTION_NETWORK):
        with pytest.raises(NetworkError, match=rf"^{path.name} is a network for something else\. .+\.$"):
            AppearanceNetwork(path, path.read_bytes(), NO_MATRICES)


def test_an_encoder_that_is_none_is_refused(tmp_path: Path) -> None:
    path = brightness_network(tmp_path / "n.onnx")
    for broken in (b"", b"hello" * 99, NO_MATRICES[:-5]):
        with pytest.raises(NetworkError, match=r"^The encoder's file is broken: .+\.$"):
            AppearanceNetwork(path, path.read_bytes(), broken)


def test_a_network_without_the_matrices_that_it_asks_for_is_refused() -> None:
    content = SHIPPED_APPEARANCE_NETWORK.read_bytes()
    with pytest.raises(NetworkError, match=r"^face_appearance\.onnx is broken: .+\.$"):
        AppearanceNetwork(SHIPPED_APPEARANCE_NETWORK, content, NO_MATRICES)
