"""`python -m services.face`: serve until told to stop."""

import grpc
from notreally.v1 import face_pb2_grpc

from services.face.models import warm_up
from services.face.server import SERVICE_NAME, FaceServicer
from services.face.settings import FaceSettings
from services.kit.media import MediaStore
from services.kit.server import serve
from services.kit.work import Workers


def main() -> None:
    """Serve until told to stop."""
    settings = FaceSettings()
    store = MediaStore.open(settings.media_url)
    workers = Workers(settings.face_workers)

    def add(server: grpc.aio.Server) -> None:
        face_pb2_grpc.add_FaceServiceServicer_to_server(FaceServicer(store, workers, settings), server)

    try:
        serve("face", [SERVICE_NAME], add, settings, warm_up=lambda: warm_up(settings.face_workers))
    finally:
        workers.close()


if __name__ == "__main__":
    main()
