"""`python -m services.face`: serve until told to stop."""

import sys
from functools import partial

import grpc
import structlog
from notreally.v1 import face_pb2_grpc

from services.face.networks.network_file import NetworkError, NetworkPaths, read_networks
from services.face.server import SERVICE_NAME, FaceServicer
from services.face.settings import FaceSettings
from services.face.work import warm_up
from services.kit import logs
from services.kit.media.store import MediaStore
from services.kit.serving.server import serve
from services.kit.workers.pool import WorkerProcesses, WorkersDidNotStart


def main() -> int:
    """Serve until told to stop; give the exit status."""
    settings = FaceSettings()
    logs.configure("face", settings.log_level)
    networks = NetworkPaths(settings.face_appearance_model, settings.face_motion_model, settings.face_encoder)
    try:
        read_networks(networks)
    except NetworkError as error:
        structlog.get_logger().error("network refused", explanation=str(error))
        return 1
    store = MediaStore.open(settings.media_url)
    workers = WorkerProcesses.of_service("face", settings.face_workers, partial(warm_up, networks), settings)

    def add(server: grpc.aio.Server) -> None:
        face_pb2_grpc.add_FaceServiceServicer_to_server(FaceServicer(store, workers, settings), server)

    try:
        serve("face", [SERVICE_NAME], add, settings, workers=workers)
    except WorkersDidNotStart:
        return 1  # the log says why
    return 0


if __name__ == "__main__":
    sys.exit(main())
