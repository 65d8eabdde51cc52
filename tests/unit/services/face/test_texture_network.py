"""The network that ships, and files that are none."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from services.face.crops import FRAMES, SIDE
from services.face.models import FaceModels
from services.face.network_file import SHIPPED_NETWORK, NetworkError, read_network
from services.face.settings import FaceSettings
from services.face.texture_network import BATCH, TextureNetwork
from tests.synthetic.networks import CELL, PLACES, brightness_network

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
        assert np.array_equal(alone.places[0], together.places[index])


def test_the_score_is_the_mean_of_what_its_places_add(shipped: TextureNetwork, crops: list[Crop]) -> None:
    scores = shipped.score(crops[:3])
    assert scores.places.shape == (3, PLACES, PLACES)
    assert np.isfinite(scores.places).all()
    assert scores.log_odds == pytest.approx(scores.places.mean(axis=(1, 2)))


def test_places_lie_where_they_are_in_the_crop(tmp_path: Path) -> None:
    network = TextureNetwork(brightness_network(tmp_path / "n.onnx"))
    crop = np.full((SIDE, SIDE, FRAMES), 128, np.uint8)
    crop[:CELL, 2 * CELL : 3 * CELL] = 160  # the first row, the third column
    (places,) = network.score([crop]).places
    assert np.argwhere(np.abs(places) > 1e-6).tolist() == [[0, 2]]
    assert places[0, 2] == pytest.approx(1.0)


def test_no_crops_have_no_scores(shipped: TextureNetwork) -> None:
    assert len(shipped.score([]).log_odds) == 0


@pytest.mark.parametrize("shape", [(SIDE, SIDE), (SIDE, SIDE, 4), (SIDE - 1, SIDE, 3), (3, SIDE, SIDE)])
def test_a_crop_of_another_shape_is_refused(shipped: TextureNetwork, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=f"{SIDE} by {SIDE}"):
        shipped.score([np.zeros(shape, np.uint8)])


def test_the_version_is_that_of_the_content(tmp_path: Path) -> None:
    one, same, other = (
        TextureNetwork(brightness_network(tmp_path / name, gain))
        for name, gain in (("a.onnx", 1.0), ("b.ONNX", 1.0), ("c.onnx", 2.0))
    )
    assert one.version == same.version == hashlib.sha256((tmp_path / "a.onnx").read_bytes()).hexdigest()[:12]
    assert other.version != one.version


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    content = SHIPPED_NETWORK.read_bytes()
    for broken in (b"", b"hello" * 99, content[: len(content) // 2]):
        (tmp_path / "broken.onnx").write_bytes(broken)
        with pytest.raises(NetworkError, match=r"broken\.onnx is broken") as refused:
            TextureNetwork(tmp_path / "broken.onnx")
        assert str(tmp_path) not in str(refused.value)


def test_a_network_for_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="something else"):
        TextureNetwork(brightness_network(tmp_path / "other.onnx", name="pictures"))


def make_text(path: Path) -> None:
    path.with_suffix(".txt").write_text("text")


def make_folder(path: Path) -> None:
    path.mkdir()


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(64_000_001)


def make_nothing(_: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("make", "name", "complaint"),
    [
        (make_text, "n.txt", "n.txt is not a texture network"),
        (make_folder, "n.onnx", "does not name a file: n.onnx"),
        (make_pipe, "n.onnx", "does not name a file: n.onnx"),
        (make_huge, "n.onnx", "n.onnx is too large for a texture network: 64000001 bytes"),
        (make_nothing, "n.onnx", "n.onnx cannot be read: No such file or directory"),
    ],
)
def test_anything_but_a_file_of_a_networks_size_is_refused(
    tmp_path: Path, make: Callable[[Path], None], name: str, complaint: str
) -> None:
    make(tmp_path / "n.onnx")
    with pytest.raises(NetworkError, match=complaint) as refused:
        read_network(tmp_path / name)
    assert str(tmp_path) not in str(refused.value)


def test_the_network_is_chosen_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTREALLY_FACE_TEXTURE_MODEL", raising=False)
    assert FaceSettings().face_texture_model == SHIPPED_NETWORK
    monkeypatch.setenv("NOTREALLY_FACE_TEXTURE_MODEL", "elsewhere.onnx")
    assert FaceSettings().face_texture_model == Path("elsewhere.onnx")
