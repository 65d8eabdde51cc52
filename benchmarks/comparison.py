"""What `benchmarks.run` measures: two pipelines on the same work."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Round:
    """One run of one workload. Frames and shares are of one video, on average."""

    wall_s: float
    cpu_s: float
    peak_bytes: int
    frames: float
    face_share: float
    seen_share: float


@dataclass(frozen=True)
class Comparison:
    """Medians of both."""

    workload: str
    title: str
    videos: int
    plain: Round
    ours: Round
