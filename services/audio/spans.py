"""Requests to the audio service."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """A window: [start_s, end_s) in seconds from the first video frame."""

    index: int
    start_s: float
    end_s: float
