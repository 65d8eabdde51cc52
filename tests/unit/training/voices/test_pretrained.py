"""The pretrained encoder's file: read as it is written, and no other is taken."""

import hashlib
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from training.voices import pretrained
from training.voices.pretrained import encoder_weights, variables

KINDS = {np.dtype(np.float32): 0, np.dtype(np.int8): 1, np.dtype(np.float16): 4}
NAMED: dict[str, NDArray[Any]] = {
    "encoder/conv1/bias": np.arange(3, dtype=np.float16),
    "encoder/layer_0/ffn/linear_0/weight": np.arange(6, dtype=np.float32).reshape(2, 3),
    "decoder/scale": np.array([-5], np.int8),
}


def written(named: dict[str, NDArray[Any]], version: int = 6) -> bytes:
    """As CTranslate2 writes it: names end with a zero byte, and lengths come first."""

    def text(value: str) -> bytes:
        return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"

    parts = [struct.pack("<I", version), text("WhisperSpec"), struct.pack("<II", 3, len(named))]
    for name, values in named.items():
        shape = struct.pack(f"<B{values.ndim}I", values.ndim, *values.shape)
        parts += [text(name), shape, struct.pack("<BI", KINDS[values.dtype], values.nbytes), values.tobytes()]
    return b"".join(parts)


def test_names_and_values_are_read() -> None:
    found = dict(variables(written(NAMED)))
    assert list(found) == list(NAMED)
    for name, values in NAMED.items():
        assert found[name].dtype == values.dtype
        np.testing.assert_array_equal(found[name], values)


def test_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version 5"):
        list(variables(written(NAMED, version=5)))


def halves(folder: Path, content: bytes) -> tuple[Path, Path]:
    paths = folder / "part1", folder / "part2"
    for path, part in zip(paths, (content[:20], content[20:]), strict=True):
        path.write_bytes(part)
    return paths


def test_of_both_halves_the_encoders_weights_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = written(NAMED)
    monkeypatch.setattr(pretrained, "_SHA256", hashlib.sha256(content).hexdigest())
    found = encoder_weights(halves(tmp_path, content))
    assert set(found) == {"conv1/bias", "layer_0/ffn/linear_0/weight"}
    assert {values.dtype for values in found.values()} == {np.dtype(np.float32)}


def test_another_file_or_none_is_refused_in_a_sentence(tmp_path: Path) -> None:
    paths = halves(tmp_path, written(NAMED))
    with pytest.raises(ValueError, match="not the one that the voice network builds on"):
        encoder_weights(paths)
    paths[1].unlink()
    with pytest.raises(ValueError, match="`make train-voice` installs it"):
        encoder_weights(paths)


def test_the_packages_are_pinned_by_hash() -> None:
    lines = Path(pretrained.__file__).with_name("encoder.txt").read_text().splitlines()
    pinned = [line for line in lines if not line.startswith("#")]
    assert len(pinned) == 2
    assert all("==" in line and "--hash=sha256:" in line for line in pinned)
