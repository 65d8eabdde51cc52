"""A video through every service, over the public port."""

import asyncio
import dataclasses
import hashlib
import uuid
from pathlib import Path

import grpc
import pytest
from google.protobuf import field_mask_pb2
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from notreally.v1 import analysis_pb2, analysis_pb2_grpc, features_pb2

from client import NotReally, ServiceError
from gateway.features.vector import FEATURES
from services.kit.errors import refusal_of
from services.kit.media.store import media_key
from tests.integration.stack import Stack, wait_for
from tests.servers.home import BOTH
from tests.synthetic.fixtures import MakeFaceVideo
from tests.synthetic.videos import TALKING

pytestmark = BOTH

SOUND = ("voice_log_odds", "mfcc_mean", "mfcc_std", "av_sync_corr")


def present(vector: features_pb2.FeatureVector) -> set[str]:
    return {spec.name for spec in FEATURES if vector.HasField(spec.name)}  # type: ignore[arg-type]


async def test_a_talking_face_gets_a_verdict_with_all_ten_features(client: NotReally, lively: Path) -> None:
    events: list[analysis_pb2.AnalysisEvent] = []
    analysis = await client.analyze(lively, events.append)
    result = analysis.result

    assert present(result.features) == {spec.name for spec in FEATURES}
    assert result.features.blink_rate_per_min == pytest.approx(15, abs=0.5)
    assert result.features.av_sync_corr > 0.5
    assert [c.feature for c in result.contributions] == [spec.name for spec in FEATURES]
    assert result.prob_real + result.prob_fake == pytest.approx(1)
    assert result.authenticity_score == pytest.approx(100 * result.prob_real)
    assert result.summary
    assert result.quality.face_coverage == 1.0
    assert result.quality.frames_analyzed == 360
    assert result.metadata.video.codec == "h264"
    assert result.model.version
    assert len(result.faces) == 1
    assert 1 <= len(result.faces[0].thumbnails) <= 8
    assert {t.stage for t in result.timings} == {
        analysis_pb2.STAGE_READING_METADATA,
        analysis_pb2.STAGE_ANALYZING_VIDEO,
        analysis_pb2.STAGE_ANALYZING_AUDIO,
        analysis_pb2.STAGE_FINALIZING,
    }

    recorded = [event for event in events if event.sequence]
    assert [event.sequence for event in recorded] == list(range(1, len(recorded) + 1))
    percents = [event.percent for event in recorded]
    assert percents == sorted(percents)
    assert len(set(percents)) >= 5
    assert percents[-1] == 100
    assert recorded[-1].state == analysis_pb2.ANALYSIS_STATE_SUCCEEDED
    for modality in (features_pb2.MODALITY_FACE, features_pb2.MODALITY_AUDIO):
        fractions = [lane.fraction for event in recorded for lane in event.modalities if lane.modality == modality]
        assert fractions == sorted(fractions)
        assert fractions[-1] == 1


async def test_no_sound_is_a_normal_answer(client: NotReally, silent: Path) -> None:
    events: list[analysis_pb2.AnalysisEvent] = []
    result = (await client.analyze(silent, events.append)).result
    assert present(result.features).isdisjoint(SOUND)
    assert result.features.HasField("face_appearance_log_odds")
    lanes = {lane.modality: lane for event in events for lane in event.modalities}
    assert lanes[features_pb2.MODALITY_AUDIO].state == analysis_pb2.MODALITY_STATE_SKIPPED


async def test_partial_series_arrive_while_the_work_runs(client: NotReally, lively: Path) -> None:
    upload = await client.upload(lively)
    created = await client.create_analysis(upload.name)
    events = [event async for event in client.watch([created.name], include_series=True)]
    drawn = [event for event in events if event.HasField("series")]
    (told,) = [event for event in events if event.HasField("metadata")]
    assert told.sequence <= drawn[0].sequence
    assert (told.metadata.video.frame_count, told.metadata.HasField("audio")) == (360, True)
    assert all(event.percent < 100 for event in drawn)
    frames = sum(len(face.times_s) for event in drawn for face in event.series.faces)
    assert frames == 360
    assert sum(len(sound.log_rms) for event in drawn for sound in event.series.sounds) == pytest.approx(300, abs=4)
    result = (await client.result(created.name, include_series=True)).result
    assert sum(len(face.times_s) for face in result.series.faces) == 360
    assert not (await client.result(created.name)).result.HasField("series")
    blinks = [blink for face in result.series.faces for blink in face.blinks_s]
    assert blinks == pytest.approx(TALKING.blinks, abs=0.15)


