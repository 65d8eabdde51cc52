"""How much evidence there is, and when it does not suffice."""

import numpy as np
import pytest
from notreally.v1 import audio_pb2
from notreally.v1.audio_pb2 import AudioWindow
from notreally.v1.face_pb2 import FaceWindow
from notreally.v1.media_pb2 import TimeWindow
from notreally.v1.metadata_pb2 import AudioFacts, MediaFacts, MediaNote, VideoFacts

from gateway.features.vector import Features, compute_features
from gateway.verdict.evidence import insufficiency, measure_evidence, shortfalls, timeline
from tests.unit.gateway.synthetic_signals import eyes, face_clip, frame_times, media_facts, sound_clip


def speaking(seconds: float, **changes: object) -> Features:
    """A face that speaks for so long, with sound."""
    times = frame_times(seconds)
    wave = np.sin(2 * np.pi * 3 * times)
    sound = sound_clip(seconds, lambda moments: np.asarray(np.sin(2 * np.pi * 3 * moments)))
    windows = face_clip(times, mouth_gap=0.1 + 0.05 * wave, **changes)  # type: ignore[arg-type]
    return compute_features(windows, sound, media_facts())


def silent(seconds: float, fps: float = 30.0, facts: MediaFacts | None = None) -> Features:
    return compute_features(
        face_clip(frame_times(seconds, fps)), sound_clip(seconds, has_audio=False), facts or media_facts()
    )


def names(features: Features) -> list[str]:
    return [reason.reason for reason in insufficiency(features)]


def test_a_face_through_four_seconds_suffices() -> None:
    assert names(speaking(4.0)) == []


def test_a_silent_clip_of_four_seconds_suffices() -> None:
    assert names(silent(4.0)) == []


def test_two_seconds_do_not() -> None:
    reason, *_ = insufficiency(speaking(2.0))
    assert reason.reason == "TRACK_TOO_SHORT"
    assert reason.text == "The face can be seen for 2 seconds, and at least 3 are needed. Use a longer video."


def test_a_silent_clip_of_few_frames_a_second_has_too_few_features() -> None:
    (reason,) = insufficiency(silent(10.0, fps=15.0))
    assert reason.reason == "TOO_FEW_FEATURES"
    assert "Only 3 of the 10 measurements could be made, and at least 5 are needed." in reason.text


def test_five_features_suffice_and_four_do_not() -> None:
    assert len(silent(8.0).missing) == 5
    assert names(silent(8.0)) == []
    assert names(silent(8.0, facts=MediaFacts())) == ["TOO_FEW_FEATURES"]


def test_no_face_is_the_only_reason_then() -> None:
    assert names(compute_features(face_clip(frame_times(8.0), found=False), [], media_facts())) == ["NO_FACE"]


def test_a_face_in_less_than_half_of_the_frames_is_too_rare() -> None:
    times = frame_times(20.0)
    (reason,) = insufficiency(speaking(20.0, found=times < 9.95))
    assert reason.reason == "FACE_TOO_RARE"
    assert "in 49% of the analysed frames" in reason.text
    assert names(speaking(20.0, found=times < 10.0)) == []


def test_a_small_face() -> None:
    reasons = {reason.reason: reason.text for reason in insufficiency(speaking(8.0, iod_px=39.6))}
    assert "its eyes are 39 pixels apart, and at least 40 are needed" in reasons["FACE_TOO_SMALL"]
    assert names(speaking(8.0, iod_px=40.0)) == []


def test_a_face_of_unknown_size_is_too_small() -> None:
    assert "FACE_TOO_SMALL" in names(speaking(8.0, iod_px=np.nan))


def test_every_reason_is_a_sentence_that_says_what_to_do() -> None:
    for features in (silent(1.0), speaking(9.0, iod_px=10.0, found=frame_times(9.0) < 1)):
        for reason in insufficiency(features):
            assert reason.text.endswith(".")
            assert "Use a " in reason.text


def test_quality_counts_what_was_seen() -> None:
    times = frame_times(10.0)
    features = compute_features(face_clip(times, found=times < 8, iod_px=64.0), [], media_facts(duration_s=60.0))
    quality = measure_evidence(features, sound_clip(10.0, voiced_share=0.5), media_facts(duration_s=60.0), faces=2)
    assert quality.frames_analyzed == 300
    assert quality.face_coverage == pytest.approx(0.8)
    assert quality.median_iod_px == 64.0
    assert quality.analyzed_fps == pytest.approx(30.0)
    assert quality.analyzed_s == pytest.approx(10.0)
    assert quality.duration_s == 60.0
    assert quality.voiced_s == pytest.approx(5.0)
    assert quality.faces == 2


