"""The images' Dockerfile, as far as it can be told without building it; and how its images are started."""

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import pytest

from deploy.images.started import PORTS, specification
from tests.deploy import test_manifests_policy as manifests
from tests.deploy.manifests import ROOT


@dataclass
class Stage:
    """One FROM and what follows it: the keyword and the words of each instruction."""

    base: str
    instructions: list[tuple[str, list[str]]] = field(default_factory=list)

    def words(self, keyword: str) -> list[list[str]]:
        return [words for name, words in self.instructions if name == keyword]

    @property
    def copied(self) -> list[str]:
        """What it takes from the repository."""
        return [source for words in self.words("COPY") if not words[0].startswith("--from=") for source in words[:-1]]


def read() -> dict[str, Stage]:
    text = (ROOT / "deploy" / "images" / "Dockerfile").read_text()
    stages: dict[str, Stage] = {}
    for line in re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ").splitlines():
        keyword, *words = line.split() or [""]
        if keyword == "FROM":
            stages[words[-1]] = Stage(words[0])
        elif stages and keyword:
            list(stages.values())[-1].instructions.append((keyword, words))
    return stages


STAGES = read()


def let_through() -> list[PurePosixPath]:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    return [PurePosixPath(line[1:]) for line in lines if line.startswith("!")]


@pytest.mark.parametrize("source", sorted({source for stage in STAGES.values() for source in stage.copied}))
def test_what_is_copied_exists_and_is_part_of_the_context(source: str) -> None:
    assert (ROOT / source).exists()
    assert any(PurePosixPath(source).is_relative_to(path) for path in let_through())


def test_the_ffmpeg_of_the_images_has_every_filter_that_is_used() -> None:
    script = (ROOT / "deploy" / "images" / "build-ffmpeg.sh").read_text()
    (enabled,) = re.findall(r"--enable-filter=(\S+)", script)
    source = (ROOT / "services" / "audio" / "decoding.py").read_text()
    used = {*re.findall(r'\.filter\(\s*"(\w+)"', source), *re.findall(r"ffmpeg\.(concat)\(", source)}
    assert {"aresample", "aeval", "concat"} <= used <= set(enabled.split(","))


def test_the_pages_get_the_pictures_of_the_model_card() -> None:
    pictures = re.findall(r"!\[[^\]]*\]\(([^)\s]+)\)", (ROOT / "docs" / "model-card.md").read_text())
    assert pictures
    for picture in pictures:
        path = PurePosixPath("docs") / picture
        assert any(path.is_relative_to(source) for source in STAGES["pages"].copied), path


def test_one_port_for_each_server_everywhere() -> None:
    assert {**manifests.PORTS, "edge": manifests.EDGE_PORT} == PORTS


@pytest.mark.parametrize("service", PORTS)
def test_an_image_is_what_a_cluster_wants(service: str) -> None:
    stage = STAGES[service]
    # By number: Kubernetes cannot tell that a name is not root.
    assert stage.words("USER") == [["10001:10001"]]
    assert stage.words("EXPOSE") == [[str(PORTS[service])]]
    if service != "edge":
        listen = f"NOTREALLY_{service.upper()}_LISTEN=0.0.0.0:{PORTS[service]}"
        assert [listen] in stage.words("ENV")
        # What is large and changes seldom lies below what changes with every release.
        copied = [words[0] for words in stage.words("COPY")]
        assert copied.index(f"--from={service}-packages") < copied.index("--from=code")


def configuration(**changed: Any) -> dict[str, Any]:
    return {
        "User": "10001:10001",
        "Env": ["PATH=/opt/venv/bin:/bin", "HOME=/tmp"],
        "Entrypoint": ["python", "-m"],
        "Cmd": ["services.face"],
        "WorkingDir": "/app",
        **changed,
    }


def test_it_is_started_without_rights_on_a_root_that_is_read_only() -> None:
    made = specification(configuration(), "/files", {"HOME": "/elsewhere"}, None, "")
    process = made["process"]
    assert process["args"] == ["python", "-m", "services.face"]
    assert process["cwd"] == "/app"
    assert process["user"] == {"uid": 10001, "gid": 10001}
    assert process["env"] == ["PATH=/opt/venv/bin:/bin", "HOME=/elsewhere"]
    assert process["noNewPrivileges"]
    assert process["capabilities"] == {}
    assert made["root"] == {"path": "/files", "readonly": True}
    assert {"type": "network"} in made["linux"]["namespaces"]
    assert [mount["destination"] for mount in made["mounts"]] == ["/proc", "/dev", "/dev/shm", "/tmp"]  # noqa: S108


def test_together_they_share_media_and_a_network() -> None:
    made = specification(configuration(), "/files", {}, ROOT, "/proc/1/ns/net")
    assert {"type": "network", "path": "/proc/1/ns/net"} in made["linux"]["namespaces"]
    assert made["mounts"][-1]["destination"] == "/media"
    assert made["mounts"][-1]["source"] == str(ROOT)


@pytest.mark.parametrize("user", ["", "root", "notreally", "0", "0:0", "10001", "10001:users"])
def test_a_user_that_a_cluster_would_refuse_is_refused(user: str) -> None:
    with pytest.raises(ValueError, match="user"):
        specification(configuration(User=user), "/files", {}, None, "")
