"""MetadataService over gRPC: a file to a worker, and its facts back."""

from collections.abc import Callable
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

from notreally.v1 import metadata_pb2, metadata_pb2_grpc

from services.kit.media.process import ProcessLimits
from services.kit.media.store import MediaStore
from services.kit.workers.losses import Losses
from services.kit.workers.pool import WorkerProcesses
from services.metadata.limits import CredentialsLimits, ProbeLimits
from services.metadata.settings import MetadataSettings
from services.metadata.work import probe_file

SERVICE_NAME = metadata_pb2.DESCRIPTOR.services_by_name["MetadataService"].full_name


class MetadataServicer(metadata_pb2_grpc.MetadataServiceServicer):
    """Probes files with a bounded number of workers."""

    def __init__(
        self,
        store: MediaStore,
        workers: WorkerProcesses,
        settings: MetadataSettings,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Serve the media of `store`; `now` is the clock that creation times are held against."""
        self._store = store
        self._workers = workers
        self._now = now
        process = ProcessLimits(settings.metadata_probe_s, settings.decoder_memory_bytes)
        credentials = CredentialsLimits(settings.metadata_credentials_s, settings.trust_anchors())
        self._limits = ProbeLimits(process, settings.metadata_max_packets, credentials)
        self._losses = Losses()

    async def Probe(  # noqa: N802 - the name in the contract
        self, request: metadata_pb2.ProbeRequest, context: Any
    ) -> metadata_pb2.ProbeResponse:
        """Read the facts of one file.

        Raises:
            Refusal: NOT_FOUND with MEDIA_NOT_FOUND; see also `services.metadata.probing.probe`,
                `WorkerProcesses.stream` and `Losses.counted`.
        """
        with self._losses.counted(request.media.sha256):
            file = self._store.local_path(request.media)
            items = self._workers.stream_file(file, probe_file, self._limits, self._now())
            # Closed at once when the call ends, not when the garbage collector gets to it: that stops ffprobe.
            async with aclosing(items):
                (answer,) = [item async for item in items]
        return metadata_pb2.ProbeResponse.FromString(answer)
