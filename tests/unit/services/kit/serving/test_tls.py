"""Mutual TLS over a real socket: nobody is let in, or believed, without a certificate of the same authority."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from notreally.v1 import classifier_pb2, classifier_pb2_grpc

from services.kit.probe import is_serving
from services.kit.serving.channels import open_channel
from services.kit.serving.server import running
from services.kit.settings import ServiceSettings
from tests.servers.authority import Authority
from tests.servers.ports import free_ports

OURS, OTHERS = Authority("ours"), Authority("others")


class _Model(classifier_pb2_grpc.ClassifierServiceServicer):
    async def Classify(self, request: classifier_pb2.ClassifyRequest, context: Any) -> classifier_pb2.ClassifyResponse:
        raise NotImplementedError

    async def GetModel(self, request: classifier_pb2.GetModelRequest, context: Any) -> classifier_pb2.Model:
        return classifier_pb2.Model(version="1")


@asynccontextmanager
async def server(folder: Path, **changes: Any) -> AsyncIterator[int]:
    settings = ServiceSettings(listen="127.0.0.1:0", tls_dir=folder, shutdown_grace_s=0.1, **changes)
    add = lambda server: classifier_pb2_grpc.add_ClassifierServiceServicer_to_server(_Model(), server)  # noqa: E731
    async with running(["notreally.v1.ClassifierService"], add, settings) as port:
        yield port


async def code(target: str, tls_dir: Path | None) -> grpc.StatusCode:
    """What becomes of a call."""
    async with open_channel(target, tls_dir=tls_dir) as channel:
        try:
            await classifier_pb2_grpc.ClassifierServiceStub(channel).GetModel(
                classifier_pb2.GetModelRequest(), timeout=5.0
            )
        except grpc.aio.AioRpcError as error:
            return error.code()
    return grpc.StatusCode.OK


@pytest.mark.parametrize(
    ("authority", "name", "expected"),
    [
        (OURS, "gateway", grpc.StatusCode.OK),
        (OTHERS, "gateway", grpc.StatusCode.UNAVAILABLE),
        (None, "", grpc.StatusCode.UNAVAILABLE),
    ],
    ids=["ours", "another authority", "in plain text"],
)
async def test_who_is_let_in(tmp_path: Path, authority: Authority | None, name: str, expected: grpc.StatusCode) -> None:
    caller = authority.secret(tmp_path / "caller", name) if authority else None
    async with server(OURS.secret(tmp_path / "server", "localhost")) as port:
        assert await code(f"localhost:{port}", caller) == expected


async def test_who_shows_no_certificate_is_refused(tmp_path: Path) -> None:
    authority = OURS.secret(tmp_path / "caller", "gateway") / "ca.crt"
    async with server(OURS.secret(tmp_path / "server", "localhost")) as port:
        credentials = grpc.ssl_channel_credentials(authority.read_bytes())
        async with grpc.aio.secure_channel(f"localhost:{port}", credentials) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await classifier_pb2_grpc.ClassifierServiceStub(channel).GetModel(
                    classifier_pb2.GetModelRequest(), timeout=5.0
                )
    assert refused.value.code() == grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize(
    ("authority", "name"), [(OURS, "audio"), (OTHERS, "localhost")], ids=["another name", "another authority"]
)
async def test_who_is_not_believed(tmp_path: Path, authority: Authority, name: str) -> None:
    """A service that has another's certificate, or one that we did not give it, gets no video."""
    async with server(authority.secret(tmp_path / "server", name)) as port:
        caller = OURS.secret(tmp_path / "caller", "gateway")
        assert await code(f"localhost:{port}", caller) == grpc.StatusCode.UNAVAILABLE


async def test_a_renewed_certificate_is_shown_without_a_restart(tmp_path: Path) -> None:
    folder = OURS.secret(tmp_path / "server", "localhost")
    caller = OURS.secret(tmp_path / "caller", "gateway")

    async def shown(port: int) -> bytes:
        context = ssl.create_default_context(cafile=caller / "ca.crt")
        context.load_cert_chain(caller / "tls.crt", caller / "tls.key")
        context.set_alpn_protocols(["h2"])
        _, writer = await asyncio.open_connection("localhost", port, ssl=context)
        found = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
        return bytes(found)

    async with server(folder) as port:
        before = await shown(port)
        assert await shown(port) == before
        OURS.secret(folder, "localhost")
        assert await shown(port) != before
        (folder / "tls.crt").unlink()  # in the middle of the next renewal
        assert await code(f"localhost:{port}", caller) == grpc.StatusCode.OK


async def test_probes_need_no_certificate_and_hear_of_health_alone(tmp_path: Path) -> None:
    (probed,) = free_ports(1)
    address = f"127.0.0.1:{probed}"
    async with server(OURS.secret(tmp_path / "server", "localhost"), health_listen=address):
        assert await asyncio.to_thread(is_serving, address)
        assert await code(address, None) == grpc.StatusCode.UNIMPLEMENTED
        async with grpc.aio.insecure_channel(address) as channel:
            with pytest.raises(grpc.aio.AioRpcError):
                await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service="another"))


async def test_a_folder_without_certificates_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"tls\.key"):
        async with server(tmp_path):
            pass
