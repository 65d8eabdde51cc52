"""Frames with times, from good files and bad ones."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.face.pixels import decoding
from services.face.pixels.decoding import TimedPicture, timed_pictures
from services.face.windows import FaceJob, Window
from services.kit.errors import Refusal
from tests.synthetic.fixtures import MakeFaceVideo
from tests.synthetic.videos import FaceVideo, images, syllables

MOVING = FaceVideo(seconds=4, size=(160, 120), iod=30, nod_px=(20, 8), keyframe_every=24)
LONG = replace(MOVING, seconds=10, noise=4, keyframe_every=100)
UPRIGHT = np.array([[1.0, 0, 0], [0, 1, 0]])


def never() -> bool:
    """Not cancelled."""
    return False


def decoded(
    path: Path,
    *spans: tuple[float, float],
    cancelled: Callable[[], bool] = never,
    video_start_s: float | None = None,
    **job: int,
) -> list[TimedPicture]:
    """All frames of some windows."""
    windows = tuple(Window(i, start, end) for i, (start, end) in enumerate(spans))
    with path.open("rb") as video:
        return list(timed_pictures(video, FaceJob(windows, video_start_s=video_start_s, **job), cancelled))


def times(frames: list[TimedPicture]) -> list[float]:
    """Their times."""
    return [frame.time_s for frame in frames]


def refusal(path: Path) -> Refusal:
    """What decoding the file is refused with."""
    with pytest.raises(Refusal) as refused:
        decoded(path, (0, 1))
    return refused.value


def test_a_window_is_half_open(face_video: MakeFaceVideo) -> None:
    frames = decoded(face_video(MOVING), (1.0, 2.0))
    assert times(frames) == pytest.approx([1 + i / 30 for i in range(30)], abs=1e-4)


def test_windows_that_touch_share_no_frame_and_lose_none(face_video: MakeFaceVideo) -> None:
    frames = decoded(face_video(MOVING), (0, 1.1), (1.1, 2.7), (2.7, 4))
    assert len(frames) == 120
    assert times(frames) == sorted(set(times(frames)))
    assert [sum(frame.window.index == i for frame in frames) for i in range(3)] == [33, 48, 39]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi", ".ts", ".mpg"])
def test_a_window_alone_is_the_same_as_in_a_run(face_video: MakeFaceVideo, suffix: str) -> None:
    codec = "mpeg2video" if suffix == ".mpg" else "mpeg4" if suffix == ".avi" else "libx264"
    path = face_video(replace(MOVING, codec=codec), suffix)
    run = decoded(path, (0.0, 1.0), (1.0, 2.0), (2.9, 3.5))
    for span, index in (((1.0, 2.0), 1), ((2.9, 3.5), 2)):
        alone = decoded(path, span)
        inside = [frame for frame in run if frame.window.index == index]
        assert times(alone) == times(inside)
        assert len(alone) == round((span[1] - span[0]) * 30)
        for one, other in zip(alone, inside, strict=True):
            assert one.picture is not None
            assert other.picture is not None
            assert np.array_equal(one.picture.luma, other.picture.luma)


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_change_nothing(face_video: MakeFaceVideo, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    path = face_video(MOVING)
    monkeypatch.setattr(decoding, "_LARGE_PIXELS", 0)  # as if it were one of the large ones that get threads
    usual, other = decoded(path, (1.5, 2.0)), decoded(path, (1.5, 2.0), decode_threads=threads)
    for one, two in zip(usual, other, strict=True):
        assert one.picture is not None
        assert two.picture is not None
        assert np.array_equal(one.picture.luma, two.picture.luma)


def test_the_stride_counts_from_the_windows_start(face_video: MakeFaceVideo) -> None:
    frames = decoded(face_video(MOVING), (0, 0.5), (0.5, 1.0), frame_stride=2)
    kept = [round(frame.time_s * 30) for frame in frames if frame.picture is not None]
    assert len(frames) == 30
    assert kept == [0, 2, 4, 6, 8, 10, 12, 14, *range(15, 30, 2)]


def test_a_window_with_too_many_frames_ends_early_and_the_next_does_not(face_video: MakeFaceVideo) -> None:
    path = face_video(MOVING)
    frames = decoded(path, (0, 2), (2, 2.5), max_frames=20)
    assert [sum(frame.window.index == index for frame in frames) for index in (0, 1)] == [20, 15]
    assert times(frames[20:]) == times(decoded(path, (2, 2.5)))
    halved = decoded(path, (0, 2), frame_stride=2, max_frames=20)
    assert sum(frame.picture is not None for frame in halved) == 20


def test_a_run_decodes_no_more_than_it_may(face_video: MakeFaceVideo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.face.pixels.decoding._MOST_DECODED", 40)
    assert 30 <= len(decoded(face_video(MOVING), (0, 2), (2, 4))) <= 40


def test_uneven_times_are_the_files(face_video: MakeFaceVideo) -> None:
    video = replace(MOVING, uneven=True, seconds=1)
    frames = decoded(face_video(video), (0, 1))
    assert times(frames) == pytest.approx([video.time(i) for i in range(30)], abs=1e-4)


def test_sixty_frames_a_second(face_video: MakeFaceVideo) -> None:
    assert len(decoded(face_video(replace(MOVING, fps=60, seconds=1)), (0, 1))) == 60


def without_its_beginning(path: Path, folder: Path) -> Path:
    """What a broadcast is when its recording begins: cut anywhere, here after 15 % of the bytes."""
    content = path.read_bytes()
    cut = folder / f"cut{path.suffix}"
    packet = 188 if path.suffix == ".ts" else 2048
    cut.write_bytes(content[len(content) * 15 // 100 // packet * packet :])
    return cut


def packet_times(path: Path) -> list[float]:
    """When the packets of the picture are shown on the container's clock, ascending."""
    with av.open(str(path)) as container:
        packets = list(container.demux(video=0))
    return sorted(float(packet.pts * packet.time_base) for packet in packets if packet.pts is not None)


