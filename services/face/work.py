"""The tasks of the face workers.

The service imports this module to name the functions. What they need is imported inside them, in the worker: the
service itself never loads a decoder or a model.
"""

from collections.abc import Generator

import structlog

from services.face.networks.network_file import SHIPPED, NetworkPaths
from services.face.windows import FaceJob
from services.kit.media.seekable import Video
from services.kit.networks.network_file import NetworkError
from services.kit.workers.video import opened
from services.kit.workers.wire import Cancelled


def warm_up(networks: NetworkPaths = SHIPPED) -> None:
    """Import everything, load the models and run each once.

    When a file is no network, the log says so and the worker ends.
    """
    from services.face import extraction, messages
    from services.face.networks import models

    del extraction, messages  # for later
    try:
        models.warm_up(networks)
    except NetworkError as error:
        structlog.get_logger().error("network refused", explanation=str(error))
        raise SystemExit(1) from error


def extract_windows(cancelled: Cancelled, video: Video, job: FaceJob) -> Generator[bytes, None, None]:
    """`services.face.extraction.extract`, as serialised messages: see there."""
    from services.face.extraction import extract
    from services.face.messages import response

    with opened(video) as file:
        for item in extract(cancelled, file, job):
            yield response(item).SerializeToString()
