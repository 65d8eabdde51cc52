"""Settings of the command line: the environment, over the defaults of `deploy/defaults.env`."""

import re
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[1]
DEFAULTS_FILE = ROOT / "deploy" / "defaults.env"

_OFF = frozenset({"0", "false", "no", "off"})
_ON = frozenset({"1", "true", "yes", "on"})


@dataclass(frozen=True)
class Environment:
    """Environment variables with the defaults filled in. What a child process gets."""

    variables: Mapping[str, str]

    @classmethod
    def read(cls, real: Mapping[str, str], defaults_file: Path = DEFAULTS_FILE) -> "Environment":
        """Fill what `real` leaves out from the KEY=VALUE lines of `defaults_file`.

        A default ``X_TARGET`` follows a given ``X_LISTEN``: moving a service moves its callers too.
        """
        defaults = parse_defaults(defaults_file.read_text())
        for name in defaults:
            service, _, kind = name.rpartition("_")
            if kind == "TARGET" and f"{service}_LISTEN" in real:
                defaults[name] = real[f"{service}_LISTEN"]
        return cls({**defaults, **real})

    def with_data_folder(self, folder: Path) -> "Environment":
        """Keep media and the job database under `folder`, unless told otherwise."""
        extra: dict[str, str] = {}
        if not {"NOTREALLY_MEDIA_URL", "NOTREALLY_UPLOAD_DIR"} & self.variables.keys():
            extra["NOTREALLY_MEDIA_URL"] = (folder.absolute() / "media").as_uri()
        if "NOTREALLY_DB_PATH" not in self.variables:
            extra["NOTREALLY_DB_PATH"] = str(folder.absolute() / "notreally.db")
        return Environment({**self.variables, **extra})

    def close_to_others(self) -> None:
        """Take the right to read from other users of this machine, for videos and database that are there already."""
        database = Path(self.variables["NOTREALLY_DB_PATH"])
        kept = [database.with_name(database.name + suffix) for suffix in ("", "-wal", "-shm")]
        if (media := urlsplit(self.variables.get("NOTREALLY_MEDIA_URL", ""))).scheme == "file":
            kept.append(Path(unquote(media.path)))
        for path in kept:
            with suppress(FileNotFoundError, PermissionError):  # none yet, or somebody else's to decide about
                path.chmod(path.stat().st_mode & ~0o077)

    @property
    def port(self) -> int:
        """The public port.

        Raises:
            ValueError: PORT is not a port number.
        """
        text = self.variables["PORT"]
        if not text.isdecimal() or not 0 < int(text) < 65536:
            raise ValueError(f"PORT must be a number from 1 to 65535, not {text!r}.")
        return int(text)

    @property
    def trusted_proxies(self) -> int:
        """Proxies in front of the edge.

        Raises:
            ValueError: NOTREALLY_TRUSTED_PROXIES is no number of them.
        """
        text = self.variables.get("NOTREALLY_TRUSTED_PROXIES") or "0"
        if not re.fullmatch("[0-9]{1,2}", text):
            raise ValueError(f"NOTREALLY_TRUSTED_PROXIES must be a number below 100, not {text!r}.")
        return int(text)

    @property
    def allowed_hosts(self) -> tuple[str, ...]:
        """Names by which the edge may be called, besides its addresses and localhost; by default this machine's.

        Raises:
            ValueError: NOTREALLY_ALLOWED_HOSTS holds what is no name.
        """
        text = self.variables.get("NOTREALLY_ALLOWED_HOSTS") or socket.gethostname()
        names = tuple(name.strip() for name in text.split(","))
        for name in names:
            if not re.fullmatch(r"\*|[0-9A-Za-z._-]+", name):
                raise ValueError(f"NOTREALLY_ALLOWED_HOSTS must be names separated by commas, or *, not {text!r}.")
        return names

    @property
    def audio_enabled(self) -> bool:
        """Whether sound is analysed: on unless NOTREALLY_ENABLE_AUDIO=0 or NOTREALLY_DISABLE_AUDIO=1."""
        enable = self.variables.get("NOTREALLY_ENABLE_AUDIO", "1").strip().lower()
        disable = self.variables.get("NOTREALLY_DISABLE_AUDIO", "0").strip().lower()
        return enable not in _OFF and disable not in _ON

    def listen(self, service: str) -> str:
        """``host:port`` the service listens on."""
        return self.variables[f"NOTREALLY_{service.upper()}_LISTEN"]

    def target(self, service: str) -> str:
        """``host:port`` at which others find the service."""
        return self.variables[f"NOTREALLY_{service.upper()}_TARGET"]


def parse_defaults(text: str) -> dict[str, str]:
    """The KEY=VALUE lines of `text`; blank lines and ``#`` comments are left out.

    Raises:
        ValueError: A line is none of these.
    """
    values: dict[str, str] = {}
    for line in text.splitlines():
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        key, equals, value = stripped.partition("=")
        if not equals or not key.isidentifier():
            raise ValueError(f"not a KEY=VALUE line: {line!r}")
        values[key] = value.strip()
    return values


def split_address(address: str) -> tuple[str, int]:
    """``host:port`` or ``[v6]:port`` as host and port.

    Raises:
        ValueError: It is not of that form.
    """
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 <= int(port) < 65536:
        raise ValueError(f"{address!r} is not an address of the form host:port.")
    return host.removeprefix("[").removesuffix("]"), int(port)
