"""Settings every server has. Read once, when a process starts; a service adds its own in a subclass."""

from pathlib import Path
from typing import Any, Literal

from pydantic import AliasChoices, Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.kit.limits import WorkerLimits

MEBIBYTE = 1024 * 1024


def metrics_listen(service: str) -> Any:
    """The setting `metrics_listen` under a service's own name, or else under the one for all."""
    names = AliasChoices(f"NOTREALLY_{service}_METRICS_LISTEN", "NOTREALLY_METRICS_LISTEN")
    return Field(default="", pattern=r"^$|.:\d+$", validation_alias=names)


class ServiceSettings(BaseSettings):
    """Settings shared by all servers, from the environment with the prefix ``NOTREALLY_``."""

    model_config = SettingsConfigDict(
        env_prefix="NOTREALLY_", frozen=True, extra="ignore", populate_by_name=True, protected_namespaces=()
    )

    listen: str = "127.0.0.1:0"
    """Address to listen on. Each service gives it a name of its own, such as NOTREALLY_FACE_LISTEN."""

    media_url: str = Field(default="", validation_alias=AliasChoices("NOTREALLY_MEDIA_URL", "NOTREALLY_UPLOAD_DIR"))
    """Where media live: a folder, a file:// URL or an s3:// URL."""

    metrics_listen: str = Field(default="", pattern=r"^$|.:\d+$")
    """Where Prometheus may ask for numbers, such as 0.0.0.0:9464; nowhere when empty."""

    otlp_endpoint: str = Field(default="", validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    """Where traces are sent by OTLP over gRPC; nowhere when empty."""

    tls_dir: Path | None = None
    """Folder with tls.crt, tls.key and ca.crt: services speak TLS with each other, and take calls from nobody without a
    certificate of that authority."""

    health_listen: str = Field(default="", pattern=r"^$|.:\d+$")
    """Where health alone is answered, in plain text: what probes a server that speaks TLS has no certificate for it."""

    log_level: str = "INFO"

    max_message_bytes: int = Field(default=8 * MEBIBYTE, ge=64 * 1024)
    """Largest gRPC message accepted or sent."""

    max_call_s: float = Field(default=600.0, gt=0)
    """Longest a call may take when its caller gave no shorter deadline."""

    shutdown_grace_s: float = Field(default=10.0, ge=0)
    """How long calls in flight may continue once the process is told to stop."""

    max_connection_age_s: float = Field(default=300.0, ge=0)
    """After this long a caller is asked to reconnect, so that it finds new replicas; 0 means never."""

    @field_validator("media_url")
    @classmethod
    def _folder_to_url(cls, value: str) -> str:
        """A bare folder, relative or not, is a file URL."""
        if value and "://" not in value:
            return Path(value).absolute().as_uri()
        return value


class WorkerSettings(ServiceSettings):
    """Settings of the services that decode in worker processes."""

    worker_memory_mib: int = Field(default=2048, ge=512)
    """Private memory of one worker. Warm it has about 400; a dozen frames of 8K video are 700."""

    worker_cpu_s: float = Field(default=900.0, gt=0)
    """Processor time one call may take."""

    worker_stall_s: float = Field(default=30.0, gt=0)
    """Longest a worker may give no sign of life while it works."""

    worker_spares: int = Field(default=1, ge=0, le=16)
    """Warm workers beyond those that work, to take the place of one that is lost."""

    sandbox: Literal["on", "require", "off"] = "on"
    """Whether workers are confined: as far as the kernel can, or not at all, or the service refuses to start."""

    max_waiting: int = Field(default=16, ge=0)
    """Calls that may wait for a worker; more are refused, and may find room at another replica."""

    @property
    def worker_limits(self) -> WorkerLimits:
        """What one worker may use."""
        return WorkerLimits(self.worker_memory_mib, self.worker_cpu_s, self.worker_stall_s)
