"""Resource limits of one probe."""

from dataclasses import dataclass

from services.kit.media.process import ProcessLimits


@dataclass(frozen=True)
class ProbeLimits:
    """What one probe may use: time, memory of ffprobe, and how many packets are read."""

    process: ProcessLimits
    packets: int
