"""The network: the file it becomes, and the file that its encoder comes from."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from services.face.networks.appearance_network import AppearanceNetwork
from tests.synthetic.networks import NO_MATRICES
from training.appearance import encoder as encoder_module
from training.appearance import export as export_module
from training.appearance.encoder import SIDE, WIDTH, Encoder, load_encoder, save_encoder
from training.appearance.export import export, export_untrained
from training.appearance.features import Features, features_of
from training.appearance.head import Head


@pytest.fixture(scope="module")
def head() -> Head:
    rng = np.random.default_rng(1)
    return Head(rng.normal(0, 0.01, WIDTH), rng.normal(0, 0.01, WIDTH), 0.5)


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (3, 7, 7, 3), dtype=np.uint8)
    return coarse.repeat(SIDE // 7, axis=1).repeat(SIDE // 7, axis=2)


def features(encoder: Encoder, pictures: np.ndarray) -> Features:
    with torch.inference_mode():
        return features_of(encoder, pictures, np.zeros(len(pictures), np.int64))


def test_the_file_says_what_the_network_says(
    encoder: Encoder, head: Head, pictures: np.ndarray, tmp_path: Path
) -> None:
    path, matrices = tmp_path / "n.onnx", tmp_path / "m.npz"
    export(encoder, head, path, matrices, sample=pictures)
    network = AppearanceNetwork(path, path.read_bytes(), matrices.read_bytes())
    found = np.array([network.patches(picture) for picture in pictures])
    assert found.shape == (3, 14, 14)
    wanted = head.score(features(encoder, pictures))
    assert np.std(wanted) > 0.05
    assert found.mean(axis=(1, 2)) == pytest.approx(wanted, abs=0.1 * float(np.std(wanted)) + 0.02)
    # Four bits a weight, and a scale for each block of them; of what is not quantised, little.
    assert matrices.stat().st_size < 0.58 * sum(value.numel() for value in encoder.layers.parameters())
    assert path.stat().st_size < 2_500_000


def test_a_file_that_says_something_else_is_not_written(
    encoder: Encoder, head: Head, pictures: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_module, "_TOLERANCE", -1.0)
    with pytest.raises(ValueError, match=r"^the exported network scores .+ and should score"):
        export(encoder, head, tmp_path / "n.onnx", tmp_path / "m.npz", sample=pictures)
    assert not list(tmp_path.iterdir())


def test_the_stand_in_says_nothing_of_anything(tmp_path: Path, pictures: np.ndarray) -> None:
    path = tmp_path / "n.onnx"
    export_untrained(path)
    assert AppearanceNetwork(path, path.read_bytes(), NO_MATRICES).patches(pictures[0]).tolist() == [[0.0]]


def test_an_encoder_comes_back_as_it_was(encoder: Encoder, pictures: np.ndarray, tmp_path: Path) -> None:
    save_encoder(encoder, tmp_path / "encoder.pt")
    again = load_encoder(tmp_path / "encoder.pt")
    assert len(again.layers) == len(encoder.layers)
    one, other = (features(each, pictures[:1]).joined for each in (encoder, again))
    np.testing.assert_array_equal(one, other)


def quantised(path: Path, weight: np.ndarray, scale: np.ndarray, zero: np.ndarray) -> None:
    """A product as the package holds its own: 8-bit integers, a scale for each column, and the bias that names them."""
    nodes = [
        helper.make_node("MatMulInteger", ["steps", "m_quantized", "at", "m_zero_point"], ["whole"]),
        helper.make_node("Cast", ["whole"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["floats", "m_scale"], ["scaled"]),
        helper.make_node("Add", ["vision_model.encoder.layers.0.mlp.fc1.bias", "scaled"], ["out"]),
    ]
    held = {
        "m_quantized": weight,
        "m_scale": scale,
        "m_zero_point": zero,
        "vision_model.encoder.layers.0.mlp.fc1.bias": np.ones(weight.shape[1], np.float32),
    }
    graph = helper.make_graph(nodes, "g", [], [], [numpy_helper.from_array(one, name) for name, one in held.items()])
    onnx.save(helper.make_model(graph), path)


def test_weights_are_read_as_the_floats_that_they_stand_for(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    weight = rng.integers(-128, 128, (WIDTH, 5)).astype(np.int8)
    scale, zero = rng.uniform(0.01, 0.02, 5).astype(np.float32), rng.integers(-3, 4, 5).astype(np.int8)
    quantised(tmp_path / "n.onnx", weight, scale, zero)
    found = encoder_module._weights(tmp_path / "n.onnx")["vision_model.encoder.layers.0.mlp.fc1.weight"]
    np.testing.assert_allclose(found, ((weight.astype(np.float32) - zero) * scale).T, rtol=1e-6)


def test_a_file_of_another_network_is_refused(tmp_path: Path) -> None:
    quantised(tmp_path / "n.onnx", np.zeros((4, 5), np.int8), np.ones(5, np.float32), np.zeros(5, np.int8))
    with pytest.raises(ValueError, match=r"^n\.onnx has no weights called vision_model\."):
        encoder_module.pretrained(tmp_path / "n.onnx", 1)
