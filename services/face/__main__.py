"""`python -m services.face`: serve until told to stop."""

import grpc
from notreally.v1 import face_pb2_grpc

from services.face.server import SERVICE_NAME, FaceServicer
from services.face.settings import FaceSettings
from services.face.work import warm_up
from services.kit.media import MediaStore
from services.kit.server import serve
from services.kit.worker_pool import WorkerProcesses


def main() -> None:
    """Serve until told to stop."""
    settings = FaceSettings()
    store = MediaStore.open(settings.media_url)
    workers = WorkerProcesses(
        "face",
        settings.face_workers,
        warm_up,
        settings.worker_limits,
        log_level=settings.log_level,
        spares=settings.worker_spares,
        max_waiting=settings.max_waiting,
    )

    def add(server: grpc.aio.Server) -> None:
        face_pb2_grpc.add_FaceServiceServicer_to_server(FaceServicer(store, workers, settings), server)

    serve("face", [SERVICE_NAME], add, settings, workers=workers)


if __name__ == "__main__":
    main()
