"""`notreally watch` as a program: streams that ffmpeg serves on this machine, and standard input."""

import asyncio
import dataclasses
import functools
import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.integration.stack import Stack
from tests.servers.ports import free_ports
from tests.synthetic.fixtures import MakeFaceVideo
from tests.synthetic.videos import LIVELY

Event = dict[str, Any]


@pytest.fixture(scope="session")
def clip(face_video: MakeFaceVideo) -> Path:
    return face_video(dataclasses.replace(LIVELY, seconds=6.0))


@asynccontextmanager
async def watching(stack: Stack, *arguments: str, stdin: int = asyncio.subprocess.DEVNULL) -> AsyncIterator[Any]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", "watch", "--server", stack.target, *arguments),
        stdin=stdin,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ,
        limit=1 << 20,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def until(process: Any, wanted: Any) -> list[Event]:
    """Events up to the first one that is wanted."""
    events: list[Event] = []
    async for line in process.stdout:
        events.append(json.loads(line))
        if wanted(events[-1]):
            return events
    raise AssertionError((await process.stderr.read()).decode())


def serve(clip: Path, address: str, *options: str) -> "subprocess.Popen[bytes]":
    """A program that waits for one viewer, and plays the clip to them as fast as time goes by."""
    return subprocess.Popen(
        ["ffmpeg", "-v", "error", "-re", "-i", str(clip), "-c", "copy", *options, address], stdin=subprocess.DEVNULL
    )


async def test_a_stream_is_judged_and_opened_again_when_it_is_back(stack: Stack, clip: Path) -> None:
    (port,) = free_ports(1)
    options = ("-f", "flv", "-listen", "1")
    address = f"rtmp://127.0.0.1:{port}/live/one"
    server = serve(clip, address, *options)
    try:
        async with watching(stack, "--gone", "60", address) as process:
            events = await until(process, lambda event: event["through_s"] > 3.5)
            assert events[0]["state"] == "collecting"
            await asyncio.to_thread(server.wait)
            # It is gone, and comes back.
            server = serve(clip, address, *options)
            events = await until(process, lambda event: event["through_s"] > 9)
            process.send_signal(2)
            last = (await until(process, lambda event: event["state"] == "ended"))[-1]
            assert last["end"] == "asked"
            assert last["windows_analyzed"] >= 2
            assert await asyncio.wait_for(process.wait(), 10) in (0, 1, 3)
            assert last["whole"]["faces"]
            assert b"gives nothing; it is tried again" in await process.stderr.read()
    finally:
        server.kill()
        server.wait()


@pytest.fixture(scope="session")
def transport_stream(clip: Path) -> bytes:
    made = ["ffmpeg", "-v", "error", "-i", str(clip), "-c", "copy", "-f", "mpegts", "pipe:1"]
    return subprocess.run(made, check=True, capture_output=True).stdout


@pytest.fixture
def playlist(clip: Path, tmp_path: Path) -> Iterator[str]:
    """Address of a recorded stream, its pieces behind a small server."""
    made = ["ffmpeg", "-v", "error", "-i", str(clip), "-c", "copy", "-f", "hls", "-hls_time", "2"]
    subprocess.run([*made, "-hls_playlist_type", "vod", str(tmp_path / "clip.m3u8")], check=True)
    handler = functools.partial(_Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/clip.m3u8"
        server.shutdown()


async def test_standard_input_is_judged_whole_however_fast_it_comes(stack: Stack, transport_stream: bytes) -> None:
    async with watching(stack, "-", stdin=asyncio.subprocess.PIPE) as process:
        out, err = await process.communicate(transport_stream)
    *_, last = [json.loads(line) for line in out.splitlines()]
    assert (last["state"], last["windows_analyzed"], last["windows_skipped"]) == ("ended", 2, 0), err
    assert [face["number"] for face in last["faces"]] == [1]
    assert last["whole"]["features"]["voice_log_odds"] is not None


async def test_a_playlist_is_followed(stack: Stack, playlist: str) -> None:
    async with watching(stack, "--gone", "0", playlist) as process:
        out, err = await process.communicate()
    *_, last = [json.loads(line) for line in out.splitlines()]
    assert last["state"] == "ended", err
    assert last["windows_analyzed"] + last["windows_skipped"] == 2


async def test_what_cannot_be_watched_is_an_error_with_a_sentence(stack: Stack) -> None:
    for name, said in (("clip.mp4", b"cannot be watched"), ("tcp://127.0.0.1:1", b"Nothing came from")):
        async with watching(stack, "--gone", "0", name) as process:
            _, err = await process.communicate()
        assert process.returncode == 2
        assert said in err


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""
