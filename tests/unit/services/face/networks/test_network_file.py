"""The networks of the face: each is read from its own setting, and together they have one version."""

from pathlib import Path

import pytest

from services.face.networks.models import FaceModels
from services.face.networks.network_file import (
    SHIPPED_APPEARANCE_NETWORK,
    SHIPPED_MOTION_NETWORK,
    NetworkPaths,
    read_networks,
)
from services.face.settings import FaceSettings
from services.kit.networks.network_file import NetworkError, version_of


def test_a_refusal_names_the_setting_of_the_file_that_is_missing(tmp_path: Path) -> None:
    there, missing = tmp_path / "there.ONNX", tmp_path / "missing.onnx"
    there.write_bytes(b"content")
    held = tmp_path / "held.npz"
    held.write_bytes(b"matrices")
    with pytest.raises(NetworkError, match="NOTREALLY_FACE_APPEARANCE_MODEL"):
        read_networks(NetworkPaths(missing, there, held))
    with pytest.raises(NetworkError, match="NOTREALLY_FACE_MOTION_MODEL"):
        read_networks(NetworkPaths(there, missing, held))
    with pytest.raises(NetworkError, match="NOTREALLY_FACE_ENCODER"):
        read_networks(NetworkPaths(there, there, missing.with_suffix(".npz")))
    assert tuple(read_networks(NetworkPaths(there, there, held))) == (b"content", b"content", b"matrices")


def test_the_version_is_that_of_all_three_files(models: FaceModels) -> None:
    shipped = [path.read_bytes() for path in NetworkPaths()]
    assert models.version == version_of(*shipped)


def test_the_networks_are_chosen_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NOTREALLY_FACE_APPEARANCE_MODEL", "NOTREALLY_FACE_MOTION_MODEL"):
        monkeypatch.delenv(name, raising=False)
    shipped = FaceSettings()
    assert shipped.face_appearance_model == SHIPPED_APPEARANCE_NETWORK
    assert shipped.face_motion_model == SHIPPED_MOTION_NETWORK
    monkeypatch.setenv("NOTREALLY_FACE_APPEARANCE_MODEL", "appearance.onnx")
    monkeypatch.setenv("NOTREALLY_FACE_MOTION_MODEL", "motion.onnx")
    chosen = FaceSettings()
    assert (chosen.face_appearance_model, chosen.face_motion_model) == (Path("appearance.onnx"), Path("motion.onnx"))
