"""Settings of the metadata service."""

from pathlib import Path

from pydantic import Field

from services.kit.settings import MEBIBYTE, WorkerSettings, metrics_listen


class MetadataSettings(WorkerSettings):
    """Settings of the metadata service, read from the environment once."""

    listen: str = Field(default="127.0.0.1:50054", validation_alias="NOTREALLY_METADATA_LISTEN")
    metrics_listen: str = metrics_listen("METADATA")

    metadata_workers: int = Field(default=2, ge=1)
    """Probes at once; each runs one ffprobe."""

    metadata_probe_s: float = Field(default=30.0, gt=0)
    """Longest a probe may take, header and packets."""

    metadata_max_packets: int = Field(default=250_000, ge=1)
    """Most packets read of a video, or of a sound recording: more than two hours at 30 frames a second, and more than
    one of sound. A response has at most 2 MB then."""

    metadata_credentials_s: float = Field(default=20.0, gt=0)
    """Longest that reading Content Credentials may take; the whole file is hashed for it."""

    metadata_trust: Path | None = None
    """File with the certificates (PEM) of authorities whose signers of Content Credentials are trusted."""

    decoder_memory_bytes: int = Field(default=2048 * MEBIBYTE, ge=256 * MEBIBYTE)
    """Address space of one run of ffmpeg or ffprobe."""

    def trust_anchors(self) -> str:
        """The certificates of `metadata_trust`; empty when nobody is trusted.

        Raises:
            ValueError: There is no such file, or no certificate in it. The message is for a person.
        """
        if self.metadata_trust is None:
            return ""
        try:
            text = self.metadata_trust.read_text("ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"NOTREALLY_METADATA_TRUST names a file that cannot be read: {error}") from None
        if "-----BEGIN CERTIFICATE-----" not in text:
            raise ValueError(f"NOTREALLY_METADATA_TRUST: {self.metadata_trust} holds no certificate in PEM.")
        return text
