"""`python -m services.metadata`: serve until told to stop."""

from collections.abc import Callable

import grpc
from notreally.v1 import metadata_pb2_grpc

from services.kit.media.store import MediaStore
from services.kit.serving.server import serve
from services.kit.workers.pool import WorkerProcesses
from services.metadata.server import SERVICE_NAME, MetadataServicer
from services.metadata.settings import MetadataSettings
from services.metadata.work import warm_up


def workers(settings: MetadataSettings, store: MediaStore, warm_up: Callable[[], None] = warm_up) -> WorkerProcesses:
    """The service's workers, which may start ffprobe."""
    programs = ("ffprobe",)
    return WorkerProcesses.of_service(
        "metadata", settings.metadata_workers, warm_up, settings, store, programs=programs
    )


def main() -> None:
    """Serve until told to stop."""
    settings = MetadataSettings()
    store = MediaStore.open(settings.media_url)
    pool = workers(settings, store)

    def add(server: grpc.aio.Server) -> None:
        metadata_pb2_grpc.add_MetadataServiceServicer_to_server(MetadataServicer(store, pool, settings), server)

    serve("metadata", [SERVICE_NAME], add, settings, workers=pool)


if __name__ == "__main__":
    main()