@pytest.mark.parametrize(("suffix", "codec"), [(".ts", "libx264"), (".ts", "mpeg2video"), (".mpg", "mpeg2video")])
def test_a_stream_cut_between_keyframes_counts_from_its_earliest_packet(
    face_video: MakeFaceVideo, tmp_path: Path, suffix: str, codec: str
) -> None:
    path = without_its_beginning(face_video(replace(LONG, codec=codec), suffix), tmp_path)
    on_its_clock = packet_times(path)
    start_s = on_its_clock[0]
    run = decoded(path, (0, 3), (3, 10), video_start_s=start_s)
    begun_s = times(run)[0]
    # Until the first keyframe there is no picture, and the clock runs nevertheless.
    assert begun_s > 1
    shown = [time_s - start_s for time_s in on_its_clock]
    assert times(run) == pytest.approx([time_s for time_s in shown if time_s > begun_s - 0.01], abs=1e-3)
    # Without being told, nothing can be known of what cannot be decoded.
    assert times(decoded(path, (0, 10))) == pytest.approx([time_s - begun_s for time_s in times(run)], abs=1e-3)


def test_a_window_of_a_cut_stream_alone_is_the_same_as_in_a_run(face_video: MakeFaceVideo, tmp_path: Path) -> None:
    path = without_its_beginning(face_video(LONG, ".ts"), tmp_path)
    start_s = packet_times(path)[0]
    spans = ((0.0, 0.5), (0.5, 3.0), (3.0, 5.0), (6.5, 7.5))
    run = decoded(path, *spans, video_start_s=start_s)
    assert not any(frame.window.index == 0 for frame in run)
    for index, span in enumerate(spans):
        alone = decoded(path, span, video_start_s=start_s)
        assert times(alone) == times([frame for frame in run if frame.window.index == index])


@pytest.mark.parametrize(
    ("suffix", "start_s"), [(".mp4", 0.0), (".mp4", 3e-4), (".mp4", 7.0), (".ts", 0.0), (".ts", 1e9)]
)
def test_a_start_is_believed_as_far_as_it_can_be_true(face_video: MakeFaceVideo, suffix: str, start_s: float) -> None:
    path = face_video(MOVING, suffix)
    usual, told = (times(decoded(path, (0, 4), video_start_s=start)) for start in (None, start_s))
    first_s = packet_times(path)[0]
    # Never after the first frame, and to rounding at it; a little before it, frames are as much later.
    later_s = max(0.0, first_s - start_s)
    assert told == pytest.approx([time_s + later_s for time_s in usual if time_s + later_s < 4], abs=1e-4)
    if later_s == 0:
        assert told == usual


@pytest.mark.parametrize("rotation", [90, 180, -90])
def test_rotation_is_honoured(face_video: MakeFaceVideo, rotation: int) -> None:
    video = replace(MOVING, seconds=0.2, rotation=rotation, crf=10)
    picture = decoded(face_video(video), (0, 1))[0].picture
    assert picture is not None
    assert picture.size == video.size
    shown = picture.rgb(UPRIGHT, video.size)
    assert np.abs(shown.astype(int) - next(images(video))).mean() < 5


def test_a_window_beyond_the_end_is_empty(face_video: MakeFaceVideo) -> None:
    assert decoded(face_video(MOVING), (100, 104)) == []


def test_cancelling_stops_at_the_next_frame(face_video: MakeFaceVideo) -> None:
    answers = iter([False] * 12 + [True] * 1000)
    assert len(decoded(face_video(MOVING), (0, 4), cancelled=lambda: next(answers))) < 12


