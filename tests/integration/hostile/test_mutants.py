"""Damaged clips, sent to the services themselves: each call ends, and the services go on."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from notreally.v1 import (
    audio_pb2,
    audio_pb2_grpc,
    face_pb2,
    face_pb2_grpc,
    media_pb2,
    metadata_pb2,
    metadata_pb2_grpc,
)

from client import NotReally
from services.kit.errors import refusal_of
from tests.integration.hostile.mutants import mutant
from tests.integration.hostile.test_inputs import stored
from tests.integration.hostile.workshop import Workshop
from tests.integration.stack import Stack

# Each kind of damage to each of the clips; and many more.
EACH = 42
# `make fuzz` asks for more.
MANY = int(os.environ.get("FUZZ_MUTANTS", "200"))
DEADLINE_S = 45.0
AT_ONCE = 4
GROWTH_KB = 400 * 1024
WINDOW = [media_pb2.TimeWindow(index=0, start_s=0, end_s=1)]

# Anything else would be a crash, a hang or a defect that reached the caller.
ANSWERS = {
    "metadata": {"", "NOT_A_VIDEO", "INCOMPLETE_FILE", "NO_VIDEO_STREAM", "FRAME_TOO_LARGE", "PROBE_FAILED"},
    "face": {"", "NOT_A_VIDEO", "NO_VIDEO_STREAM", "FRAME_TOO_LARGE", "UNSUPPORTED_CODEC", "NO_DECODABLE_FRAME"},
    "audio": {""},
}


async def _probe(channel: grpc.aio.Channel, media: media_pb2.MediaRef) -> None:
    stub = metadata_pb2_grpc.MetadataServiceStub(channel)
    await stub.Probe(metadata_pb2.ProbeRequest(media=media), timeout=DEADLINE_S)


async def _faces(channel: grpc.aio.Channel, media: media_pb2.MediaRef) -> None:
    request = face_pb2.FaceServiceExtractWindowsRequest(media=media, windows=WINDOW, max_frames=20)
    stub = face_pb2_grpc.FaceServiceStub(channel)
    windows = [answer async for answer in stub.ExtractWindows(request, timeout=DEADLINE_S) if answer.HasField("window")]
    assert len(windows) == 1
    assert len(windows[0].window.frame_times_s) <= 20


async def _sound(channel: grpc.aio.Channel, media: media_pb2.MediaRef) -> None:
    request = audio_pb2.AudioServiceExtractWindowsRequest(media=media, windows=WINDOW)
    stub = audio_pb2_grpc.AudioServiceStub(channel)
    windows = [answer async for answer in stub.ExtractWindows(request, timeout=DEADLINE_S) if answer.HasField("window")]
    assert len(windows) == 1


CALLS: dict[str, Callable[[Any, media_pb2.MediaRef], Awaitable[None]]] = {
    "metadata": _probe,
    "face": _faces,
    "audio": _sound,
}


async def _answer(call: Awaitable[None]) -> str:
    """The reason of a refusal; empty for an answer."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        refusal = refusal_of(error)
        return refusal.reason if refusal else f"no reason: {error.code().name} {error.details()}"
    return ""


def processes(stack: Stack) -> dict[str, int]:
    """Process id of each server of the running system, by its command line."""
    children = Path(f"/proc/{stack.process.pid}/task/{stack.process.pid}/children").read_text().split()
    return {Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " "): int(pid) for pid in children}


def resident_kb(pid: int) -> int:
    """Memory of a process, in kibibytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


@pytest.mark.timeout(400 + 2 * MANY)
@pytest.mark.parametrize("mutants", [EACH, pytest.param(MANY, marks=pytest.mark.long)])
async def test_no_mutant_kills_hangs_or_confuses_a_service(stack: Stack, shop: Workshop, mutants: int) -> None:
    good = [
        shop.made(suffix, "-t", "0.6", "-i", str(shop.face), "-s", "192x144", "-g", "5", *options)
        for suffix, options in (
            ("mp4", ("-c:v", "libx264", "-c:a", "aac")),
            ("mkv", ("-c:v", "libx264", "-c:a", "libvorbis")),
            ("ts", ("-c:v", "mpeg2video", "-c:a", "mp2")),
            ("webm", ("-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus")),
        )
    ]
    # Half of them MP4, which has the most places to lie in.
    clips = [clip for other in good[1:] for clip in (good[0], other)]
    media = [stored(stack, mutant(clips[number % len(clips)], number)) for number in range(mutants)]
    async with NotReally(stack.target) as client:
        before = (await client.analyze(shop.face)).result.features
        running = processes(stack)
        resident = {name: resident_kb(pid) for name, pid in running.items()}
        answers, slowest_s = await asked_all(stack, media)
        assert {service: set(reasons) - ANSWERS[service] for service, reasons in answers.items()} == {
            service: set() for service in CALLS
        }
        # All damage and no refusal would mean that nothing was damaged, and the other way round.
        assert 0 < answers["metadata"][""] < mutants
        assert 0 < answers["face"][""] < mutants
        assert slowest_s < DEADLINE_S

        assert processes(stack) == running
        for name, pid in running.items():
            assert resident_kb(pid) - resident[name] < GROWTH_KB, name
        for address in stack.addresses.values():
            async with grpc.aio.insecure_channel(address) as channel:
                health = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=10)
                assert health.status == health_pb2.HealthCheckResponse.SERVING
        assert (await client.analyze(shop.face)).result.features == before
    assert shop.bait.taken() == []


async def asked_all(stack: Stack, media: list[media_pb2.MediaRef]) -> tuple[dict[str, Counter[str]], float]:
    """Every service's answers to every mutant, and how long the slowest took."""
    places = asyncio.Semaphore(AT_ONCE)
    answers: dict[str, Counter[str]] = {service: Counter() for service in CALLS}
    took: list[float] = []

    async def ask(service: str, channel: grpc.aio.Channel, one: media_pb2.MediaRef) -> None:
        async with places:
            began = time.monotonic()
            answers[service][await _answer(CALLS[service](channel, one))] += 1
            took.append(time.monotonic() - began)

    async with (
        grpc.aio.insecure_channel(stack.addresses["metadata"]) as metadata,
        grpc.aio.insecure_channel(stack.addresses["face"]) as face,
        grpc.aio.insecure_channel(stack.addresses["audio"]) as audio,
    ):
        channels = {"metadata": metadata, "face": face, "audio": audio}
        await asyncio.gather(*(ask(service, channels[service], one) for one in media for service in CALLS))
    print(answers, f"slowest {max(took):.1f} s")
    return answers, max(took)


def test_a_mutant_is_the_same_every_time(shop: Workshop) -> None:
    clip = shop.clip()
    assert [mutant(clip, number) for number in range(14)] == [mutant(clip, number) for number in range(14)]
    assert all(mutant(clip, number) != clip for number in range(14))