def test_quality_of_nothing_leaves_out_what_is_unknown() -> None:
    quality = measure_evidence(compute_features([], [], MediaFacts()), [], MediaFacts(), faces=0)
    assert not quality.HasField("median_iod_px")
    assert not quality.HasField("analyzed_fps")
    assert (quality.analyzed_s, quality.duration_s, quality.face_coverage) == (0, 0, 0)


RECORDING = MediaFacts(container="mp3", duration_s=61.0, audio=AudioFacts(codec="mp3", duration_s=60.0))


def test_of_a_sound_recording_the_sound_counts() -> None:
    sound = sound_clip(12.0, voiced_share=0.5)
    quality = measure_evidence(compute_features([], sound, RECORDING), sound, RECORDING, faces=0)
    assert (quality.analyzed_s, quality.duration_s, quality.voiced_s) == (12.0, 60.0, 6.0)
    assert (quality.frames_analyzed, quality.faces) == (0, 0)


def test_a_sound_recording_is_called_one_and_nothing_else_is_missed() -> None:
    (warning,) = shortfalls(RECORDING, [], 0, sound_clip(12.0))
    assert warning.reason == "SOUND_ONLY"
    # That nothing could be read is the verdict then.
    assert [one.reason for one in shortfalls(RECORDING, [], 0, sound_clip(12.0, has_audio=False))] == ["SOUND_ONLY"]
    cut = MediaFacts(notes=[MediaNote(reason="TRUNCATED", text="It is cut.")])
    cut.MergeFrom(RECORDING)
    assert [one.reason for one in shortfalls(cut, [], 0, sound_clip(12.0))] == ["SOUND_ONLY", "TRUNCATED"]
    assert not shortfalls(media_facts(), [], 0)


def test_the_timeline_says_what_happened_when() -> None:
    times = frame_times(12.0)
    trembling = np.random.default_rng(7).normal(300, 1.0, (len(times), 2)) * (times >= 4)[:, None]
    windows = face_clip(times, ear=eyes(times, [(1, 0.2), (3.95, 0.2), (5, 0.2)]), nose_px=trembling, found=times < 10)
    features = compute_features(windows, [], media_facts())
    first, second, third = timeline(windows, features)
    assert [(part.start_s, part.end_s) for part in (first, second, third)] == [(0, 4), (4, 8), (8, 12)]
    assert [part.blinks for part in (first, second, third)] == [2, 1, 0]
    assert [part.face_coverage for part in (first, second, third)] == pytest.approx([1.0, 1.0, 0.5])
    assert first.nose_jitter == 0
    assert second.nose_jitter > 0.005


def test_the_timeline_says_what_the_face_looks_like_when() -> None:
    times = frame_times(12.0)
    scores = {0.0: -3.0, 4.0: 2.0}  # at the beginning of a part; in between nothing stands out
    windows = face_clip(times, log_odds=lambda time: scores.get(time, 1.0 if time > 4 else -1.0), found=times < 8)
    parts = timeline(windows, compute_features(windows, [], media_facts()))
    assert [part.face_appearance_log_odds for part in parts[:2]] == [-1.0, 1.0]
    assert not parts[2].HasField("face_appearance_log_odds")


def test_the_timeline_says_how_the_face_moves_when() -> None:
    times = frame_times(12.0)
    # Spans begin at every second; one that begins at 4 s is of the second part.
    windows = face_clip(times, motion=lambda time: 2.0 if 4 <= time < 7 else -1.0, found=times < 8)
    parts = timeline(windows, compute_features(windows, [], media_facts()))
    assert [part.face_motion_log_odds for part in parts[:2]] == [-1.0, 2.0]
    assert not parts[2].HasField("face_motion_log_odds")


def test_the_timeline_says_what_the_voice_sounds_like_when() -> None:
    times = frame_times(12.0)
    sound = sound_clip(12.0, voice=lambda time: {4.0: 3.0, 5.0: 1e9, 6.0: 1.0}.get(time, -1.0))
    del sound[2].voice[:]
    parts = timeline(face_clip(times), compute_features([], sound, media_facts()), sound)
    assert [part.voice_log_odds for part in parts[:2]] == [-1.0, (3 + 8 + 1 - 1) / 4]
    assert not parts[2].HasField("voice_log_odds")
    # Without a picture, where there is sound.
    sound[0].has_audio = False
    alone = timeline([], compute_features([], sound, media_facts()), sound[::-1])
    assert [(part.start_s, part.end_s, part.HasField("voice_log_odds")) for part in alone] == [
        (4.0, 8.0, True),
        (8.0, 12.0, False),
    ]


def test_the_timeline_leaves_out_windows_past_the_end_and_values_that_are_unknown() -> None:
    windows = face_clip(frame_times(8.0), found=frame_times(8.0) < 4)
    del windows[0].frame_times_s[:]
    del windows[0].tracks[:]
    (only,) = timeline(windows, compute_features(windows, [], media_facts()))
    assert only.start_s == 4
    assert not only.HasField("nose_jitter")
    assert not only.HasField("face_appearance_log_odds")
    assert not only.HasField("face_motion_log_odds")


