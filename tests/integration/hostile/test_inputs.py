"""Each kind of input is told what it is, and none of them makes a service touch anything else."""

import asyncio
import hashlib
import subprocess
from pathlib import Path

import grpc
import pytest
from notreally.v1 import analysis_pb2, audio_pb2, audio_pb2_grpc, face_pb2, face_pb2_grpc, media_pb2

from services.kit.errors import refusal_of
from services.kit.media.store import media_key
from tests.integration.hostile import boxes
from tests.integration.hostile.bait import laid_bait
from tests.integration.hostile.conftest import Outcomes
from tests.integration.hostile.inputs import Answered, Refused
from tests.integration.hostile.not_videos import REFERENCES
from tests.integration.hostile.table import ROWS, SOME
from tests.integration.hostile.workshop import Workshop
from tests.integration.stack import Stack

pytestmark = pytest.mark.timeout(300)  # all rows are under way at once, and a test may wait for its own


def assert_fit_for_a_person(sentence: str, stack: Stack) -> None:
    """One or more whole sentences that name nothing internal."""
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    assert len(sentence) < 300
    for internal in (str(stack.home.folder), "127.0.0.1", "Traceback", "Error", "None", "file:", "ffprobe", "INTERNAL"):
        assert internal not in sentence


@pytest.mark.parametrize("row", [row if row in SOME else pytest.param(row, marks=pytest.mark.long) for row in ROWS])
async def test_an_input_is_told_what_it_is(outcomes: Outcomes, stack: Stack, shop: Workshop, row: str) -> None:
    outcome = await outcomes[row]
    expected = ROWS[row].expected
    if isinstance(expected, Refused):
        assert outcome.error is not None, "it succeeded"
        assert outcome.error.reason == expected.reason
        assert ROWS[row].words in outcome.error.message
        assert_fit_for_a_person(outcome.error.message, stack)
    else:
        assert outcome.analysis is not None, outcome.error
        assert_answered(outcome.analysis.result, expected, stack)
    assert shop.bait.taken() == []


def assert_answered(result: analysis_pb2.AnalysisResult, expected: Answered, stack: Stack) -> None:
    quality = result.quality
    least, most = expected.frames
    assert least <= quality.frames_analyzed <= most
    assert quality.face_coverage >= expected.coverage
    if expected.faces is not None:
        assert quality.faces == expected.faces
    assert {reason.reason for reason in result.insufficiency} >= expected.insufficiency
    assert {warning.reason for warning in result.warnings} == expected.warnings
    assert {note.reason for note in result.metadata.notes} >= expected.notes
    reasons = [reason.text for reason in (*result.insufficiency, *result.warnings)]
    for text in (*reasons, *(note.text for note in result.metadata.notes)):
        assert_fit_for_a_person(text, stack)
    for warning in result.warnings:
        assert warning.text in result.summary
    if result.insufficiency:
        assert result.verdict == analysis_pb2.VERDICT_INSUFFICIENT


async def test_the_result_says_how_many_faces_there_are(outcomes: Outcomes) -> None:
    if "ten faces" not in outcomes:
        pytest.skip("its row was not asked for")
    analysis = (await outcomes["ten faces"]).analysis
    assert analysis is not None
    (warning,) = analysis.result.warnings
    assert warning.text == (
        "At one point the video shows 6 more faces than can be tracked at once. This result does not cover them."
    )


# --- nothing else is opened -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("reference", [row.name for row in REFERENCES])
async def test_services_asked_directly_open_nothing_else(stack: Stack, shop: Workshop, reference: str) -> None:
    """The metadata service refuses most of these before the others see them: here they do."""
    media = stored(stack, ROWS[reference].make(shop))
    window = [media_pb2.TimeWindow(index=0, start_s=0, end_s=1)]
    assert await face_refusal(stack, media, window) in (None, "NOT_A_VIDEO", "NO_VIDEO_STREAM", "NO_DECODABLE_FRAME")
    async with grpc.aio.insecure_channel(stack.addresses["audio"]) as channel:
        request = audio_pb2.AudioServiceExtractWindowsRequest(media=media, windows=window)
        async for _ in audio_pb2_grpc.AudioServiceStub(channel).ExtractWindows(request, timeout=60):
            pass
    assert shop.bait.taken() == []


async def face_refusal(stack: Stack, media: media_pb2.MediaRef, windows: list[media_pb2.TimeWindow]) -> str | None:
    """The reason the face service refuses a video for, or None when it does not."""
    async with grpc.aio.insecure_channel(stack.addresses["face"]) as channel:
        request = face_pb2.FaceServiceExtractWindowsRequest(media=media, windows=windows, max_frames=2)
        try:
            async for _ in face_pb2_grpc.FaceServiceStub(channel).ExtractWindows(request, timeout=60):
                pass
        except grpc.aio.AioRpcError as error:
            refusal = refusal_of(error)
            return refusal.reason if refusal else str(error)
    return None


def stored(stack: Stack, content: bytes) -> media_pb2.MediaRef:
    """Put bytes into the media store, past the gateway."""
    sha256 = hashlib.sha256(content).hexdigest()
    path = stack.home.folder / media_key(sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return media_pb2.MediaRef(sha256=sha256, size_bytes=len(content))


async def test_the_bait_is_taken_by_a_reader_without_an_allow_list(shop: Workshop, tmp_path: Path) -> None:
    """Without this, untouched bait would prove nothing."""
    with laid_bait(tmp_path / "bait.mp4", shop.clip()) as bait:
        own = Workshop(shop.face, bait)

        def read(name: str, *options: str) -> list[str]:
            path = tmp_path / "input"
            path.write_bytes(ROWS[name].make(own))
            command = ["ffprobe", "-v", "error", *options, "-show_packets", str(path)]
            subprocess.run(command, capture_output=True, timeout=60, check=False)
            return bait.taken()

        def all_of_them() -> None:
            anything = ("-protocol_whitelist", "file,http,tcp", "-allowed_extensions", "ALL", "-f", "hls")
            assert "somebody connected" in read("playlist of an address", *anything)
            assert "the file was opened" in read("playlist of a file", *anything)
            assert "the file was opened" in read("ffconcat", "-f", "concat", "-safe", "0")
            assert "the file was opened" in read("alias to a file", "-enable_drefs", "1", "-use_absolute_path", "1")

        await asyncio.to_thread(all_of_them)


def test_the_made_references_are_where_readers_look(shop: Workshop) -> None:
    data = ROWS["dref to an address"].make(shop)
    assert shop.bait.url.encode() in boxes.payload(data, b"dref")
