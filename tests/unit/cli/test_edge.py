"""Envoy's configuration."""

import dataclasses
import subprocess
from pathlib import Path

import pytest
import yaml

from cli import edge as edge_module
from cli.edge import PLAIN_SITE, TEMPLATE, Edge, envoy_binary, site
from cli.environment import Environment


def edge(folder: Path) -> Edge:
    return Edge.of(Environment.read({"PORT": "18080", "NOTREALLY_GATEWAY_TARGET": "gateway.example:7000"}), folder)


def test_the_settings_are_in_it(tmp_path: Path) -> None:
    config = yaml.safe_load(edge(tmp_path).render(TEMPLATE.read_text()))
    listener = config["static_resources"]["listeners"][0]["address"]["socket_address"]
    assert listener == {"address": "127.0.0.1", "port_value": 18080}
    endpoint = config["static_resources"]["clusters"][0]["load_assignment"]["endpoints"][0]["lb_endpoints"][0]
    gateway = endpoint["endpoint"]["address"]["socket_address"]
    assert gateway == {"address": "gateway.example", "port_value": 7000}


@pytest.mark.parametrize("collector", ["", "http://collector.example:4317"])
def test_envoy_accepts_it(tmp_path: Path, collector: str) -> None:
    config = tmp_path / "envoy.yaml"
    config.write_text(dataclasses.replace(edge(tmp_path), collector=collector).render(TEMPLATE.read_text()))
    checked = subprocess.run(
        [str(envoy_binary()), "--mode", "validate", "--config-path", str(config)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr[-2000:]


def test_only_what_is_meant_for_everyone_has_a_route(tmp_path: Path) -> None:
    rendered = edge(tmp_path).render(TEMPLATE.read_text())
    for internal in ("FaceService", "AudioService", "MetadataService", "ClassifierService"):
        assert internal not in rendered


@pytest.mark.parametrize("path", ['/tmp/"quoted', "/tmp/back\\slash", "/tmp/new\nline"])  # noqa: S108
def test_a_value_cannot_leave_its_string(tmp_path: Path, path: str) -> None:
    with pytest.raises(ValueError, match="site"):
        dataclasses.replace(edge(tmp_path), site=Path(path)).render(TEMPLATE.read_text())


def test_the_built_pages_are_served_where_there_are_any(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge_module, "BUILT_SITE", tmp_path)
    assert site() == PLAIN_SITE
    (tmp_path / "index.html").touch()
    assert site() == tmp_path


def test_traces_are_sent_where_a_collector_is(tmp_path: Path) -> None:
    told = {
        "PORT": "1",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4317",
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": "0.25",
    }
    config = yaml.safe_load(Edge.of(Environment.read(told), tmp_path).render(TEMPLATE.read_text()))
    manager = config["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    assert manager["tracing"]["random_sampling"] == {"value": 25}
    assert config["static_resources"]["clusters"][-1]["name"] == "collector"
    assert "opentelemetry" not in edge(tmp_path).render(TEMPLATE.read_text())


@pytest.mark.parametrize(("share", "percent"), [("0", 0), ("1", 100), ("", 100)])
def test_a_share_of_traces(tmp_path: Path, share: str, percent: float) -> None:
    told = {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": share}
    assert Edge.of(Environment.read(told), tmp_path).traced_percent == percent


@pytest.mark.parametrize("share", ["abc", " ", "-0.1", "1.5", "nan", "inf"])
def test_a_share_that_is_none_is_said_so(tmp_path: Path, share: str) -> None:
    told = {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": share}
    with pytest.raises(ValueError, match=f"OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1, not '{share}'"):
        Edge.of(Environment.read(told), tmp_path)


@pytest.mark.parametrize(
    "collector",
    [
        *("collector:4317", "https://collector", 'http://a"b:1', "http://"),
        *("http://x:abc", "http://x:99999", "http://[::1", "http://:4317"),
    ],
)
def test_a_collector_envoy_cannot_reach_is_said_so(tmp_path: Path, collector: str) -> None:
    with pytest.raises(ValueError, match="OTEL_EXPORTER_OTLP_ENDPOINT"):
        dataclasses.replace(edge(tmp_path), collector=collector).render(TEMPLATE.read_text())
