"""`python -m services.audio`: serve until told to stop."""

import sys
from collections.abc import Callable
from functools import partial

import grpc
import structlog
from notreally.v1 import audio_pb2_grpc

from services.audio.server import SERVICE_NAME, AudioServicer
from services.audio.settings import AudioSettings
from services.audio.voice.shipped import SETTING
from services.audio.work import warm_up
from services.kit import logs
from services.kit.media.store import MediaStore
from services.kit.networks.network_file import NetworkError, read_network
from services.kit.serving.server import serve
from services.kit.workers.pool import WorkerProcesses, WorkersDidNotStart


def workers(settings: AudioSettings, store: MediaStore, warm_up: Callable[[], None]) -> WorkerProcesses:
    """The service's workers; beside videos they read the voice network, and they may start ffmpeg and ffprobe."""
    programs, reads = ("ffmpeg", "ffprobe"), (settings.voice_model,)
    return WorkerProcesses.of_service(
        "audio", settings.audio_workers, warm_up, settings, store, programs=programs, reads=reads
    )


def main() -> int:
    """Serve until told to stop; give the exit status."""
    settings = AudioSettings()
    logs.configure("audio", settings.log_level)
    try:
        read_network(settings.voice_model, SETTING)
    except NetworkError as error:
        structlog.get_logger().error("network refused", explanation=str(error))
        return 1
    store = MediaStore.open(settings.media_url)
    pool = workers(settings, store, partial(warm_up, settings.voice_model))

    def add(server: grpc.aio.Server) -> None:
        audio_pb2_grpc.add_AudioServiceServicer_to_server(AudioServicer(store, pool, settings), server)

    try:
        serve("audio", [SERVICE_NAME], add, settings, workers=pool)
    except WorkersDidNotStart:
        return 1  # the log says why
    return 0


if __name__ == "__main__":
    sys.exit(main())
