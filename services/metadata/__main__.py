"""`python -m services.metadata`: serve until told to stop."""

import grpc
from notreally.v1 import metadata_pb2_grpc

from services.kit.media import MediaStore
from services.kit.server import serve
from services.kit.work import WorkerThreads
from services.metadata.server import SERVICE_NAME, MetadataServicer
from services.metadata.settings import MetadataSettings


def main() -> None:
    """Serve until told to stop."""
    settings = MetadataSettings()
    store = MediaStore.open(settings.media_url)
    workers = WorkerThreads(settings.metadata_workers)

    def add(server: grpc.aio.Server) -> None:
        metadata_pb2_grpc.add_MetadataServiceServicer_to_server(MetadataServicer(store, workers, settings), server)

    try:
        serve("metadata", [SERVICE_NAME], add, settings)
    finally:
        workers.close()


if __name__ == "__main__":
    main()
