"""Files of networks: which are taken, which are refused, and what they are called together."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from services.face.networks.models import FaceModels
from services.face.networks.network_file import (
    SHIPPED_APPEARANCE_NETWORK,
    SHIPPED_MOTION_NETWORK,
    NetworkError,
    NetworkPaths,
    read_network,
    read_networks,
    version_of,
)
from services.face.settings import FaceSettings


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
        (make_text, "n.txt", r"^n\.txt is no network: NOTREALLY_A_NETWORK must name an \.onnx file"),
        (make_folder, "n.onnx", r"^NOTREALLY_A_NETWORK does not name a file: n\.onnx\.$"),
        (make_pipe, "n.onnx", r"^NOTREALLY_A_NETWORK does not name a file: n\.onnx\.$"),
        (make_huge, "n.onnx", r"^n\.onnx is too large for a network: 64000001 bytes\.$"),
        (
            make_nothing,
            "n.onnx",
            r"^The network n\.onnx cannot be read: No such file or directory\. Set NOTREALLY_A_NETWORK\.$",
        ),
    ],
)
def test_anything_but_a_file_of_a_networks_size_is_refused(
    tmp_path: Path, make: Callable[[Path], None], name: str, complaint: str
) -> None:
    make(tmp_path / "n.onnx")
    with pytest.raises(NetworkError, match=complaint) as refused:
        read_network(tmp_path / name, "NOTREALLY_A_NETWORK")
    assert str(tmp_path) not in str(refused.value)


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


def test_the_version_is_that_of_all_contents_in_their_places(models: FaceModels) -> None:
    versions = [version_of(b"a", b"b"), version_of(b"b", b"a"), version_of(b"a", b"c"), version_of(b"ab", b"")]
    assert len(set(versions)) == 4
    assert {len(version) for version in versions} == {12}
    assert version_of(b"a", b"b") == versions[0]
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
