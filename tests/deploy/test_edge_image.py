"""The edge's image: its configuration, filled in by its start script, is one that the real Envoy takes."""

import asyncio
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from notreally.v1 import analysis_pb2

from cli.edge import envoy_binary
from tests.servers.authority import Authority
from tests.servers.edge_image import edge_image, move
from tests.servers.ports import free_ports, wait_for
from tests.unit.client.peer import RUNNING, SUCCEEDED, events, result, running_peer


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return edge_image(tmp_path_factory.mktemp("edge"))


def start(image: Path, tmp_path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the script, with Envoy only checking what it would run with."""
    return subprocess.run(
        [str(image / "edge.sh"), "--mode", "validate"],
        env={"PATH": f"{envoy_binary().parent}:{os.environ['PATH']}", "TMPDIR": str(tmp_path), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"NOTREALLY_GATEWAY_TARGET": "gateway.elsewhere:1234"},
        {"NOTREALLY_EDGE_TLS": "1"},
        {"NOTREALLY_TRUSTED_PROXIES": "2"},
        {"NOTREALLY_TLS_DIR": "authority", "NOTREALLY_GATEWAY_TARGET": "gateway.inside:1234"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4317"},
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector.monitoring:4318/",
            "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
            "OTEL_TRACES_SAMPLER_ARG": "0.1",
            "NOTREALLY_EDGE_TLS": "1",
        },
    ],
    ids=lambda variables: "+".join(variables) or "plain",
)
def test_envoy_takes_it(image: Path, tmp_path: Path, variables: dict[str, str]) -> None:
    if "NOTREALLY_TLS_DIR" in variables:
        variables = variables | {"NOTREALLY_TLS_DIR": str(Authority("ours").secret(tmp_path / "tls", "edge"))}
    done = start(image, tmp_path, **variables)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "envoy.yaml").read_text()
    assert "@" not in text.replace('"@type"', "")
    host, _, port = variables.get("NOTREALLY_GATEWAY_TARGET", "gateway:50051").partition(":")
    assert f'address: "{host}", port_value: {port}' in text
    assert ("DownstreamTlsContext" in text) == ("NOTREALLY_EDGE_TLS" in variables)
    assert f"xff_num_trusted_hops: {variables.get('NOTREALLY_TRUSTED_PROXIES', 0)}\n" in text
    traced = "OTEL_EXPORTER_OTLP_ENDPOINT" in variables
    assert ("OpenTelemetryConfig" in text) == traced
    if "OTEL_TRACES_SAMPLER" in variables:
        assert "random_sampling: { value: 10 }" in text
        assert 'address: "collector.monitoring", port_value: 4318' in text
    config = yaml.safe_load(text)
    ways = [
        one["transport_socket"]["name"] for one in config["static_resources"]["clusters"] if "gateway" in one["name"]
    ]
    assert ways == ["envoy.transport_sockets." + ("tls" if "NOTREALLY_TLS_DIR" in variables else "raw_buffer")] * 2


@pytest.mark.parametrize("target", ["gateway", "gateway:", ":1", "a:b", "a:1:2", "a b:1", "a|b:1", 'a":1', "a:1}"])
@pytest.mark.parametrize("name", ["NOTREALLY_GATEWAY_TARGET", "OTEL_EXPORTER_OTLP_ENDPOINT"])
def test_an_address_that_is_none_is_refused(image: Path, tmp_path: Path, name: str, target: str) -> None:
    done = start(image, tmp_path, **{name: target})
    assert done.returncode == 2
    assert f"{name} must be host:port" in done.stderr


@pytest.mark.parametrize("proxies", ["one", "-1", "100", "1.5", "1|", "1\n2"])
def test_a_number_of_proxies_that_is_none_is_refused(image: Path, tmp_path: Path, proxies: str) -> None:
    done = start(image, tmp_path, NOTREALLY_TRUSTED_PROXIES=proxies)
    assert done.returncode == 2
    assert "NOTREALLY_TRUSTED_PROXIES must be a number" in done.stderr


def certificate(folder: Path) -> None:
    """A new certificate for localhost, in the files of a Kubernetes secret."""
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
                "-days",
                "1",
            ),
            *("-keyout", str(folder / "tls.key"), "-out", str(folder / "tls.crt"), "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost"),
        ],
        check=True,
        capture_output=True,
    )


def page(port: int, trusted: Path) -> tuple[int, str]:
    """Status and type of the page, fetched by someone who trusts that certificate alone."""
    context = ssl.create_default_context(cafile=str(trusted))
    connection = http.client.HTTPSConnection("localhost", port, context=context, timeout=5)
    connection.request("GET", "/", headers={"Accept": "text/html"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.getheader("content-type", "")


@contextmanager
def running_over_tls(image: Path, tmp_path: Path, gateway: str) -> Iterator[tuple[int, Path]]:
    """The image's Envoy in front of a gateway, answering already; its port, and the certificate to trust."""
    folder = tmp_path / "edge"
    shutil.copytree(image, folder)
    (folder / "tls").mkdir()
    certificate(folder / "tls")
    (folder / "tls.yaml").write_text((folder / "tls.yaml").read_text().replace(" /tls", f" {folder}/tls"))
    (port,) = free_ports(1)
    config = folder / "envoy.yaml"
    config.write_text(config.read_text().replace(f'"{image}/', f'"{folder}/'))
    move(folder, port)
    variables = {
        "PATH": f"{envoy_binary().parent}:{os.environ['PATH']}",
        "TMPDIR": str(tmp_path),
        "NOTREALLY_EDGE_TLS": "1",
        "NOTREALLY_GATEWAY_TARGET": gateway,
    }
    envoy = subprocess.Popen([str(folder / "edge.sh")], env=variables)

    def listens() -> bool:
        assert envoy.poll() is None
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    try:
        wait_for(listens, 60)
        yield port, folder / "tls" / "tls.crt"
    finally:
        envoy.terminate()
        envoy.wait()


async def analyzed(port: int, video: Path, **variables: str) -> tuple[int | None, dict[str, Any]]:
    """Exit code and document of `notreally analyze` through the edge."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", "analyze", "--json", "--server", f"https://localhost:{port}", str(video)),
        env={**os.environ, **variables},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    return process.returncode, json.loads(output)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")
async def test_pages_and_programs_over_tls(image: Path, tmp_path: Path) -> None:
    video = tmp_path / "video.mp4"
    video.write_text("anything")

    def judge(analysis: analysis_pb2.Analysis, _content: str) -> None:
        analysis.state = SUCCEEDED
        analysis.result.CopyFrom(result(analysis_pb2.VERDICT_LIKELY_FAKE, 0.9))
        peer.record[analysis.name] = events(analysis.name, [RUNNING, SUCCEEDED])

    async with running_peer() as peer:
        peer.on_create = judge
        with running_over_tls(image, tmp_path, peer.address) as (port, trusted):
            assert await asyncio.to_thread(page, port, trusted) == (200, "text/html; charset=utf-8")
            code, document = await analyzed(port, video, GRPC_DEFAULT_SSL_ROOTS_FILE_PATH=str(trusted))
            assert (code, document["results"]["verdict"]) == (1, "likely_fake")
            code, document = await analyzed(port, video)
    assert (code, document["error"]["reason"]) == (2, "SERVER_NOT_REACHED")
    assert "certificate" in document["error"]["message"]
