"""Settings of the gateway, read once from the environment. What each means to a user: docs/configuration.md."""

import datetime as dt
import os
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

import sqlalchemy as sa
from pydantic import AliasChoices, Field

from gateway.store.records import UploadLimits
from gateway.store.retention import Terms
from services.kit.settings import MEBIBYTE, ServiceSettings, metrics_listen


class GatewaySettings(ServiceSettings):
    """Everything the gateway can be told."""

    listen: str = Field(default="127.0.0.1:50051", validation_alias="NOTREALLY_GATEWAY_LISTEN")
    metrics_listen: str = metrics_listen("GATEWAY")
    max_message_bytes: int = Field(default=4 * MEBIBYTE, ge=64 * 1024, validation_alias="NOTREALLY_GATEWAY_MAX_MESSAGE")

    face_target: str = "127.0.0.1:50052"
    audio_target: str = "127.0.0.1:50053"
    metadata_target: str = "127.0.0.1:50054"
    classifier_target: str = "127.0.0.1:50055"

    db_path: Path = Path("data/notreally.db")
    """SQLite file, used when no database_url is given."""

    database_url: str = ""
    """SQLAlchemy URL of another database."""

    db_pool_size: int = Field(default=10, ge=2)
    """Connections kept to a database server for our tables, and as many for DBOS's."""

    migrate: bool = True
    """Whether to bring the tables up to date at the start; else they must be."""

    # Render gives every instance a name, and no other setting can be made of it there.
    executor_id: str = Field(
        default="local",
        min_length=1,
        max_length=255,
        validation_alias=AliasChoices("NOTREALLY_EXECUTOR_ID", "RENDER_INSTANCE_ID"),
    )
    """Name under which this gateway runs workflows: stable over restarts, and no other gateway's."""

    executor_gone_s: float = Field(default=60.0, ge=3)
    """Seconds without a heartbeat after which the others requeue a gateway's jobs."""

    max_upload_mb: int = Field(default=100, ge=1)
    max_chunk_bytes: int = Field(default=2 * MEBIBYTE, ge=16 * 1024, le=3 * MEBIBYTE)
    max_frames: int = Field(default=600, ge=30, le=12_000)
    """Frames analysed of one video at most. With more, one could have more windows than a service takes in a call."""

    concurrency: int = Field(default=4, ge=1)
    """Analyses running at once; the others wait in the queue."""

    parallel_runs: int = Field(default=4, ge=1)
    """Runs of windows of one video sent to the face service at once. Changes speed, never results."""

    without_face: Literal["fail", "wait"] = "fail"
    """What becomes of an analysis when the face service is gone for longer than patience lasts."""

    face_patience_s: float = Field(default=120.0, ge=0)
    """How long the face service may give no sign of life; a restart takes it up to half a minute."""

    audio_patience_s: float = Field(default=60.0, ge=0)
    """The same of the audio service; afterwards results go without its features."""

    metadata_patience_s: float = Field(default=30.0, ge=0)
    """The same of the metadata service; afterwards results go without its feature."""

    classifier_patience_s: float = Field(default=600.0, ge=0)
    """The same of the classifier; afterwards analyses fail."""

    max_queued: int = Field(default=200, ge=1)
    """Maximum number of queued analyses; further ones are refused."""

    max_open_uploads: int = Field(default=1000, ge=1)
    """Incomplete uploads at most."""

    max_open_uploads_mb: int = Field(default=20_000, ge=1)
    """Millions of bytes that incomplete uploads have announced, together, at most."""

    max_streams: int = Field(default=2000, ge=1)
    """Streams open at this gateway at most: watches, downloads, REST bodies."""

    reserve_mb: int = Field(default=256, ge=0)
    """Millions of bytes that uploads leave free on the disk; 0 for none."""

    caller_share: int = Field(default=50, ge=1, le=100)
    """Percent of open uploads and their bytes, of the queue and of streams that one caller may have."""

    upload_expiry_h: float = Field(default=24.0, gt=0)
    """Hours after its last chunk for which an upload is kept."""

    retention_days: float = Field(default=0.0, ge=0)
    """Days for which an ended analysis is kept; 0 for ever."""

    media_retention_days: float = Field(default=0.0, ge=0)
    """Days for which the video of an ended analysis is kept; 0 for as long as the analysis."""

    tidy_every_s: float = Field(default=3600.0, ge=1)
    """Seconds between two rounds of removing what has expired."""

    login: Literal["off", "on"] = "off"
    """Whether callers must show an API key, and see what is theirs alone."""

    quota_videos_a_day: int = Field(default=0, ge=0)
    """Analyses that each owner may begin a day; 0 for any number."""

    quota_kept_mb: int = Field(default=0, ge=0)
    """Millions of bytes of files that each owner may have kept; 0 for any amount."""

    audit_retention_days: float = Field(default=365.0, ge=0)
    """Days for which the audit log is kept; 0 for ever."""

    live_sessions: int = Field(default=4, ge=0)
    """Live sessions at once; 0 for none."""

    live_steps: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)
    """Windows of live sessions that are measured at a time; with more, each would only take longer."""

    live_silence_s: float = Field(default=120.0, gt=0)
    """Seconds without a segment after which a live session ends."""

    live_max_s: float = Field(default=1800.0, gt=0)
    """Longest a live session may last, seconds."""

    enable_audio: bool = True
    disable_audio: bool = Field(default=False, validation_alias=AliasChoices("NOTREALLY_DISABLE_AUDIO"))

    @property
    def max_upload_bytes(self) -> int:
        """Largest video accepted, in bytes."""
        return self.max_upload_mb * 1_000_000

    @property
    def login_on(self) -> bool:
        """Whether callers must show a key."""
        return self.login == "on"

    @property
    def live_max_segment_bytes(self) -> int:
        """Largest segment of a live session: what fits into a message, with room for the rest of it."""
        return self.max_message_bytes - 64 * 1024 // 2

    @property
    def audio_enabled(self) -> bool:
        """Whether sound is analysed."""
        return self.enable_audio and not self.disable_audio

    @property
    def terms(self) -> Terms:
        """How long things are kept."""
        return Terms(
            uploads=dt.timedelta(hours=self.upload_expiry_h),
            analyses=dt.timedelta(days=self.retention_days) if self.retention_days else None,
            media=dt.timedelta(days=self.media_retention_days) if self.media_retention_days else None,
        )

    def share(self, total: int) -> int:
        """What one caller may have of what there is for all."""
        return max(1, total * self.caller_share // 100)

    @property
    def upload_limits(self) -> UploadLimits:
        """How much may be on its way at once."""
        count, total_bytes = self.max_open_uploads, self.max_open_uploads_mb * 1_000_000
        return UploadLimits(count, total_bytes, self.share(count), self.share(total_bytes))

    @property
    def reserve_bytes(self) -> int:
        """What uploads leave free on the disk."""
        return self.reserve_mb * 1_000_000

    @property
    def folders(self) -> list[Path]:
        """Where on this machine's disks it writes: its database, and the media store."""
        media = urlsplit(self.media_url)
        found = [self._database_file.parent] if self._database_file else []
        return found + ([Path(unquote(media.path))] if media.scheme == "file" else [])

    @property
    def ballast(self) -> Path | None:
        """The file that is given up so that rows can be deleted on a full disk; None where they are elsewhere."""
        return self._database_file.with_suffix(".ballast") if self._database_file else None

    @property
    def _database_file(self) -> Path | None:
        url = sa.make_url(self.sqlalchemy_url)
        return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None

    @property
    def sqlalchemy_url(self) -> str:
        """The database in use; PostgreSQL by the driver that DBOS uses too."""
        if not self.database_url:
            return f"sqlite:///{self.db_path.absolute()}"
        url = sa.make_url(self.database_url)
        if url.drivername in ("postgres", "postgresql"):
            url = url.set(drivername="postgresql+psycopg")
        return url.render_as_string(hide_password=False)
