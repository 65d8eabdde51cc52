"""Where a gateway keeps things: on a laptop a file and a folder, in a cluster PostgreSQL and a bucket."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from services.kit.media.store import MediaStore
from tests.servers.postgres import Postgres
from tests.servers.s3 import S3

BOTH = pytest.mark.parametrize("stack", ["laptop_stack", "cluster_stack"], indirect=True, ids=["laptop", "cluster"])
"""Marks tests of the running system that must pass wherever things are kept."""


@dataclass(frozen=True)
class Home:
    """A database and a media store, both empty at first."""

    database_url: str
    media_url: str
    another_database: Callable[[Path], str]
    """Gives the URL of another, empty database; a folder is where it may be, if it is a file."""

    @property
    def settings(self) -> dict[str, str]:
        """As a gateway and its services are told."""
        return {"NOTREALLY_DATABASE_URL": self.database_url, "NOTREALLY_MEDIA_URL": self.media_url}

    @property
    def folder(self) -> Path:
        """The media store of a laptop, as a folder."""
        return Path(urlsplit(self.media_url).path)

    def stored(self, prefix: str = "") -> dict[str, int]:
        """Sizes of all blobs under a prefix, by key."""
        return {meta["path"]: meta["size"] for page in self.media.store.list(prefix or None) for meta in page}

    @property
    def media(self) -> MediaStore:
        """The store."""
        return MediaStore.open(self.media_url)


def laptop(folder: Path) -> Home:
    """A home in a folder."""
    return Home(_file(folder), (folder / "media").as_uri(), _file)


@contextmanager
def cluster(postgres: Postgres, s3: S3) -> Iterator[Home]:
    """A home on servers; its databases go in the end."""
    made: list[str] = []

    def another(_folder: Path | None = None) -> str:
        made.append(f"notreally_{uuid.uuid4().hex}")
        return postgres.create(made[-1])

    try:
        yield Home(another(), s3.bucket(), another)
    finally:
        for name in made:
            postgres.drop(name)


@contextmanager
def connected(url: str) -> Iterator[sa.Connection]:
    """A connection on which tests look into a database, or change it; with DBOS's own tables by their names alone."""
    engine = sa.create_engine(url)
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(sa.text("SET search_path TO public, dbos"))
            yield connection
    finally:
        engine.dispose()


def _file(folder: Path) -> str:
    return f"sqlite:///{folder / 'notreally.db'}"
