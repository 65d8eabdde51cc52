"""The files of other platforms: valid where there is a schema, and of one mind with the defaults and the settings."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.manifests import ROOT
from tests.deploy.test_manifests_policy import DECODERS, EDGE_PORT, PORTS, needed_mib
from tests.unit.test_configuration import KINDS, names

COMPOSE = ("compose.yaml", "coolify.yaml")
SERVERS = {*PORTS, "edge"}

# What Render's plans have, MiB.
PLANS_MIB = {"starter": 512, "standard": 2048, "pro": 4096}

# Of the edge's script and of the platforms.
OTHERS = {
    "NOTREALLY_EDGE_TLS",
    "NOTREALLY_GATEWAY_TARGET",
    "NOTREALLY_TRUSTED_PROXIES",
    "NOTREALLY_VERSION",
    "PORT",
}


def read(name: str) -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = yaml.safe_load((ROOT / name).read_text())
    return loaded


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        ("vendor.compose-spec", "compose.yaml"),
        ("vendor.compose-spec", "coolify.yaml"),
        ("vendor.github-workflows", ".github/workflows/release.yml"),
    ],
)
def test_valid(schema: str, name: str) -> None:
    checker = Path(sys.executable).parent / "check-jsonschema"
    done = subprocess.run(
        [str(checker), "--builtin-schema", schema, str(ROOT / name)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def words(name: str) -> Iterator[str]:
    yield from re.findall(r"\bNOTREALLY_[A-Z0-9_]+\b", (ROOT / name).read_text())


@pytest.mark.parametrize("name", [*COMPOSE, "render.yaml"])
def test_every_setting_exists(name: str) -> None:
    known = set.union(*(names(kind) for kind in KINDS)) | OTHERS
    assert set(words(name)) - known == set()


@pytest.mark.parametrize("name", COMPOSE)
def test_every_server_is_there_and_hardened(name: str) -> None:
    services = read(name)["services"]
    assert services.keys() >= {*SERVERS, "postgres"}
    for server in SERVERS:
        assert services[server]["read_only"] is True
        assert services[server]["cap_drop"] == ["ALL"]
        if server in PORTS:
            assert services[server]["healthcheck"]["test"][-1] == f"127.0.0.1:{PORTS[server]}"
    for server in ("face", "audio", "metadata"):
        # Those that decode what nobody vouches for only read.
        assert services[server]["volumes"] == ["media:/media:ro"]


@pytest.mark.parametrize("name", COMPOSE)
def test_only_the_edge_can_be_reached(name: str) -> None:
    services = read(name)["services"]
    assert {server for server, given in services.items() if given.get("ports")} <= {"edge"}
    environment = services["gateway"]["environment"]
    for server, port in PORTS.items():
        if server != "gateway":
            assert environment[f"NOTREALLY_{server.upper()}_TARGET"] == f"dns:///{server}:{port}"
    assert services["edge"]["environment"]["NOTREALLY_GATEWAY_TARGET"] == f"gateway:{PORTS['gateway']}"


def test_render_knows_the_ports() -> None:
    services = {entry["name"]: entry for entry in read("render.yaml")["services"]}
    values = {
        name: {entry["key"]: entry.get("value") for entry in given["envVars"] if "key" in entry}
        for name, given in services.items()
    }
    assert {given["SERVICE"]: given["PORT"] for given in values.values()} == {
        **{name: str(port) for name, port in PORTS.items()},
        "edge": str(EDGE_PORT),
    }
    text = json.dumps(read("render.yaml"))
    assert set(re.findall(r'"fromService": \{[^}]*"name": "([^"]+)"', text)) <= services.keys()


def test_render_gives_two_instances_no_common_name() -> None:
    # While it deploys, the old gateway and the new one work side by side on one database (decision 31).
    assert "NOTREALLY_EXECUTOR_ID" not in json.dumps(read("render.yaml"))


def test_render_has_the_memory_that_workers_may_take() -> None:
    services = {entry["name"].removeprefix("notreally-"): entry for entry in read("render.yaml")["services"]}
    for name in DECODERS:
        given = {entry["key"]: entry["value"] for entry in services[name]["envVars"] if "value" in entry}
        assert needed_mib(name, given) <= PLANS_MIB[services[name]["plan"]], name


def test_every_service_is_a_stage_of_the_dockerfile() -> None:
    stages = set(re.findall(r"^FROM \S+ AS (\S+)$", (ROOT / "deploy/images/Dockerfile").read_text(), re.MULTILINE))
    assert stages >= SERVERS
    ports = {
        stage: int(port)
        for stage, port in re.findall(
            r"AS (\S+)\nLABEL(?:(?!\nFROM).)*?\nEXPOSE (\d+)",
            (ROOT / "deploy/images/Dockerfile").read_text(),
            re.DOTALL,
        )
    }
    assert ports == PORTS
