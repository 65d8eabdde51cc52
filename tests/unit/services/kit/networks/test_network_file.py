"""Files of networks: which are taken, which are refused, and what they are called together."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from services.kit.networks.network_file import NetworkError, read_network, version_of


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


def test_the_version_is_that_of_all_contents_in_their_places() -> None:
    versions = [version_of(b"a", b"b"), version_of(b"b", b"a"), version_of(b"a", b"c"), version_of(b"ab", b"")]
    assert len(set(versions)) == 4
    assert {len(version) for version in versions} == {12}
    assert version_of(b"a", b"b") == versions[0]