async def test_a_watch_goes_on_where_it_was_left(client: NotReally, silent: Path) -> None:
    created = await client.create_analysis((await client.upload(silent)).name)
    whole = [event async for event in client.watch([created.name]) if event.sequence]
    assert not any(event.HasField("metadata") for event in whole)
    for seen in (0, 1, len(whole) - 1):
        rest = [event async for event in client.watch({created.name: seen}) if event.sequence]
        assert [event.sequence for event in rest] == [event.sequence for event in whole[seen:]]
    assert [event async for event in client.watch({created.name: len(whole)})] == []


async def test_one_stream_follows_many(client: NotReally, silent: Path, talking: Path) -> None:
    names = [(await client.create_analysis((await client.upload(path)).name)).name for path in (silent, talking)]
    last: dict[str, analysis_pb2.AnalysisEvent] = {}
    async for event in client.watch(names):
        last[event.analysis] = event
    assert last.keys() == set(names)
    assert {event.state for event in last.values()} == {analysis_pb2.ANALYSIS_STATE_SUCCEEDED}


async def test_cancelling_stops_the_work(client: NotReally, stack: Stack, talking: Path) -> None:
    before = len(stack.log)
    created = await client.create_analysis((await client.upload(talking)).name)
    watch = client.watch([created.name])
    async for event in watch:
        if event.stage == analysis_pb2.STAGE_ANALYZING_VIDEO and event.percent > 5:
            break
    cancelled = await client.cancel(created.name)
    assert cancelled.state == analysis_pb2.ANALYSIS_STATE_CANCELLED
    rest = [event async for event in watch]
    assert rest[-1].state == analysis_pb2.ANALYSIS_STATE_CANCELLED

    # Cut short, and not merely left to end by itself with nobody listening.
    def face_call_ended() -> bool:
        return any("FaceService/ExtractWindows" in line and "CANCELLED" in line for line in stack.log[before:])

    await asyncio.to_thread(wait_for, face_call_ended)
    # Who has seen the end is not told again.
    assert [event async for event in client.watch({created.name: rest[-1].sequence})] == []
    again = await client.cancel(created.name)
    assert again.state == analysis_pb2.ANALYSIS_STATE_CANCELLED


async def test_deleting_removes_everything(client: NotReally, stack: Stack, face_video: MakeFaceVideo) -> None:
    video = face_video(dataclasses.replace(TALKING, seconds=1.0, blinks=()))
    analysis = await client.analyze(video)
    identifier = analysis.name.removeprefix("analyses/")
    key = media_key(hashlib.sha256(video.read_bytes()).hexdigest())
    # What has ended is given as it is, whole.
    assert (await client.cancel(analysis.name)).result.summary == analysis.result.summary
    assert await stack.home.media.get(key) == video.read_bytes()
    assert b"".join([piece async for piece in client.download(analysis.name)]) == video.read_bytes()

    await client.delete(analysis.name)
    assert [blob for blob in stack.home.stored() if blob == key or identifier in blob] == []
    with pytest.raises(ServiceError) as caught:
        await client.get_analysis(analysis.name)
    assert caught.value.reason == "ANALYSIS_NOT_FOUND"


async def test_the_same_request_id_makes_one_analysis(client: NotReally, silent: Path, talking: Path) -> None:
    request_id = str(uuid.uuid4())
    upload = await client.upload(silent)
    first = await client.create_analysis(upload.name, request_id)
    again = await client.create_analysis(upload.name, request_id)
    assert first.name == again.name
    other = await client.upload(talking)
    with pytest.raises(ServiceError) as caught:
        await client.create_analysis(other.name, request_id)
    assert caught.value.reason == "REQUEST_ID_REUSED"


