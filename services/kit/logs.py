"""Structured logs: one JSON object a line on standard output, with the id of the request it belongs to."""

import logging
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog


def configure(service: str, level: str, output: TextIO | None = None) -> None:
    """Send the logs of this process, and of the libraries in it, as JSON lines to `output` (standard output).

    Writing a line never raises: when whoever reads them is killed, work under way must not fail for it.
    """
    output = output or sys.stdout
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _Named(service),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _Patient(output))),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(output)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processor=structlog.processors.JSONRenderer(),
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            keep_exc_info=False,
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # These repeat, at INFO, what our own lines already say.
    for noisy in ("dbos", "alembic", "numba", "absl"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


class _Patient:
    """A text stream whose reader may be gone."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with suppress(OSError):
            self._stream.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


class _Named:
    """Puts the service's name on every line."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __call__(
        self, _logger: structlog.typing.WrappedLogger, _method: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        event["service"] = self._service
        return event
