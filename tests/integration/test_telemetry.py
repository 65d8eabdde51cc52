"""One trace an analysis, from the edge to every service; and numbers that say what was done."""

import asyncio
import secrets
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import grpc
import pytest
from notreally.v1 import analysis_pb2, analysis_pb2_grpc
from prometheus_client.parser import text_string_to_metric_families

from client import NotReally
from tests.integration.stack import Stack, wait_for
from tests.servers.collector import Collector

pytestmark = pytest.mark.parametrize("stack", ["cluster_stack"], indirect=True)

CREATE = "notreally.v1.AnalysisService/CreateAnalysis"
FACE, AUDIO = "notreally.v1.FaceService/ExtractWindows", "notreally.v1.AudioService/ExtractWindows"
PROBE, CLASSIFY = "notreally.v1.MetadataService/Probe", "notreally.v1.ClassifierService/Classify"

EDGES = {
    ("notreally-edge", "notreally-gateway", CREATE),
    ("notreally-gateway", "notreally-gateway", "analyze"),
    ("notreally-gateway", "notreally-gateway", "prepare"),
    ("notreally-gateway", "notreally-gateway", "extract_faces"),
    ("notreally-gateway", "notreally-gateway", "extract_sound"),
    ("notreally-gateway", "notreally-gateway", "conclude"),
    ("notreally-gateway", "notreally-metadata", PROBE),
    ("notreally-gateway", "notreally-face", FACE),
    ("notreally-gateway", "notreally-audio", AUDIO),
    ("notreally-gateway", "notreally-classifier", CLASSIFY),
}


async def test_an_analysis_is_one_trace_through_all_services(
    stack: Stack, client: NotReally, collector: Collector, talking: Path
) -> None:
    upload = await client.upload(talking)
    trace = secrets.token_hex(16)
    parent = f"00-{trace}-{secrets.token_hex(8)}-01"
    async with grpc.aio.insecure_channel(stack.target) as channel:
        stub = analysis_pb2_grpc.AnalysisServiceStub(channel)
        request = analysis_pb2.CreateAnalysisRequest(upload=upload.name)
        created = await stub.CreateAnalysis(request, metadata=[("traceparent", parent)])
    async for event in client.watch([created.name]):
        assert event.state != analysis_pb2.ANALYSIS_STATE_FAILED

    def edges() -> set[tuple[str, str, str]]:
        return {(caller, service, name) for caller, _, service, name in collector.edges(trace)}

    await asyncio.to_thread(wait_for, lambda: edges() >= EDGES, 30.0)
    spans = collector.trace(trace)
    workflow = next(span for span in spans if span.name == "analyze")
    steps = {span.name: span.parent for span in spans if span.name in ("prepare", "extract_faces", "conclude")}
    assert steps == dict.fromkeys(steps, workflow.id)
    # Nothing hangs in the air: everything leads back to the caller's own span.
    ids = {span.id for span in spans} | {parent.split("-")[2]}
    assert [span for span in spans if span.parent not in ids] == []


def numbers(address: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
        families = text_string_to_metric_families(answer.read().decode())
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in families
            for sample in family.samples
        }


def grown(
    before: Mapping[tuple[str, tuple[tuple[str, str], ...]], float],
    after: Mapping[tuple[str, tuple[tuple[str, str], ...]], float],
) -> dict[str, float]:
    """By how much each counter has grown, under its name and the values of its labels."""
    return {
        " ".join([name, *(value for _, value in labels)]): value - before.get((name, labels), 0.0)
        for (name, labels), value in after.items()
        if value != before.get((name, labels), 0.0)
    }


async def test_numbers_say_what_was_done(
    stack: Stack, client: NotReally, cluster_metrics: Mapping[str, str], silent: Path, tmp_path: Path
) -> None:
    def all_numbers() -> dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]]:
        return {service: numbers(address) for service, address in cluster_metrics.items()}

    before = await asyncio.to_thread(all_numbers)
    analysis = await client.analyze(silent)
    broken = tmp_path / "clip.mp4"
    broken.write_bytes(b"no video")
    failing = await client.create_analysis((await client.upload(broken)).name)
    async for _ in client.watch([failing.name]):
        pass
    after = await asyncio.to_thread(all_numbers)
    gateway, face, metadata = (grown(before[name], after[name]) for name in ("gateway", "face", "metadata"))

    verdict = analysis_pb2.Verdict.Name(analysis.result.verdict).removeprefix("VERDICT_").lower()
    assert gateway[f"notreally_verdicts_total {verdict}"] == 1
    assert gateway["notreally_analyses_ended_total  succeeded"] == 1
    assert gateway["notreally_analyses_ended_total NOT_A_VIDEO failed"] == 1
    assert gateway["notreally_stage_seconds_count analyzing_video"] == 1
    assert gateway["notreally_analysis_seconds_count"] == 1
    assert gateway["notreally_line_seconds_count"] == 2
    assert face["notreally_frames_total"] == analysis.result.quality.frames_analyzed
    assert face["notreally_media_read_bytes_total"] > 0
    assert face[f"notreally_calls_total /{FACE} OK"] >= 1
    assert metadata[f"notreally_calls_total /{PROBE} NOT_A_VIDEO"] == 1
    assert metadata[f"notreally_call_seconds_count /{PROBE}"] == 2

    now = after["gateway"]
    assert now["notreally_queue_depth", ()] == 0
    assert now["notreally_queue_oldest_seconds", ()] == 0
    assert now["notreally_under_way", ()] == 0
    assert after["face"]["notreally_workers", ()] >= 1
    assert after["face"]["notreally_workers_busy", ()] == 0