async def test_lists_give_the_newest_first_with_the_verdict_in_short(client: NotReally, silent: Path) -> None:
    done = await client.analyze(silent)
    listed = [analysis async for analysis in client.list([analysis_pb2.ANALYSIS_STATE_SUCCEEDED], page_size=2)]
    assert listed[0].name == done.name
    assert listed[0].result.verdict == done.result.verdict
    assert not listed[0].result.contributions
    times = [analysis.create_time.ToNanoseconds() for analysis in listed]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"just some text, called a video\n" * 50, "NOT_A_VIDEO"), (b"\0" * 5000, "NOT_A_VIDEO")],
)
async def test_what_is_no_video_fails_with_a_reason(
    client: NotReally, tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(ServiceError) as caught:
        await client.analyze(path)
    assert caught.value.reason == reason
    assert "/" not in caught.value.message


async def test_only_what_is_asked_for_is_sent(client: NotReally, stack: Stack, silent: Path) -> None:
    name = (await client.analyze(silent)).name
    async with grpc.aio.insecure_channel(stack.target) as channel:
        stub = analysis_pb2_grpc.AnalysisServiceStub(channel)

        async def masked(*paths: str) -> analysis_pb2.Analysis:
            mask = field_mask_pb2.FieldMask(paths=paths)
            return await stub.GetAnalysis(
                analysis_pb2.GetAnalysisRequest(name=name, include_series=True, read_mask=mask)
            )

        whole, series = await masked(), await masked("result.series")
        assert series == analysis_pb2.Analysis(
            name=name, result=analysis_pb2.AnalysisResult(series=whole.result.series)
        )
        assert series.result.series.faces
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await masked("result.secrets")
    refusal = refusal_of(caught.value)
    assert refusal is not None
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "BAD_READ_MASK")


async def test_an_answer_can_do_without_pictures(client: NotReally, stack: Stack, silent: Path) -> None:
    name = (await client.analyze(silent)).name
    async with grpc.aio.insecure_channel(stack.target) as channel:
        stub = analysis_pb2_grpc.AnalysisServiceStub(channel)
        whole = await stub.GetAnalysis(analysis_pb2.GetAnalysisRequest(name=name))
        without = await stub.GetAnalysis(analysis_pb2.GetAnalysisRequest(name=name, omit_thumbnails=True))
    assert whole.result.faces[0].thumbnails
    for face in whole.result.faces:
        face.ClearField("thumbnails")
    assert without == whole


async def test_unknown_names_are_refused(client: NotReally) -> None:
    for name, reason in ((f"analyses/{uuid.uuid4()}", "ANALYSIS_NOT_FOUND"), ("analyses/1", "BAD_NAME")):
        with pytest.raises(ServiceError) as caught:
            await client.get_analysis(name)
        assert caught.value.reason == reason


async def test_the_request_id_is_in_the_log_of_every_service(client: NotReally, stack: Stack, silent: Path) -> None:
    upload = await client.upload(silent)
    async with grpc.aio.insecure_channel(stack.target) as channel:
        stub = analysis_pb2_grpc.AnalysisServiceStub(channel)
        request = analysis_pb2.CreateAnalysisRequest(upload=upload.name)
        created = await stub.CreateAnalysis(request, metadata=[("x-request-id", "follow-me-1")])
    async for event in client.watch([created.name]):
        assert event.state != analysis_pb2.ANALYSIS_STATE_FAILED

    def services() -> set[str]:
        return {line.split('"service": "')[1].split('"')[0] for line in stack.log if "follow-me-1" in line}

    await asyncio.to_thread(wait_for, lambda: services() >= {"gateway", "face", "metadata", "classifier"})


async def test_reflection_tells_the_contract_through_the_edge(stack: Stack) -> None:
    async with grpc.aio.insecure_channel(stack.target) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        asked = [
            reflection_pb2.ServerReflectionRequest(list_services=""),
            reflection_pb2.ServerReflectionRequest(file_containing_symbol="notreally.v1.AnalysisService"),
        ]
        listed, described = [answer async for answer in stub.ServerReflectionInfo(iter(asked))]
    assert "notreally.v1.AnalysisService" in {s.name for s in listed.list_services_response.service}
    assert described.file_descriptor_response.file_descriptor_proto
