"""`notreally analyze` as a program, against a real server."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import grpc
import pytest
from notreally.v1 import analysis_pb2

from cli.environment import Environment
from cli.main import main
from cli.serve import CannotServeError, check_ports, services
from tests.unit.client.peer import FAILED, RUNNING, SUCCEEDED, Peer, events, result, running_peer, status

VERDICTS = {
    "real": (analysis_pb2.VERDICT_LIKELY_REAL, 0.1),
    "fake": (analysis_pb2.VERDICT_LIKELY_FAKE, 0.9),
    "unsure": (analysis_pb2.VERDICT_INCONCLUSIVE, 0.5),
    "short": (analysis_pb2.VERDICT_INSUFFICIENT, 0.5),
}


def judge(peer: Peer, analysis: analysis_pb2.Analysis, content: str) -> None:
    """Give the verdict that the content of the file asks for."""
    if content not in VERDICTS:
        analysis.state = FAILED
        analysis.error.CopyFrom(status(grpc.StatusCode.INVALID_ARGUMENT, "NOT_A_VIDEO", "This is not a video."))
        peer.record[analysis.name] = events(analysis.name, [FAILED])
        return
    analysis.state = SUCCEEDED
    analysis.result.CopyFrom(result(*VERDICTS[content]))
    peer.record[analysis.name] = events(analysis.name, [RUNNING, SUCCEEDED])


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with running_peer() as running:
        running.on_create = lambda analysis, content: judge(running, analysis, content)
        yield running


def files(folder: Path, *contents: str) -> list[str]:
    paths = []
    for content in contents:
        path = folder / f"{content}.mp4"
        path.write_text(content)
        paths.append(str(path))
    return paths


async def start(peer: Peer, *arguments: str, stdout: int = asyncio.subprocess.PIPE) -> asyncio.subprocess.Process:
    # As at a terminal: what a shell starts in the background ignores Ctrl-C, and so would this if the tests run there.
    return await asyncio.create_subprocess_exec(
        *("env", "--default-signal=INT"),
        *(sys.executable, "-m", "cli.main", "analyze", "--server", peer.address, *arguments),
        stdout=stdout,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "COLUMNS": "140"},
    )


async def run(peer: Peer, *arguments: str) -> tuple[int | None, str, str]:
    process = await start(peer, *arguments)
    out, err = await asyncio.wait_for(process.communicate(), 100)
    return process.returncode, out.decode(), err.decode()


async def test_a_server_that_is_no_address_is_a_mistake_and_no_verdict(peer: Peer, tmp_path: Path) -> None:
    code, out, err = await run(peer, "--server", "localhost", *files(tmp_path, "real"))
    assert (code, out) == (2, "")
    assert "host:port" in err
    assert peer.calls == []


@pytest.mark.parametrize("port", ["abc", "", "0", "99999"])
def test_a_port_that_is_none_is_a_mistake_and_no_verdict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], port: str
) -> None:
    monkeypatch.delenv("NOTREALLY_SERVER", raising=False)
    monkeypatch.setenv("PORT", port)
    monkeypatch.setenv("COLUMNS", "140")
    monkeypatch.setattr(sys, "argv", ["notreally", "analyze", "a.mp4"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "PORT must be a number from 1 to 65535" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("contents", "code"),
    [
        (["real"], 0),
        (["fake"], 1),
        (["noise"], 2),
        (["unsure"], 3),
        (["real", "short"], 3),
        (["unsure", "fake", "real"], 1),
        (["fake", "noise"], 2),
    ],
)
async def test_exit_code_and_json(peer: Peer, tmp_path: Path, contents: list[str], code: int) -> None:
    returned, out, err = await run(peer, "--json", *files(tmp_path, *contents))
    assert returned == code
    assert err == ""
    records = [json.loads(line) for line in out.splitlines()]
    assert sorted(Path(record["file"]).stem for record in records) == sorted(contents)
    assert all((record["results"] is not None) == (record["status"] == "completed") for record in records)
    assert all((record["error"] is None) == (record["status"] == "completed") for record in records)


async def test_a_person_gets_progress_and_a_report(peer: Peer, tmp_path: Path) -> None:
    returned, out, err = await run(peer, *files(tmp_path, "fake"))
    assert returned == 1
    assert "Likely fake" in out
    assert "nose_jitter" in out
    assert "fake.mp4: uploading, 100%" in err
    assert "fake.mp4: analyzing video, 100%" in err


async def test_one_bad_file_does_not_stop_the_others(peer: Peer, tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.mp4")
    returned, out, _ = await run(peer, "--json", missing, *files(tmp_path, "real"))
    assert returned == 2
    good, broken = sorted((json.loads(line) for line in out.splitlines()), key=lambda record: record["status"])
    assert broken["error"]["reason"] == "FILE_NOT_READABLE"
    assert good["results"]["verdict"] == "likely_real"
    # The same names, whatever became of the file.
    assert broken.keys() == good.keys()


@pytest.mark.parametrize("options", [[], ["--json"]])
async def test_a_name_that_is_no_text_is_shown_as_far_as_it_is(peer: Peer, tmp_path: Path, options: list[str]) -> None:
    odd = tmp_path / os.fsdecode(b"vid\xe9o.mp4")
    odd.write_text("real")
    returned, out, err = await run(peer, *options, str(odd), *files(tmp_path, "unsure"))
    assert returned == 3
    assert "Traceback" not in err
    assert [request.filename for request in peer.called("CreateUpload") if request.size_bytes == 4] == [
        "vid\ufffdo.mp4"
    ]
    assert "vid\ufffdo.mp4" in ("".join(json.loads(line)["file"] for line in out.splitlines()) if options else out)


@pytest.mark.parametrize(
    ("error", "said"), [(KeyError("a defect"), "KeyError: 'a defect'"), (EOFError("cut short"), "Aborted")]
)
def test_an_unexpected_error_is_no_verdict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, said: str
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("cli.main.analyze_files", broken)
    monkeypatch.setattr(sys, "argv", ["notreally", "analyze", "a.mp4"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("options", [[], ["--json"]])
async def test_an_output_that_nobody_reads_is_no_verdict(peer: Peer, tmp_path: Path, options: list[str]) -> None:
    there, gone = os.pipe()
    os.close(there)
    process = await start(peer, *options, *files(tmp_path, "real"), stdout=gone)
    os.close(gone)
    _, err = await asyncio.wait_for(process.communicate(), 100)
    assert process.returncode == 141
    assert b"Error" not in err
    assert b"Exception" not in err


async def test_ctrl_c_cancels_what_it_started(peer: Peer, tmp_path: Path) -> None:
    peer.hold.clear()

    def never_end(analysis: analysis_pb2.Analysis, _content: str) -> None:
        peer.record[analysis.name] = events(analysis.name, [RUNNING])

    peer.on_create = never_end
    process = await start(peer, *files(tmp_path, "real"))
    async with asyncio.timeout(100):
        await peer.watched.wait()
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
    assert process.returncode == 130
    assert [request.name for request in peer.called("CancelAnalysis")] == ["analyses/1"]
    assert b"Traceback" not in err


@pytest.mark.parametrize("options", [[], ["--json"]])
async def test_what_was_analysed_before_is_not_sent_again(peer: Peer, tmp_path: Path, options: list[str]) -> None:
    first = await run(peer, *options, *files(tmp_path, "fake"))
    again = await run(peer, *options, *files(tmp_path, "fake"))
    assert (first[0], again[0]) == (1, 1)
    assert len(peer.called("CreateUpload")) == 1
    assert [request.reuse for request in peer.called("CreateAnalysis")] == [True, True]
    await run(peer, *options, "--anew", *files(tmp_path, "fake"))
    assert len(peer.called("CreateUpload")) == 2
    assert not peer.called("CreateAnalysis")[-1].reuse


async def test_the_version_is_told(peer: Peer, capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.setattr(sys, "argv", ["notreally", "--version"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"notreally {version('notreally')}\n"


async def test_no_server(peer: Peer, tmp_path: Path) -> None:
    await peer.stop()
    returned, out, _ = await run(peer, *files(tmp_path, "real"))
    assert returned == 2
    assert "notreally serve" in out
    await peer.start()


async def test_a_port_in_use_is_a_sentence(peer: Peer) -> None:
    taken = Environment.read({"NOTREALLY_METADATA_LISTEN": peer.address})
    with pytest.raises(CannotServeError, match="NOTREALLY_METADATA_LISTEN"):
        check_ports(taken)


def test_sound_that_is_off_starts_no_service() -> None:
    assert "audio" in services(Environment.read({}))
    assert "audio" not in services(Environment.read({"NOTREALLY_DISABLE_AUDIO": "1"}))