def test_a_file_cut_short_gives_what_it_has(face_video: MakeFaceVideo, tmp_path: Path) -> None:
    whole = face_video(MOVING, ".mkv").read_bytes()
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole[: len(whole) // 2])
    frames = decoded(cut, (0, 4))
    assert 20 < len(frames) < 100


def test_damage_in_the_middle_does_not_raise(face_video: MakeFaceVideo, tmp_path: Path) -> None:
    content = bytearray(face_video(MOVING, ".mkv").read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = bytes(range(250)) * 8
    damaged = tmp_path / "damaged.mkv"
    damaged.write_bytes(content)
    found = times(decoded(damaged, (0, 4)))
    assert len(found) > 30
    assert found == sorted(set(found))


def test_two_recordings_glued_together_go_on_in_time_and_size(face_video: MakeFaceVideo, tmp_path: Path) -> None:
    one = face_video(replace(MOVING, seconds=1), ".ts").read_bytes()
    other = face_video(replace(MOVING, seconds=1, size=(320, 240)), ".ts").read_bytes()
    path = tmp_path / "glued.ts"
    path.write_bytes(one + other)
    frames = decoded(path, (0, 5))
    assert len(frames) == 60
    assert times(frames) == pytest.approx([i / 30 for i in range(60)], abs=1e-3)
    sizes = [frame.picture.size for frame in frames if frame.picture is not None]
    assert sizes == [(160, 120)] * 30 + [(320, 240)] * 30


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello, this is text\n" * 100,
        b"\x89PNG\r\n\x1a\n" + bytes(200),
        b"#EXTM3U\n#EXTINF:1,\nother.ts\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
    ],
    ids=["empty", "text", "png", "playlist", "concat"],
)
def test_what_is_no_video_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "upload"
    path.write_bytes(content)
    refused = refusal(path)
    assert refused.reason == "NOT_A_VIDEO"
    assert str(tmp_path) not in refused.message


def test_sound_alone_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sound.m4a"
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=duration=1", str(path)], check=True)
    assert refusal(path).reason == "NO_VIDEO_STREAM"


def test_a_cover_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "song.m4a"
    sources = ["-f", "lavfi", "-i", "sine=duration=1", "-f", "lavfi", "-i", "color=size=64x64:duration=0.04"]
    cover = ["-map", "0", "-map", "1", "-c:v", "mjpeg", "-disposition:v", "attached_pic", "-frames:v", "1"]
    subprocess.run(["ffmpeg", "-v", "error", *sources, *cover, str(path)], check=True)
    assert refusal(path).reason == "NO_VIDEO_STREAM"


def test_a_huge_frame_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "huge.mkv"
    size = "color=size=8400x64:duration=0.1:rate=10"
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", size, "-c:v", "libx264", str(path)], check=True)
    assert refusal(path).reason == "FRAME_TOO_LARGE"


def test_frames_that_cannot_be_decoded_are_refused(face_video: MakeFaceVideo, tmp_path: Path) -> None:
    content = bytearray(face_video(MOVING).read_bytes())
    start = content.index(b"mdat") + 4
    end = content.rindex(b"moov") - 4
    content[start:end] = bytes(end - start)
    path = tmp_path / "zeroed.mp4"
    path.write_bytes(content)
    assert refusal(path).reason == "NO_DECODABLE_FRAME"


# Lets a process take eight frames more than it has taken, and decodes many.
_SHORT_OF_MEMORY = """
import resource, sys
from pathlib import Path
from services.face.pixels.decoding import timed_pictures
from services.face.windows import FaceJob, Window
from services.kit.limits import memory_left
_, hard = resource.getrlimit(resource.RLIMIT_DATA)
resource.setrlimit(resource.RLIMIT_DATA, (1 << 32, hard))
taken = (1 << 32) - memory_left()
resource.setrlimit(resource.RLIMIT_DATA, (int(taken + 8 * 1920 * 1080 * 1.5), hard))
held = []
try:
    for one in timed_pictures(Path(sys.argv[1]), FaceJob((Window(0, 0.0, 4.0),)), lambda: False):
        held.append(one)
except MemoryError:
    print("memory")
"""


# The first says then that the data are invalid.
@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_a_lack_of_memory_is_not_taken_for_damage(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "large.mp4"
    size = "testsrc=size=1920x1080:duration=1:rate=24"
    encode = ["-pix_fmt", "yuv420p", "-c:v", codec, "-preset", "ultrafast"]
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", size, *encode, str(path)], check=True)
    command = [sys.executable, "-c", _SHORT_OF_MEMORY, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "memory\n"), done.stderr


def test_sound_beside_the_picture_is_passed_over(face_video: MakeFaceVideo) -> None:
    assert len(decoded(face_video(replace(MOVING, seconds=1, sound=syllables)), (0, 2))) == 30


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1), junk=st.binary(min_size=1, max_size=300))
def test_no_damage_raises_anything_but_a_refusal(
    face_video: MakeFaceVideo, tmp_path: Path, place: float, junk: bytes
) -> None:
    content = bytearray(face_video(replace(MOVING, seconds=0.5)).read_bytes())
    at = int(place * (len(content) - 1))
    content[at : at + len(junk)] = junk
    path = tmp_path / "damaged.mp4"
    path.write_bytes(content)
    found: list[float] = []
    with suppress(Refusal):
        found = times(decoded(path, (0, 0.2), (0.3, 0.5)))
    assert found == sorted(set(found))
