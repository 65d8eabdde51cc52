"""Only the one pinned file is taken for the pretrained encoder."""

from pathlib import Path

import pytest

from training.appearance import package
from training.appearance.package import checked_encoder


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "n.onnx").write_bytes(b"something else")
    with pytest.raises(ValueError, match=r"^n\.onnx is not the pretrained encoder"):
        checked_encoder(tmp_path / "n.onnx")


def test_where_it_is_not_installed_a_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(package, "INSTALLED", tmp_path / "nowhere.onnx")
    with pytest.raises(ValueError, match=r"^The pretrained encoder is missing: `make train` installs it"):
        checked_encoder(None)
