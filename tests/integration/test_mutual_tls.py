"""Every service on mutual TLS, behind the edge as its image starts it: an analysis goes through, nobody else does."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from notreally.v1 import analysis_pb2

from cli.edge import envoy_binary
from client import NotReally
from tests.integration.stack import is_healthy
from tests.servers.authority import Authority
from tests.servers.edge_image import edge_image, move
from tests.servers.home import laptop
from tests.servers.ports import free_ports, wait_for
from tests.synthetic.fixtures import MakeFaceVideo
from tests.synthetic.videos import FaceVideo, syllables

ROOT = Path(__file__).parents[2]
_SERVICES = ("metadata", "classifier", "face", "audio", "gateway")


@dataclass(frozen=True)
class _Cluster:
    edge: str
    addresses: dict[str, str]
    certificates: Path


@contextmanager
def _process(command: tuple[str, ...], environment: dict[str, str]) -> Iterator[None]:
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        try:
            yield
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Cluster]:
    folder = tmp_path_factory.mktemp("tls")
    authority = Authority("inside")
    (edge_port, *ports) = free_ports(1 + 2 * len(_SERVICES))
    addresses = {name: f"localhost:{port}" for name, port in zip(_SERVICES, ports, strict=False)}
    probed = {name: f"127.0.0.1:{port}" for name, port in zip(_SERVICES, ports[len(_SERVICES) :], strict=True)}
    common = {
        **os.environ,
        **laptop(folder).settings,
        **{f"NOTREALLY_{name.upper()}_LISTEN": address for name, address in addresses.items()},
        **{f"NOTREALLY_{name.upper()}_TARGET": address for name, address in addresses.items()},
        "NOTREALLY_FACE_WORKERS": "1",
        "NOTREALLY_AUDIO_WORKERS": "1",
        "NOTREALLY_WORKER_SPARES": "0",
    }
    image = folder / "edge"
    image.mkdir()
    move(edge_image(image), edge_port)
    with ExitStack() as exits:
        for name in _SERVICES:
            own = {
                "NOTREALLY_TLS_DIR": str(authority.secret(folder / name, "localhost")),
                "NOTREALLY_HEALTH_LISTEN": probed[name],
            }
            module = name if name == "gateway" else f"services.{name}"
            exits.enter_context(_process((sys.executable, "-P", "-m", module), {**common, **own}))
        told = {
            "PATH": f"{envoy_binary().parent}:{os.environ['PATH']}",
            "TMPDIR": str(folder),
            "NOTREALLY_GATEWAY_TARGET": addresses["gateway"],
            "NOTREALLY_TLS_DIR": str(authority.secret(folder / "of-the-edge", "edge")),
        }
        exits.enter_context(_process((str(image / "edge.sh"),), told))
        for address in probed.values():
            wait_for(lambda address=address: is_healthy(address), 120.0)
        wait_for(lambda: is_healthy(f"127.0.0.1:{edge_port}"), 60.0)
        yield _Cluster(f"127.0.0.1:{edge_port}", addresses, folder)


async def test_an_analysis_goes_through_all_of_them(cluster: _Cluster, face_video: MakeFaceVideo) -> None:
    video = face_video(FaceVideo(seconds=4.4, size=(320, 240), iod=60.0, mouth=syllables, sound=syllables))
    async with NotReally(cluster.edge) as client:
        analysis = await client.analyze(video)
    assert analysis.state == analysis_pb2.ANALYSIS_STATE_SUCCEEDED
    assert analysis.result.quality.frames_analyzed > 100
    assert analysis.result.features.HasField("mfcc_mean")
    assert list(analysis.result.warnings) == []


@pytest.mark.parametrize("name", _SERVICES)
async def test_nobody_else_is_answered(cluster: _Cluster, tmp_path: Path, name: str) -> None:
    """Not even who knows the address and has a certificate of their own for the right name."""
    stranger = Authority("outside").secret(tmp_path, "localhost")
    known = (cluster.certificates / name / "ca.crt").read_bytes()
    own = (stranger / "tls.key").read_bytes(), (stranger / "tls.crt").read_bytes()
    for channel in (
        grpc.aio.insecure_channel(cluster.addresses[name]),
        grpc.aio.secure_channel(cluster.addresses[name], grpc.ssl_channel_credentials(known)),
        grpc.aio.secure_channel(cluster.addresses[name], grpc.ssl_channel_credentials(known, *own)),
    ):
        async with channel:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5.0)
        assert refused.value.code() == grpc.StatusCode.UNAVAILABLE
