"""A PostgreSQL server of the machine's own package, with its data in a temporary folder."""

import getpass
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.servers.ports import free_ports, wait_for

_START_S = 60.0
_STOP_S = 30.0


def server_program(name: str) -> Path | None:
    """A program of the newest PostgreSQL server installed, such as ``initdb``; None when there is none."""
    # Debian keeps them out of PATH, a folder for each version.
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which(name)
    return found[-1] if found else Path(on_path) if on_path else None


@dataclass(frozen=True)
class Postgres:
    """A running server."""

    port: int
    user: str
    pid: int

    def url(self, database: str) -> str:
        """SQLAlchemy URL of a database."""
        return f"postgresql+psycopg://{self.user}@127.0.0.1:{self.port}/{database}"

    def create(self, database: str) -> str:
        """A new, empty database; gives its URL."""
        self._execute(f'CREATE DATABASE "{database}"')
        return self.url(database)

    def drop(self, database: str) -> None:
        """Remove a database, whoever is connected."""
        self._execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    def _execute(self, statement: str) -> None:
        with psycopg.connect(
            host="127.0.0.1", port=self.port, user=self.user, dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement.encode())


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Start a server of our own on a free port of the loopback, and stop it in the end."""
    initdb, program = server_program("initdb"), server_program("postgres")
    assert initdb is not None, "PostgreSQL is not installed: deploy/system-packages.sh postgres"
    assert program is not None
    # It refuses to run as root. The package has made a user for it.
    user = "postgres" if os.geteuid() == 0 else getpass.getuser()
    identity = {"user": user, "group": user, "extra_groups": ()} if os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="notreally-pg-") as folder:
        if identity:
            shutil.chown(folder, user, user)
        data = Path(folder) / "data"
        subprocess.run(
            [initdb, "--pgdata", data, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
            **identity,  # type: ignore[call-overload]
        )
        (port,) = free_ports(1)
        # What the tests kill are our processes, not the machine: nothing needs to be on the disk.
        switches = ["fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_connections=200"]
        switches += ["listen_addresses=127.0.0.1", f"unix_socket_directories={folder}"]
        process: subprocess.Popen[bytes] = subprocess.Popen(
            [program, "-D", data, "-p", str(port), *(part for switch in switches for part in ("-c", switch))],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            **identity,  # type: ignore[call-overload]
        )
        server = Postgres(port, user, process.pid)
        try:
            wait_for(lambda: process.poll() is not None or _answers(server), _START_S)
            assert process.poll() is None, "PostgreSQL did not start"
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # SIGTERM would wait for its clients to leave
            process.wait(_STOP_S)


def _answers(server: Postgres) -> bool:
    try:
        psycopg.connect(
            host="127.0.0.1", port=server.port, user=server.user, dbname="postgres", connect_timeout=2
        ).close()
    except psycopg.OperationalError:
        return False
    return True
