"""The network: the file it becomes, and the file that its encoder comes from."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from services.face.networks.appearance_network import AppearanceNetwork
from tests.synthetic.networks import NO_MATRICES
from tests.unit.training.appearance.floats import FloatEncoder, normalised
from training.appearance import encoder as encoder_module
from training.appearance import export as export_module
from training.appearance.encoder import SIDE, WIDTH, Encoder
from training.appearance.export import export, export_untrained
from training.appearance.features import ExportedEncoder, Features
from training.appearance.head import Head, Line


@pytest.fixture(scope="module")
def head() -> Head:
    rng = np.random.default_rng(1)
    one, other = (Line(rng.normal(0, 0.01, WIDTH), rng.normal(0, 0.01, WIDTH), bias) for bias in (0.5, -1.0))
    return Head(one, other)


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (3, 7, 7, 3), dtype=np.uint8)
    return coarse.repeat(SIDE // 7, axis=1).repeat(SIDE // 7, axis=2)


def features(exported: ExportedEncoder, pictures: np.ndarray) -> Features:
    return exported(pictures, np.zeros(len(pictures), np.int64))


def test_the_exported_encoder_says_what_the_floats_say(
    floats: FloatEncoder, exported: ExportedEncoder, pictures: np.ndarray
) -> None:
    found = features(exported, pictures)
    with torch.inference_mode():
        tokens = floats(normalised(torch.from_numpy(pictures))).numpy()
    for one, wanted in ((found.of_class, tokens[:, 0]), (found.of_patches, tokens[:, 1:].mean(axis=1))):
        assert one.shape == (3, WIDTH)
        assert np.abs(one - wanted).mean() < 0.15 * wanted.std()


def test_of_no_picture_there_are_no_features(exported: ExportedEncoder) -> None:
    nothing = features(exported, np.empty((0, SIDE, SIDE, 3), np.uint8))
    assert nothing.of_class.shape == nothing.of_patches.shape == (0, WIDTH)


def test_the_file_says_what_the_head_says_of_the_encoder(
    encoder: Encoder, exported: ExportedEncoder, head: Head, pictures: np.ndarray, tmp_path: Path
) -> None:
    path, matrices = tmp_path / "n.onnx", tmp_path / "m.npz"
    known = features(exported, pictures)
    export(encoder, head, path, matrices, sample=pictures, features=known)
    network = AppearanceNetwork(path, path.read_bytes(), matrices.read_bytes())
    found = np.array([network.patches(picture) for picture in pictures])
    assert found.shape == (3, 2, 14, 14)
    wanted = head.score(known)
    assert np.std(wanted, axis=1).min() > 0.01
    np.testing.assert_allclose(found.mean(axis=(2, 3)).T, wanted, atol=1e-3)
    # Four bits a weight, and a scale for each block of them; of what is not quantised, little.
    assert matrices.stat().st_size < 0.58 * sum(value.size for block in encoder.blocks for value in block.values())
    assert path.stat().st_size < 2_500_000


def test_a_file_that_says_something_else_is_not_written(
    encoder: Encoder,
    exported: ExportedEncoder,
    head: Head,
    pictures: np.ndarray,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(export_module, "_TOLERANCE", -1.0)
    known = features(exported, pictures)
    with pytest.raises(ValueError, match=r"^the exported network scores (?s:.+) and should score"):
        export(encoder, head, tmp_path / "n.onnx", tmp_path / "m.npz", sample=pictures, features=known)
    assert not list(tmp_path.iterdir())


def test_the_stand_in_says_nothing_of_anything(tmp_path: Path, pictures: np.ndarray) -> None:
    path = tmp_path / "n.onnx"
    export_untrained(path)
    assert AppearanceNetwork(path, path.read_bytes(), NO_MATRICES).patches(pictures[0]).tolist() == [[[0.0]], [[0.0]]]


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
