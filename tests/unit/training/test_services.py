"""Training as a client: one analysis for each video, nothing left behind, one bad video does not stop the rest."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.api import httpbody_pb2
from google.protobuf import empty_pb2
from notreally.v1 import analysis_pb2, analysis_pb2_grpc, classifier_pb2, features_pb2

from services.kit.errors import Refusal

pytest.importorskip("torch", reason="`make train` installs PyTorch")

from training.data.vectors import MeasurementError
from training.services import Services


class Gateway(analysis_pb2_grpc.AnalysisServiceServicer):
    """Answers as the gateway does: accepts any file, fails to analyse those of three bytes."""

    def __init__(self) -> None:
        self.sizes: dict[str, int] = {}
        self.kept: set[str] = set()

    async def GetServerInfo(self, request: Any, context: Any) -> analysis_pb2.ServerInfo:
        return analysis_pb2.ServerInfo(max_upload_bytes=1 << 20, max_chunk_bytes=1 << 16)

    async def CreateUpload(self, request: Any, context: Any) -> analysis_pb2.Upload:
        name = f"uploads/{len(self.sizes)}"
        self.sizes[name] = request.size_bytes
        return analysis_pb2.Upload(name=name, size_bytes=request.size_bytes)

    async def UploadChunk(self, request: Any, context: Any) -> analysis_pb2.Upload:
        # Small files: each is one chunk.
        size = self.sizes[request.name]
        sha256 = hashlib.sha256(request.data).hexdigest()
        return analysis_pb2.Upload(
            name=request.name, size_bytes=size, committed_size=size, complete=True, sha256=sha256
        )

    async def CreateAnalysis(self, request: Any, context: Any) -> analysis_pb2.Analysis:
        name = request.upload.replace("uploads", "analyses")
        self.kept.add(name)
        return analysis_pb2.Analysis(name=name)

    async def WatchAnalyses(self, request: Any, context: Any) -> AsyncIterator[analysis_pb2.AnalysisEvent]:
        for target in request.targets:
            yield analysis_pb2.AnalysisEvent(analysis=target.name, sequence=1, state=self._state(target.name))

    async def GetAnalysis(self, request: Any, context: Any) -> analysis_pb2.Analysis:
        analysis = analysis_pb2.Analysis(name=request.name, state=self._state(request.name))
        if analysis.state == analysis_pb2.ANALYSIS_STATE_FAILED:
            refusal = Refusal(grpc.StatusCode.INVALID_ARGUMENT, "NOT_A_VIDEO", "This file is not a video.")
            analysis.error.CopyFrom(refusal.status())
        else:
            analysis.result.features.CopyFrom(features_pb2.FeatureVector(schema_version=2, nose_jitter=0.5))
        return analysis

    async def CancelAnalysis(self, request: Any, context: Any) -> analysis_pb2.Analysis:
        return analysis_pb2.Analysis(name=request.name)

    async def DeleteAnalysis(self, request: Any, context: Any) -> empty_pb2.Empty:
        self.kept.remove(request.name)
        return empty_pb2.Empty()

    def _state(self, name: str) -> "analysis_pb2.AnalysisState.ValueType":
        failed = self.sizes[name.replace("analyses", "uploads")] == 3
        return analysis_pb2.ANALYSIS_STATE_FAILED if failed else analysis_pb2.ANALYSIS_STATE_SUCCEEDED

    async def GetUpload(self, request: Any, context: Any) -> analysis_pb2.Upload:
        raise AssertionError("training does not ask for this")

    async def GetModel(self, request: Any, context: Any) -> classifier_pb2.Model:
        raise AssertionError("training does not ask for this")

    async def ExportAnalysis(self, request: Any, context: Any) -> httpbody_pb2.HttpBody:
        raise AssertionError("training does not ask for this")

    async def UpdateAnalysis(self, request: Any, context: Any) -> analysis_pb2.Analysis:
        raise AssertionError("training does not ask for this")

    async def DeleteAnalyses(self, request: Any, context: Any) -> analysis_pb2.DeleteAnalysesResponse:
        raise AssertionError("training does not ask for this")

    async def ListAnalyses(self, request: Any, context: Any) -> analysis_pb2.ListAnalysesResponse:
        raise AssertionError("training does not ask for this")

    async def DownloadMedia(self, request: Any, context: Any) -> AsyncIterator[analysis_pb2.DownloadMediaResponse]:
        yield analysis_pb2.DownloadMediaResponse()


@asynccontextmanager
async def listening(gateway: Gateway) -> AsyncIterator[str]:
    server = grpc.aio.server()
    analysis_pb2_grpc.add_AnalysisServiceServicer_to_server(gateway, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(0)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"four")
    return path


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken.mp4"
    path.write_bytes(b"bad")
    return path


async def test_a_video_is_measured_and_nothing_of_it_stays_on_the_server(video: Path) -> None:
    gateway = Gateway()
    async with listening(gateway) as address, Services(address) as services:
        result = await services.measure(video)
    assert result.features.nose_jitter == 0.5
    assert len(gateway.sizes) == 1
    assert gateway.kept == set()


async def test_a_failed_analysis_is_the_fault_of_the_video_and_is_removed_too(video: Path, broken: Path) -> None:
    gateway = Gateway()
    async with listening(gateway) as address, Services(address) as services:
        with pytest.raises(MeasurementError, match="not a video"):
            await services.measure(broken)
        assert (await services.measure(video)).features.nose_jitter == 0.5
    assert gateway.kept == set()


async def test_a_file_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    async with listening(Gateway()) as address, Services(address) as services:
        with pytest.raises(MeasurementError, match="No such file"):
            await services.measure(tmp_path / "gone.mp4")


async def test_nothing_is_started_before_the_first_video() -> None:
    async with Services(None):
        pass
