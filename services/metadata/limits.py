"""Resource limits of one probe."""

from dataclasses import dataclass

from services.kit.media.process import ProcessLimits


@dataclass(frozen=True)
class CredentialsLimits:
    """What reading Content Credentials may use, and who is trusted.

    Attributes:
        seconds: Longest it may take; the whole file is hashed.
        anchors: Certificates of the authorities whose signers are trusted, PEM; empty for none.
    """

    seconds: float = 20.0
    anchors: str = ""


@dataclass(frozen=True)
class ProbeLimits:
    """What one probe may use: time, memory of ffprobe, how many packets are read, and what credentials may take."""

    process: ProcessLimits
    packets: int
    credentials: CredentialsLimits = CredentialsLimits()
