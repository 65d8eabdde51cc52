"""`notreally analyze` over folders and lists, as a program, against a real server."""

import asyncio
import csv
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from notreally.v1 import analysis_pb2
from pyarrow import parquet

from tests.servers.ports import wait_for
from tests.unit.client.peer import RUNNING, SUCCEEDED, Peer, events, result, running_peer

MP4 = "\0\0\0\x18ftypmp42"


def judge(peer: Peer, analysis: analysis_pb2.Analysis, content: str) -> None:
    analysis.state = SUCCEEDED
    is_fake = content.endswith("fake")
    verdict = analysis_pb2.VERDICT_LIKELY_FAKE if is_fake else analysis_pb2.VERDICT_LIKELY_REAL
    analysis.result.CopyFrom(result(verdict, 0.9 if is_fake else 0.1))
    peer.record[analysis.name] = events(analysis.name, [RUNNING, SUCCEEDED])


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with running_peer() as running:
        running.on_create = lambda analysis, content: judge(running, analysis, content)
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five media, two of them alike, and what is none."""
    inside = tmp_path / "clips"
    for name, content in (("a/1", "1"), ("a/2.mov", "2"), ("3.mp4", "3 fake"), ("same.mp4", "1"), ("4.mkv", "4")):
        path = inside / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(MP4 + content)
    (inside / "notes.mp4").write_text("only text")
    return inside


async def start(peer: Peer, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *("env", "--default-signal=INT", sys.executable, "-m", "cli.main", "analyze", "--server", peer.address),
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "COLUMNS": "140"},
    )


async def run(peer: Peer, *arguments: str, given: bytes = b"") -> tuple[int | None, str, str]:
    process = await start(peer, *arguments)
    out, err = await asyncio.wait_for(process.communicate(given), 100)
    return process.returncode, out.decode(), err.decode()


async def test_a_folder_is_one_batch_and_nothing_is_done_twice(peer: Peer, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "results.jsonl"
    code, said, told = await run(peer, str(folder), "--out", str(out), "--jobs", "2")
    assert (code, said) == (1, "")
    assert "5 of 5 files" in told
    assert "Likely fake" in told
    records = [json.loads(line) for line in out.read_text().splitlines()]
    assert sorted(Path(record["file"]).name for record in records) == ["1", "2.mov", "3.mp4", "4.mkv", "same.mp4"]
    assert [request.display_name for request in peer.called("CreateBatch")] == ["clips"]
    assert peer.called("CreateBatch")[0].expected == 5
    assert {request.batch for request in peer.called("CreateAnalysis")} == {"batches/1"}
    # Of two files with the same content one was sent.
    assert len(peer.called("CreateUpload")) == 4
    before = out.read_bytes()
    calls = len(peer.calls)
    code, _, told = await run(peer, str(folder), "--out", str(out))
    assert code == 1
    assert "5 done before" in told
    assert out.read_bytes() == before
    assert {name for name, _ in peer.calls[calls:]} == {"GetServerInfo"}


async def test_a_killed_run_goes_on_where_it_was(peer: Peer, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "results.csv"
    process = await start(peer, str(folder), "--out", str(out), "--jobs", "1")
    async with asyncio.timeout(100):
        await asyncio.to_thread(wait_for, lambda: out.exists() and len(out.read_bytes().splitlines()) >= 3, 90.0)
        process.kill()
        await process.communicate()
    code, _, _ = await run(peer, str(folder), "--out", str(out))
    assert code == 1
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert sorted(Path(row["file"]).name for row in rows) == ["1", "2.mov", "3.mp4", "4.mkv", "same.mp4"]
    created = [request for request in peer.called("CreateAnalysis") if request.upload]
    assert len(created) == len({bytes(peer.data[request.upload]) for request in created})


async def test_a_list_and_parquet(peer: Peer, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "results.parquet"
    paths = f"{folder / '4.mkv'}\n# not this one\n{folder / 'a'}\n".encode()
    code, _, _ = await run(peer, "--from", "-", "--out", str(out), given=paths)
    assert code == 0
    rows = parquet.read_table(out).to_pylist()
    assert sorted((Path(row["file"]).name, row["verdict"]) for row in rows) == [
        ("1", "likely_real"),
        ("2.mov", "likely_real"),
        ("4.mkv", "likely_real"),
    ]


async def test_standard_input_is_a_file(peer: Peer) -> None:
    code, out, _ = await run(peer, "--json", "-", given=(MP4 + "fake").encode())
    assert code == 1
    record = json.loads(out)
    assert (record["file"], record["results"]["verdict"]) == ("-", "likely_fake")


async def test_a_folder_is_watched_until_it_is_enough(peer: Peer, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    process = await start(peer, "--watch", str(inbox), "--json")
    assert process.stdout is not None
    async with asyncio.timeout(100):
        for number in (1, 2):
            (inbox / f"{number}.mp4").write_text(f"{MP4}{number} fake")
            record = json.loads(await process.stdout.readline())
            assert Path(record["file"]).name == f"{number}.mp4"
        process.send_signal(signal.SIGINT)
        await process.communicate()
    assert process.returncode == 1
    assert len(peer.called("CreateBatch")) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--out", "results.xls", "."], "jsonl"),
        (["--from", "nowhere.txt"], "nowhere.txt"),
        ([], "Name files"),
    ],
)
async def test_mistakes_are_sentences(peer: Peer, arguments: list[str], words: str) -> None:
    code, out, err = await run(peer, *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert "Traceback" not in err


async def test_an_empty_folder_is_no_verdict(peer: Peer, tmp_path: Path) -> None:
    code, _, err = await run(peer, str(tmp_path))
    assert code == 2
    assert "No video or sound recording" in err
