"""`python -m services.metadata`: serve until told to stop."""

import grpc
from notreally.v1 import metadata_pb2_grpc

from services.kit.media.store import MediaStore
from services.kit.serving.server import serve
from services.kit.workers.pool import WorkerProcesses
from services.metadata.server import SERVICE_NAME, MetadataServicer
from services.metadata.settings import MetadataSettings
from services.metadata.work import warm_up


def main() -> None:
    """Serve until told to stop."""
    settings = MetadataSettings()
    store = MediaStore.open(settings.media_url)
    workers = WorkerProcesses.of_service("metadata", settings.metadata_workers, warm_up, settings)

    def add(server: grpc.aio.Server) -> None:
        metadata_pb2_grpc.add_MetadataServiceServicer_to_server(MetadataServicer(store, workers, settings), server)

    serve("metadata", [SERVICE_NAME], add, settings, workers=workers)


if __name__ == "__main__":
    main()
