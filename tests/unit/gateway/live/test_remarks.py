"""Each thing that a person should know has words of its own."""

from notreally.v1.audio_pb2 import AudioWindow
from notreally.v1.face_pb2 import FaceWindow
from notreally.v1.metadata_pb2 import AudioFacts, MediaFacts, VideoFacts

from gateway.features.faces import link_faces
from gateway.live.facts import joined
from gateway.live.remarks import remarks
from tests.unit.gateway.synthetic_signals import face_clip, frame_times

FACTS = MediaFacts(audio=AudioFacts(codec="opus"))
HEARD = AudioWindow(has_audio=True)


def said(
    window: FaceWindow, sound: AudioWindow | None = HEARD, facts: MediaFacts = FACTS, skipped: int = 0
) -> set[str]:
    found = remarks(window, sound, link_faces([window]), facts, skipped)
    assert all(one.text.endswith(".") for one in found)
    return {one.reason for one in found}


def test_what_is_as_it_should_be_needs_no_words() -> None:
    (window, *_) = face_clip(frame_times(4.0))
    assert said(window) <= {"FROZEN"}  # the synthetic face does not move


def test_no_picture_no_face_two_faces() -> None:
    (window, *_) = face_clip(frame_times(4.0), found=False)
    assert said(window) == {"NO_FACE_NOW"}
    assert said(FaceWindow(window=window.window)) == {"NO_PICTURE"}
    (two, *_) = face_clip(frame_times(4.0))
    two.tracks.add().CopyFrom(two.tracks[0])
    two.tracks[1].boxes[:] = [0.7, 0.7, 0.2, 0.2] * len(two.tracks[1].frames)
    assert "SEVERAL_FACES" in said(two)


def test_a_picture_that_is_only_repeated_is_frozen() -> None:
    (window, *_) = face_clip(frame_times(4.0))
    window.frames_repeated = 10 * len(window.frame_times_s)
    assert "FROZEN" in said(window)


def test_fifteen_pictures_a_second_are_too_few_to_judge_movement() -> None:
    (window, *_) = face_clip(frame_times(4.0, fps=15))
    # What stands still is said to stand still, first of all.
    window.tracks[0].yaw_deg[:] = [3.0 * (number % 20) for number in range(len(window.tracks[0].frames))]
    assert said(window) == {"SLOW_PICTURES"}


def test_no_sound_and_falling_behind() -> None:
    (window, *_) = face_clip(frame_times(4.0))
    assert "NO_SOUND" in said(window, None, MediaFacts())
    assert "NO_SOUND" in said(window, AudioWindow(has_audio=False))
    assert "NO_SOUND" not in said(window, None)  # not heard yet
    assert "FALLING_BEHIND" in said(window, skipped=2)


def test_facts_of_segments_are_those_of_the_whole() -> None:
    def segment(frames: int, fps: float, bit_rate: float) -> MediaFacts:
        seconds = frames / fps
        video = VideoFacts(width=640, height=480, fps=fps, frame_count=frames, duration_s=seconds, bit_rate=bit_rate)
        return MediaFacts(container="mp4", duration_s=seconds, size_bytes=1000, video=video)

    whole = joined(joined(None, segment(60, 30, 1e6)), segment(60, 30, 3e6))
    assert (whole.video.frame_count, whole.video.fps, round(whole.video.bit_rate)) == (120, 30, 2_000_000)
    assert (whole.duration_s, whole.video.duration_s, whole.size_bytes) == (4, 4, 2000)
    uneven = joined(joined(None, segment(30, 15, 1e6)), segment(60, 30, 1e6))
    assert round(uneven.video.fps, 2) == 22.5
