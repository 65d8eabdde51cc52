"""`python -m services.audio`: serve until told to stop."""

import os

import grpc
from notreally.v1 import audio_pb2_grpc

from services.audio.extraction import warm_up
from services.audio.server import SERVICE_NAME, AudioServicer
from services.audio.settings import AudioSettings
from services.kit.media import MediaStore
from services.kit.server import serve
from services.kit.work import Workers


def main() -> None:
    """Serve until told to stop."""
    settings = AudioSettings()
    settings.numba_cache_dir.mkdir(parents=True, exist_ok=True)
    # numba reads this when librosa first imports it, which `warm_up` makes happen.
    os.environ["NUMBA_CACHE_DIR"] = str(settings.numba_cache_dir)
    store = MediaStore.open(settings.media_url)
    workers = Workers(settings.audio_workers)

    def add(server: grpc.aio.Server) -> None:
        audio_pb2_grpc.add_AudioServiceServicer_to_server(AudioServicer(store, workers, settings), server)

    try:
        serve("audio", [SERVICE_NAME], add, settings, warm_up=warm_up)
    finally:
        workers.close()


if __name__ == "__main__":
    main()
