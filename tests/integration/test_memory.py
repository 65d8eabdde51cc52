"""No process on the way holds an upload: 100 MB pass through, and nobody grows by more than a fraction of that."""

import asyncio
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.footprint import footprints, forget_peaks
from client import NotReally
from tests.integration.stack import Stack

_MAX_GROWTH = 32_000_000
"""Bytes. Buffers on the way hold about 5 MB at once; the rest is what allocators keep for later: 10 to 22 MB in the
gateway, by the machine. Who held the upload would grow by three times the limit."""


def _grpc(stack: Stack, path: Path) -> None:
    async def upload() -> None:
        async with NotReally(stack.target) as client:
            assert (await client.upload(path)).complete

    asyncio.run(upload())


def _curl(stack: Stack, *body: str) -> None:
    url = f"{stack.url}/api/analyze?filename=large.mp4"
    answer = subprocess.run(["curl", "--silent", *body, url], check=True, capture_output=True, timeout=60).stdout
    assert b"job_id" in answer, answer


def _raw(stack: Stack, path: Path) -> None:
    _curl(stack, "-X", "POST", "--upload-file", str(path))


def _form(stack: Stack, path: Path) -> None:
    _curl(stack, "--form", f"file=@{path}")


@pytest.mark.parametrize("send", [_grpc, _raw, _form])
def test_a_large_upload_makes_no_process_grow(
    stack: Stack, tmp_path: Path, send: Callable[[Stack, Path], None]
) -> None:
    warm, large = tmp_path / "warm.mp4", tmp_path / "large.mp4"
    # No video, so that what is measured is the way in and not an analysis.
    warm.write_bytes(os.urandom(8_000_000))
    large.write_bytes(os.urandom(100_000_000 - 1000))
    send(stack, warm)
    before = {each.pid: each.rss for each in footprints(stack.process.pid)}
    forget_peaks(stack.process.pid)
    send(stack, large)
    growth = {
        f"{each.name} {each.pid}": each.peak_rss - before[each.pid]
        for each in footprints(stack.process.pid)
        if each.pid in before
    }
    assert {"gateway", "envoy", "face", "audio"} <= {name.split()[0] for name in growth}
    assert {name: grown for name, grown in growth.items() if grown > _MAX_GROWTH} == {}
