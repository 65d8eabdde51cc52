"""`python -m services.audio`: serve until told to stop."""

from collections.abc import Callable

import grpc
from notreally.v1 import audio_pb2_grpc

from services.audio.server import SERVICE_NAME, AudioServicer
from services.audio.settings import AudioSettings
from services.audio.work import warm_up
from services.kit.media.store import MediaStore
from services.kit.serving.server import serve
from services.kit.workers.pool import WorkerProcesses


def workers(settings: AudioSettings, store: MediaStore, warm_up: Callable[[], None] = warm_up) -> WorkerProcesses:
    """The service's workers, which may start ffmpeg and ffprobe."""
    programs = ("ffmpeg", "ffprobe")
    return WorkerProcesses.of_service("audio", settings.audio_workers, warm_up, settings, store, programs=programs)


def main() -> None:
    """Serve until told to stop."""
    settings = AudioSettings()
    store = MediaStore.open(settings.media_url)
    pool = workers(settings, store)

    def add(server: grpc.aio.Server) -> None:
        audio_pb2_grpc.add_AudioServiceServicer_to_server(AudioServicer(store, pool, settings), server)

    serve("audio", [SERVICE_NAME], add, settings, workers=pool)


if __name__ == "__main__":
    main()
