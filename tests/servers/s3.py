"""An S3 store: moto's server, which speaks the real protocol over HTTP, and remembers what it was asked."""

import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.ports import free_ports, wait_for

_START_S = 60.0
_STOP_S = 30.0


@dataclass(frozen=True)
class S3:
    """A running store."""

    port: int
    log: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process needs to reach it, in the words of every S3 client."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
        }

    @contextmanager
    def in_environment(self) -> Iterator[None]:
        """This process and the children it starts find it, for as long as the block lasts."""
        # A proxy for the web has no business between here and here.
        no_proxy = ",".join(filter(None, (os.environ.get("NO_PROXY"), "127.0.0.1")))
        told = {**self.environment, "NO_PROXY": no_proxy}
        before = {name: os.environ.get(name) for name in told}
        os.environ.update(told)
        try:
            yield
        finally:
            for name, value in before.items():
                os.environ.pop(name)
                if value is not None:
                    os.environ[name] = value

    def bucket(self) -> str:
        """A new bucket; gives its URL."""
        name = f"notreally-{uuid.uuid4().hex}"
        assert self._status("PUT", f"/{name}") == 200
        return f"s3://{name}"

    def answers_to(self, path: str, method: str = "GET") -> list[dict[str, Any]]:
        """What it has answered so far to requests for paths that a regular expression is found in; see `s3_main`."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line["method"] == method and re.search(path, line["path"])]

    def _status(self, method: str, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request(method, path)
            return connection.getresponse().status
        finally:
            connection.close()

    def is_up(self) -> bool:
        """Whether it is up."""
        try:
            return self._status("GET", "/") == 200
        except OSError:
            return False


@contextmanager
def running_s3() -> Iterator[S3]:
    """Start a store of our own on a free port of the loopback, and stop it in the end."""
    (port,) = free_ports(1)
    with tempfile.NamedTemporaryFile(prefix="notreally-s3-", suffix=".log") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.servers.s3_main", str(port)],
            cwd=Path(__file__).parents[2],
            stdout=log,
            stderr=subprocess.DEVNULL,
        )
        store = S3(port, Path(log.name))
        try:
            wait_for(lambda: process.poll() is not None or store.is_up(), _START_S)
            assert process.poll() is None, "the S3 store did not start"
            yield store
        finally:
            process.terminate()
            process.wait(_STOP_S)
