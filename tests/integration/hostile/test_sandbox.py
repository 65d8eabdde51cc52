"""A worker that was taken over can do nothing with its powers, and without being confined it could."""

import hashlib
import json
import os
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Literal

import pytest
from notreally.v1 import media_pb2

from client import NotReally
from services.audio.__main__ import workers as audio_workers
from services.audio.settings import AudioSettings
from services.face.__main__ import workers as face_workers
from services.face.settings import FaceSettings
from services.kit.media.store import MediaStore, media_key
from services.kit.sandbox import confinement, landlock
from services.kit.workers.family import MOST
from services.kit.workers.lending import Lending, lent
from services.kit.workers.pool import WorkerProcesses
from services.metadata.__main__ import workers as metadata_workers
from services.metadata.settings import MetadataSettings
from tests.integration.hostile import probes
from tests.integration.stack import FEW_WORKERS, Stack, free_ports, running_process

needs_landlock = pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")
SERVICES = ["face", "audio", "metadata"]

# Refused by Landlock alone, or from its sixth version on.
BY_LANDLOCK = re.compile("reading|a file|the video itself|the service's (memory|environment)|a shell|Python")
SINCE_SIX = {"a signal to the service"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder as in use: a database, and a media store with two videos."""
    (tmp_path / "notreally.db").write_text("a step log")
    (tmp_path / "media" / "media" / "aa").mkdir(parents=True)
    for name in ("own", "other"):
        (tmp_path / "media" / "media" / "aa" / name).write_text(f"a video: {name}")
    (tmp_path / "scratch").mkdir()
    return tmp_path


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def made(service: str, folder: Path, sandbox: Literal["on", "require", "off"]) -> WorkerProcesses:
    """The service's own workers, by its own rules."""
    common: dict[str, Any] = {"media_url": str(folder / "media"), "worker_spares": 0, "sandbox": sandbox}
    store = MediaStore.open((folder / "media").as_uri())
    match service:
        case "face":
            return face_workers(FaceSettings(face_workers=1, **common), store, probes.face_warm_up)
        case "audio":
            return audio_workers(AudioSettings(audio_workers=1, **common), store, probes.audio_warm_up)
        case _:
            return metadata_workers(MetadataSettings(metadata_workers=1, **common), store, probes.metadata_warm_up)


def kept(store: Path, video: Path) -> str:
    """The SHA-256 of a video that is now in a store."""
    sha256 = hashlib.sha256(video.read_bytes()).hexdigest()
    (store / media_key(sha256)).parent.mkdir(parents=True)
    shutil.copy(video, store / media_key(sha256))
    return sha256


async def probed(pool: WorkerProcesses, folder: Path, port: int) -> dict[str, str]:
    videos = folder / "media" / "media" / "aa"
    others = [
        *(videos / "other", folder / "notreally.db", Path("/etc/passwd"), Path(__file__)),
        Path("/proc/1/status"),
    ]
    own = nullcontext(videos / "own")
    items = pool.stream_file(own, probes.everything, others, os.getpid(), port, folder / "scratch")
    (answer,) = [item async for item in items]
    found: dict[str, str] = json.loads(answer)
    return found


@pytest.mark.parametrize("service", SERVICES)
async def test_a_worker_that_was_taken_over_gets_nowhere(service: str, folder: Path, listening: int) -> None:
    async with made(service, folder, "on") as pool:
        found = await probed(pool, folder, listening)
    assert (found.pop("its own video"), found.pop("a thread")) == (probes.DONE, probes.DONE)
    level = landlock.version()
    excused = {name for name in found if not level and BY_LANDLOCK.search(name)} | (SINCE_SIX if level < 6 else set())
    assert {name: how for name, how in found.items() if how == probes.DONE} == dict.fromkeys(excused, probes.DONE)
    assert not list((folder / "scratch").iterdir())


async def test_the_same_worker_unconfined_gets_everywhere(folder: Path, listening: int) -> None:
    async with made("metadata", folder, "off") as pool:
        found = await probed(pool, folder, listening)
    # Other rules than ours forbid these on some machines: those of the system, and that its processes do not change it.
    elsewhere = {"tracing the service", "the service's memory", "a limit for the service", "a shell by the loader"}
    assert {name: how for name, how in found.items() if how != probes.DONE and name not in elsewhere} == {}


async def test_a_worker_has_few_children_at_a_time_and_any_number_in_the_end(folder: Path) -> None:
    async with made("metadata", folder, "on") as pool:
        own = nullcontext(folder / "media" / "media" / "aa" / "own")
        (answer,) = [item async for item in pool.stream_file(own, probes.children)]
    assert json.loads(answer) == {"at a time": MOST - 1, "in the end": 3 * MOST}


@pytest.mark.parametrize("service", SERVICES)
def test_the_workers_of_a_running_system_are_confined(stack: Stack, service: str) -> None:
    workers = Path(f"/proc/{stack.children[service]}/task/{stack.children[service]}/children").read_text().split()
    assert workers
    for worker in workers:
        status = Path(f"/proc/{worker}/status").read_text()
        assert re.search(r"^NoNewPrivs:\t1$", status, re.MULTILINE)
        assert re.search(r"^Seccomp:\t2$", status, re.MULTILINE)


@needs_landlock
async def test_a_video_that_others_are_read_beside_is_gone_from_the_workers_folder(
    client: NotReally, stack: Stack, silent: Path
) -> None:
    await client.analyze(silent)
    lent = [path for path in (stack.home.folder / "workers").rglob("*") if path.name == "video"]
    assert lent == []


async def test_unconfined_workers_give_the_same_result(
    client: NotReally, stack: Stack, talking: Path, tmp_path: Path
) -> None:
    confined = (await client.analyze(talking)).result
    port, *ports = free_ports(4)
    addresses = {name: f"127.0.0.1:{number}" for name, number in zip(SERVICES, ports, strict=True)}
    settings = {"NOTREALLY_SANDBOX": "off", "NOTREALLY_MEDIA_URL": stack.home.media_url, "NOTREALLY_FACE_WORKERS": "1"}
    targets = {f"NOTREALLY_{name.upper()}_TARGET": address for name, address in addresses.items()}

    def free(name: str) -> Any:
        listen = {f"NOTREALLY_{name.upper()}_LISTEN": addresses[name]}
        return running_process(f"services.{name}", addresses[name], **listen, **settings, **FEW_WORKERS)

    gateway = running_process("gateway", f"127.0.0.1:{port}", **stack.gateway(tmp_path, port, **targets))
    with free("face"), free("audio"), free("metadata"), gateway:
        async with NotReally(f"127.0.0.1:{port}") as other:
            unconfined = (await other.analyze(talking)).result
    for result in (confined, unconfined):
        del result.timings[:]
    assert unconfined == confined


async def test_where_the_kernel_cannot_confine_a_service_says_so_and_goes_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("services.kit.workers.pool.missing", lambda: ["Landlock"])
    async with made("metadata", folder, "on") as pool:
        assert pool.pids
    assert "This kernel has no Landlock: see docs/security.md." in capsys.readouterr().out


async def test_where_it_must_confine_and_cannot_it_does_not_start(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("services.kit.workers.pool.missing", lambda: ["Landlock", "seccomp"])
    pool = made("metadata", folder, "require")
    with pytest.raises(SystemExit) as caught:
        await pool.__aenter__()
    assert caught.value.code == 1
    assert "This kernel has no Landlock and no seccomp" in capsys.readouterr().out
    assert pool.pids == []


def test_what_is_missing_is_what_the_kernel_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landlock, "version", lambda: 0)
    assert "Landlock" in confinement.missing()


@needs_landlock
@pytest.mark.parametrize("service", ["audio", "metadata"])
async def test_where_files_take_no_second_names_programs_have_the_store_and_nothing_else(
    service: str, folder: Path, listening: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Lending, "begin", lambda _: None)
    async with made(service, folder, "on") as pool:
        found = await probed(pool, folder, listening)
    readable = {name for name, how in found.items() if how == probes.DONE and name.startswith("reading")}
    assert readable == {f"reading {folder / 'media' / 'media' / 'aa' / 'other'}"}
    assert "workers can read all videos" in capsys.readouterr().out


async def test_where_files_take_no_second_names_face_reads_through_its_service(
    folder: Path, silent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lending, "begin", lambda _: None)
    sha256 = kept(folder / "media", silent)
    stored = await MediaStore.open((folder / "media").as_uri()).stored_video(media_pb2.MediaRef(sha256=sha256))
    async with made("face", folder, "on") as pool:
        (read,) = [item async for item in pool.stream_video(stored, probes.hashed)]
    assert read.decode() == sha256


def test_a_second_name_is_there_for_as_long_as_it_is_lent(folder: Path) -> None:
    lending = Lending.begin(folder / "media")
    assert lending is not None
    mine = lending.for_worker()
    own = folder / "media" / "media" / "aa" / "own"
    with lent(own, mine) as name:
        assert name.parent == mine
        assert name.samefile(own)
    assert list(mine.iterdir()) == []
    with lent(own.with_name("gone"), mine) as name:
        assert name == own.with_name("gone")
    lending.close()
    assert list((folder / "media" / "workers").iterdir()) == []


def test_what_a_killed_service_left_behind_goes_and_what_another_uses_stays(folder: Path) -> None:
    other = Lending.begin(folder / "media")
    left_behind = folder / "media" / "workers" / "left"
    left_behind.mkdir()
    (left_behind / "video").touch()
    lending = Lending.begin(folder / "media")
    assert other is not None
    assert lending is not None
    assert not left_behind.exists()
    assert other.for_worker().is_dir()
    other.close()
    lending.close()
