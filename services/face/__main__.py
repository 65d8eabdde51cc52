"""`python -m services.face`: serve until told to stop."""

import sys
from collections.abc import Callable
from functools import partial

import grpc
import structlog
from notreally.v1 import face_pb2_grpc

from services.face.networks.network_file import NetworkPaths, read_networks
from services.face.server import SERVICE_NAME, FaceServicer
from services.face.settings import FaceSettings
from services.face.work import warm_up
from services.kit import logs
from services.kit.media.store import MediaStore
from services.kit.networks.network_file import NetworkError
from services.kit.serving.server import serve
from services.kit.workers.pool import WorkerProcesses, WorkersDidNotStart


def workers(settings: FaceSettings, store: MediaStore, warm_up: Callable[[], None]) -> WorkerProcesses:
    """The service's workers; beside videos they read the networks, and they start no programs."""
    reads = _networks(settings)
    return WorkerProcesses.of_service("face", settings.face_workers, warm_up, settings, store, reads=reads)


def _networks(settings: FaceSettings) -> NetworkPaths:
    return NetworkPaths(settings.face_appearance_model, settings.face_motion_model, settings.face_encoder)


def main() -> int:
    """Serve until told to stop; give the exit status."""
    settings = FaceSettings()
    logs.configure("face", settings.log_level)
    networks = _networks(settings)
    try:
        read_networks(networks)
    except NetworkError as error:
        structlog.get_logger().error("network refused", explanation=str(error))
        return 1
    store = MediaStore.open(settings.media_url)
    pool = workers(settings, store, partial(warm_up, networks))

    def add(server: grpc.aio.Server) -> None:
        face_pb2_grpc.add_FaceServiceServicer_to_server(FaceServicer(store, pool, settings), server)

    try:
        serve("face", [SERVICE_NAME], add, settings, workers=pool)
    except WorkersDidNotStart:
        return 1  # the log says why
    return 0


if __name__ == "__main__":
    sys.exit(main())
