"""`python -m services.audio`: serve until told to stop."""

import grpc
from notreally.v1 import audio_pb2_grpc

from services.audio.server import SERVICE_NAME, AudioServicer
from services.audio.settings import AudioSettings
from services.audio.work import warm_up
from services.kit.media.store import MediaStore
from services.kit.serving.server import serve
from services.kit.workers.pool import WorkerProcesses


def main() -> None:
    """Serve until told to stop."""
    settings = AudioSettings()
    store = MediaStore.open(settings.media_url)
    workers = WorkerProcesses.of_service("audio", settings.audio_workers, warm_up, settings)

    def add(server: grpc.aio.Server) -> None:
        audio_pb2_grpc.add_AudioServiceServicer_to_server(AudioServicer(store, workers, settings), server)

    serve("audio", [SERVICE_NAME], add, settings, workers=workers)


if __name__ == "__main__":
    main()
