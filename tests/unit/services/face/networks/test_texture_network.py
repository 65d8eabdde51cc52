"""The texture network that ships, and contents that are none."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from services.face.networks.crops import FRAMES, SIDE
from services.face.networks.models import FaceModels
from services.face.networks.network_file import SHIPPED_MOTION_NETWORK, SHIPPED_NETWORK, NetworkError
from services.face.networks.texture_network import BATCH, TextureNetwork
from tests.synthetic.networks import CELL, PATCHES, brightness_network

Crop = NDArray[np.uint8]


@pytest.fixture
def shipped(models: FaceModels) -> TextureNetwork:
    return models.texture


@pytest.fixture(scope="module")
def crops() -> list[Crop]:
    return list(np.random.default_rng(0).integers(0, 256, (2 * BATCH + 3, SIDE, SIDE, FRAMES), dtype=np.uint8))


def test_a_crop_scores_the_same_alone_and_among_others(shipped: TextureNetwork, crops: list[Crop]) -> None:
    together = shipped.score(crops)
    assert len(set(together.log_odds.tolist())) == len(crops)
    for index in (0, BATCH - 1, BATCH, len(crops) - 1):
        alone = shipped.score([crops[index]])
        assert alone.log_odds[0] == together.log_odds[index]
        assert np.array_equal(alone.patches[0], together.patches[index])


def test_the_score_is_the_mean_of_its_patches(shipped: TextureNetwork, crops: list[Crop]) -> None:
    scores = shipped.score(crops[:3])
    assert scores.patches.shape == (3, PATCHES, PATCHES)
    assert np.isfinite(scores.patches).all()
    assert scores.log_odds == pytest.approx(scores.patches.mean(axis=(1, 2)))


def test_patches_lie_where_they_are_in_the_crop(tmp_path: Path) -> None:
    path = brightness_network(tmp_path / "n.onnx")
    network = TextureNetwork(path, path.read_bytes())
    crop = np.full((SIDE, SIDE, FRAMES), 128, np.uint8)
    crop[:CELL, 2 * CELL : 3 * CELL] = 160  # the first row, the third column
    (patches,) = network.score([crop]).patches
    assert np.argwhere(np.abs(patches) > 1e-6).tolist() == [[0, 2]]
    assert patches[0, 2] == pytest.approx(1.0)


def test_no_crops_have_no_scores(shipped: TextureNetwork) -> None:
    assert len(shipped.score([]).log_odds) == 0


@pytest.mark.parametrize("shape", [(SIDE, SIDE), (SIDE, SIDE, 4), (SIDE - 1, SIDE, 3), (3, SIDE, SIDE)])
def test_a_crop_of_another_shape_is_refused(shipped: TextureNetwork, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=f"{SIDE} by {SIDE}"):
        shipped.score([np.zeros(shape, np.uint8)])


def test_content_that_is_no_network_is_refused(tmp_path: Path) -> None:
    content = SHIPPED_NETWORK.read_bytes()
    for broken in (b"", b"hello" * 99, content[: len(content) // 2]):
        with pytest.raises(NetworkError, match=r"^broken\.onnx is broken: .+\.$"):
            TextureNetwork(tmp_path / "broken.onnx", broken)


def test_a_network_for_something_else_is_refused(tmp_path: Path) -> None:
    for path in (brightness_network(tmp_path / "other.onnx", name="pictures"), SHIPPED_MOTION_NETWORK):
        with pytest.raises(NetworkError, match=rf"^{path.name} is a network for something else\. .+\.$"):
            TextureNetwork(path, path.read_bytes())
