"""A service that is gone for good, or not wanted, costs its features, or the analysis, and says so."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path

import pytest
from notreally.v1 import analysis_pb2, features_pb2

from client import NotReally, ServiceError
from services.kit.media.store import media_key
from tests.integration.stack import FEW_WORKERS, Stack, free_ports, running_process
from tests.integration.test_analysis import SOUND, present

SHORT = "0.5"


@asynccontextmanager
async def gateway(stack: Stack, folder: Path, **changes: str) -> AsyncIterator[NotReally]:
    """A client of one more gateway that knows some services under addresses where nobody is."""
    (port,) = free_ports(1)
    settings = stack.gateway(folder, port, **changes)
    with ExitStack() as exits:
        running = running_process("gateway", f"127.0.0.1:{port}", **settings)
        await asyncio.to_thread(exits.enter_context, running)
        async with AsyncExitStack() as clients:
            yield await clients.enter_async_context(NotReally(f"127.0.0.1:{port}"))


def nowhere() -> str:
    return f"127.0.0.1:{free_ports(1)[0]}"


async def test_without_audio_and_metadata_the_face_is_judged_alone(
    stack: Stack, client: NotReally, talking: Path, tmp_path: Path
) -> None:
    whole = (await client.analyze(talking)).result
    gone = {
        "NOTREALLY_AUDIO_TARGET": nowhere(),
        "NOTREALLY_METADATA_TARGET": nowhere(),
        "NOTREALLY_AUDIO_PATIENCE_S": SHORT,
        "NOTREALLY_METADATA_PATIENCE_S": SHORT,
    }
    events: list[analysis_pb2.AnalysisEvent] = []
    async with gateway(stack, tmp_path, **gone) as without:
        result = (await without.analyze(talking, events.append)).result

    assert [warning.reason for warning in result.warnings] == ["METADATA_UNAVAILABLE", "AUDIO_UNAVAILABLE"]
    assert all(warning.text in result.summary for warning in result.warnings)
    missing = {*SOUND, "log10_bits_per_pixel"}
    assert present(result.features) == present(whole.features) - missing
    assert result.features.blink_rate_per_min == pytest.approx(whole.features.blink_rate_per_min, rel=0.05)
    lanes = {lane.modality: lane.state for event in events for lane in event.modalities}
    assert lanes[features_pb2.MODALITY_AUDIO] == analysis_pb2.MODALITY_STATE_FAILED
    assert lanes[features_pb2.MODALITY_METADATA] == analysis_pb2.MODALITY_STATE_FAILED


async def test_audio_can_be_switched_off(stack: Stack, talking: Path, tmp_path: Path) -> None:
    async with gateway(stack, tmp_path, NOTREALLY_DISABLE_AUDIO="1") as deaf:
        assert not (await deaf.server_info()).audio_enabled
        result = (await deaf.analyze(talking)).result
    assert present(result.features).isdisjoint(SOUND)


async def test_without_a_face_service_an_analysis_fails_and_the_next_is_told_at_once(
    stack: Stack, silent: Path, tmp_path: Path
) -> None:
    gone = {"NOTREALLY_FACE_TARGET": nowhere(), "NOTREALLY_FACE_PATIENCE_S": "3"}
    async with gateway(stack, tmp_path, **gone) as without:
        took: list[float] = []
        for _ in range(2):
            began = time.monotonic()
            with pytest.raises(ServiceError) as caught:
                await without.analyze(silent)
            took.append(time.monotonic() - began)
            assert caught.value.reason == "FACE_UNAVAILABLE"
        assert took[0] >= 3
        assert took[1] < took[0]


async def test_without_a_classifier_an_analysis_fails(stack: Stack, silent: Path, tmp_path: Path) -> None:
    gone = {"NOTREALLY_CLASSIFIER_TARGET": nowhere(), "NOTREALLY_CLASSIFIER_PATIENCE_S": SHORT}
    async with gateway(stack, tmp_path, **gone) as without:
        with pytest.raises(ServiceError) as caught:
            await without.analyze(silent)
    assert caught.value.reason == "CLASSIFIER_UNAVAILABLE"


async def test_an_analysis_may_wait_for_the_face_service(stack: Stack, silent: Path, tmp_path: Path) -> None:
    address = nowhere()
    waits = {"NOTREALLY_FACE_TARGET": address, "NOTREALLY_FACE_PATIENCE_S": "0", "NOTREALLY_WITHOUT_FACE": "wait"}
    async with gateway(stack, tmp_path, **waits) as client:
        created = await client.create_analysis((await client.upload(silent)).name)
        with ExitStack() as exits:
            async for event in client.watch([created.name]):
                texts = [lane.text for lane in event.modalities]
                if "waiting for the face service" in texts and address:
                    face = {"NOTREALLY_FACE_LISTEN": address, "NOTREALLY_MEDIA_URL": stack.home.media_url}
                    face |= {"NOTREALLY_FACE_WORKERS": "1", **FEW_WORKERS}
                    await asyncio.to_thread(exits.enter_context, running_process("services.face", address, **face))
                    address = ""
        assert address == "", "nobody said that the face service was waited for"
        assert event.state == analysis_pb2.ANALYSIS_STATE_SUCCEEDED


async def test_a_video_that_is_gone_is_a_reason(client: NotReally, stack: Stack, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"soon to be gone")
    upload = await client.upload(path)
    await stack.home.media.delete(media_key(upload.sha256))
    created = await client.create_analysis(upload.name)
    async for event in client.watch([created.name]):
        last = event
    assert last.state == analysis_pb2.ANALYSIS_STATE_FAILED
    with pytest.raises(ServiceError) as caught:
        await client.result(created.name)
    assert caught.value.reason == "MEDIA_NOT_FOUND"


async def test_a_file_that_was_changed_in_the_store_is_not_given_out_as_the_one_that_was_sent(
    client: NotReally, stack: Stack, tmp_path: Path
) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"soon to be another")
    upload = await client.upload(path)
    created = await client.create_analysis(upload.name)
    async for _ in client.watch([created.name]):
        pass
    assert b"".join([piece async for piece in client.download(created.name)]) == b"soon to be another"
    await stack.home.media.put(media_key(upload.sha256), b"alas, it is other.")
    with pytest.raises(ServiceError) as caught:
        _ = [piece async for piece in client.download(created.name)]
    assert caught.value.reason == "MEDIA_DAMAGED"
    await client.delete(created.name)