def test_where_no_picture_could_be_read_no_face_is_missed() -> None:
    assert names(compute_features([], [], media_facts())) == ["NO_FRAMES"]


def windows(*decoded: int, left_out: int = 0) -> list[FaceWindow]:
    """Four-second windows in which so many frames were decoded."""
    return [
        FaceWindow(
            window=TimeWindow(index=index, start_s=4 * index, end_s=4 * index + 4),
            frames_decoded=frames,
            faces_left_out=left_out,
        )
        for index, frames in enumerate(decoded)
    ]


def facts_of(duration_s: float, frames: int, *, variable: bool = False) -> MediaFacts:
    video = VideoFacts(fps=25, duration_s=duration_s, frame_count=frames, variable_frame_rate=variable)
    return MediaFacts(video=video)


def warned(facts: MediaFacts, face: list[FaceWindow], faces: int = 1) -> list[str]:
    return [reason.reason for reason in shortfalls(facts, face, faces)]


def test_a_whole_video_has_no_shortfalls() -> None:
    assert warned(facts_of(8, 200), windows(100, 100)) == []
    assert warned(facts_of(8, 200), windows(100, 95)) == []
    assert warned(facts_of(600, 15_000), windows(100, 100)) == []
    assert warned(MediaFacts(), windows(0)) == []


def test_frames_that_could_not_be_read_are_told() -> None:
    (reason,) = shortfalls(facts_of(8, 200), windows(100, 20), 1)
    assert reason.reason == "FRAMES_UNREADABLE"
    assert reason.text.startswith("Only 120 of about 200 frames could be read")
    assert warned(facts_of(600, 15_000), windows(100, 20)) == ["FRAMES_UNREADABLE"]
    # Where frames are uneven, nobody knows how many a part should hold; all together they are counted.
    assert warned(facts_of(600, 15_000, variable=True), windows(100, 20)) == []
    assert warned(facts_of(8, 200, variable=True), windows(100, 20)) == ["FRAMES_UNREADABLE"]


def test_a_file_cut_short_is_told_and_other_notes_are_not() -> None:
    facts = facts_of(4, 100)
    facts.notes.extend([MediaNote(reason="TRUNCATED", text="Its end is missing."), MediaNote(reason="ROTATED")])
    (reason,) = shortfalls(facts, windows(100), 1)
    assert (reason.reason, reason.text) == ("TRUNCATED", "Its end is missing.")


def test_faces_left_out_are_told_with_their_number() -> None:
    (reason,) = shortfalls(facts_of(4, 100), windows(100, left_out=6), 4)
    rest = "This result does not cover them."
    assert reason.text == f"At one point the video shows 6 more faces than can be tracked at once. {rest}"
    (reason,) = shortfalls(facts_of(4, 100), windows(100, left_out=1), 1)
    assert reason.text == f"At one point the video shows 1 more face than can be tracked at once. {rest}"
    assert warned(facts_of(4, 100), windows(100, left_out=6), 0) == []


def heard(*mixes: "audio_pb2.ChannelMix.ValueType", audible: bool = True) -> list[AudioWindow]:
    return [AudioWindow(has_audio=audible, channel_mix=mix) for mix in mixes]


def test_channels_that_cancel_each_other_out_are_told() -> None:
    every, loudest = audio_pb2.CHANNEL_MIX_ALL, audio_pb2.CHANNEL_MIX_LOUDEST
    assert shortfalls(facts_of(4, 100), windows(100), 1, heard(every, every)) == []
    (reason,) = shortfalls(facts_of(4, 100), windows(100), 1, heard(loudest, loudest))
    assert reason.reason == "CHANNELS_CANCEL"
    assert reason.text.startswith("The channels of the sound cancel each other out")
    (reason,) = shortfalls(facts_of(4, 100), windows(100), 1, heard(every, loudest))
    assert reason.text.startswith("In parts of the video the channels")


def test_sound_that_could_not_be_read_is_not_called_none() -> None:
    facts = facts_of(4, 100)
    silent = heard(audio_pb2.CHANNEL_MIX_UNSPECIFIED, audible=False)
    assert shortfalls(facts, windows(100), 1, silent) == []
    facts.audio.codec = "unknown"
    (reason,) = shortfalls(facts, windows(100), 1, silent)
    assert reason.reason == "SOUND_NOT_READ"
    assert shortfalls(facts, windows(100), 1, []) == []


def test_what_a_file_says_of_a_generator_is_said_beside_the_verdict() -> None:
    facts = MediaFacts(notes=[MediaNote(reason="MARKED_AS_GENERATED", text="It says so.")])
    assert [one.text for one in shortfalls(facts, [], 0, sound_clip(12.0))] == ["It says so."]
