"""Ten features by their definitions, each absent, with a reason, when it cannot be had."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from notreally.v1.face_pb2 import FaceWindow
from notreally.v1.features_pb2 import FeatureVector
from notreally.v1.metadata_pb2 import MediaFacts

from gateway.features.vector import FEATURES, SCHEMA_VERSION, compute_features
from tests.unit.gateway.synthetic_signals import eyes, face_clip, frame_times, media_facts, sound_clip

FACE = {spec.name for spec in FEATURES[:5]}
MOTION = {"nose_jitter", "face_motion_log_odds"}
LEARNED = {"face_appearance_log_odds", "face_blending_log_odds"}
AUDIO = {"voice_log_odds", "mfcc_mean", "mfcc_std", "av_sync_corr"}


def speaking(times: np.ndarray) -> np.ndarray:
    return 0.1 + 0.05 * np.sin(2 * np.pi * 3 * times)


def loud(moments: np.ndarray) -> np.ndarray:
    return np.asarray(np.sin(2 * np.pi * 3 * moments) - 3)


def test_the_specs_are_the_fields_of_the_vector_in_order() -> None:
    fields = [field for field in FeatureVector.DESCRIPTOR.fields if field.type == field.TYPE_DOUBLE]
    assert [spec.name for spec in FEATURES] == [field.name for field in fields]
    assert len(FEATURES) == 10


def test_all_ten_features_of_a_speaking_face() -> None:
    times = frame_times(20.0)
    rng = np.random.default_rng(6)
    coefficients = rng.normal(2.0, 3.0, (12,))
    features = compute_features(
        face_clip(
            times,
            ear=eyes(times, [(start, 0.2) for start in (2, 5, 9, 13, 17)]),
            mouth_gap=speaking(times),
            log_odds=lambda time: 2.0 if time < 10 else -1.0,
            motion=lambda time: 4.0 if time < 8 else -1.0,
        ),
        sound_clip(
            20.0,
            loud,
            mfcc=lambda moments: coefficients + np.where(np.arange(len(moments)) % 2, 1, -1)[:, None],
            voice=lambda time: 3.0 if time < 8 else -2.0,
        ),
        media_facts(),
    )
    vector = features.vector
    assert features.missing == {}
    assert vector.schema_version == SCHEMA_VERSION
    assert vector.blink_rate_per_min == pytest.approx(15.0)
    assert vector.nose_jitter == 0
    assert vector.face_motion_log_odds == pytest.approx(1.0)
    assert vector.face_appearance_log_odds == pytest.approx(0.5)
    assert vector.face_blending_log_odds == pytest.approx(-0.5)
    assert vector.face_networks == "network"
    assert vector.voice_log_odds == pytest.approx((2 * 3.0 + 3 * -2.0) / 5)
    assert vector.voice_network == "voice network"
    assert vector.mfcc_mean == pytest.approx(coefficients.mean(), rel=1e-5)
    assert vector.mfcc_std == pytest.approx(1.0, rel=1e-5)
    assert vector.av_sync_corr > 0.98
    assert vector.log10_bits_per_pixel == pytest.approx(-1.0)
    assert features.blinks_s == pytest.approx([2, 5, 9, 13, 17], abs=1 / 30)


def test_a_silent_video_lacks_four_features() -> None:
    features = compute_features(face_clip(frame_times(12.0)), sound_clip(12.0, has_audio=False), media_facts())
    assert features.missing == dict.fromkeys(AUDIO, "the video has no sound")


def test_sound_that_could_not_be_read_is_not_called_silent() -> None:
    facts = media_facts()
    facts.audio.codec = "unknown"
    features = compute_features(face_clip(frame_times(12.0)), sound_clip(12.0, has_audio=False), facts)
    assert features.missing == dict.fromkeys(AUDIO, "the sound could not be read where the video was looked at")


def test_sound_that_was_not_analysed_is_not_called_silent() -> None:
    facts = media_facts()
    facts.audio.codec = "aac"
    features = compute_features(face_clip(frame_times(12.0)), [], facts)
    assert features.missing == dict.fromkeys(AUDIO, "the sound was not analysed")


def test_a_video_without_a_sound_stream_is_called_silent_though_nobody_listened() -> None:
    features = compute_features(face_clip(frame_times(12.0)), [], media_facts())
    assert features.missing == dict.fromkeys(AUDIO, "the video has no sound")


def test_without_a_face_sound_and_file_remain() -> None:
    features = compute_features([], sound_clip(12.0, loud), media_facts())
    assert features.missing == dict.fromkeys(FACE | {"av_sync_corr"}, "no face was found")


def test_blinks_need_ten_seconds_of_eyes() -> None:
    assert "blink_rate_per_min" not in compute_features(face_clip(frame_times(10.0)), [], media_facts()).missing
    short = compute_features(face_clip(frame_times(9.9)), [], media_facts()).missing
    assert short["blink_rate_per_min"] == "the face is seen for less than 10 seconds"


def test_blinks_are_counted_per_minute_of_face_not_of_video() -> None:
    times = frame_times(24.0)
    features = compute_features(
        face_clip(times, ear=eyes(times, [(2.0, 0.2), (6.0, 0.2)]), found=times < 12), [], media_facts()
    )
    assert features.vector.blink_rate_per_min == pytest.approx(10.0)


def test_the_trembling_of_the_nose_needs_three_seconds() -> None:
    assert "nose_jitter" not in compute_features(face_clip(frame_times(3.0)), [], media_facts()).missing
    short = compute_features(face_clip(frame_times(2.9)), [], media_facts()).missing
    assert short["nose_jitter"] == "the face is followed without a break for less than 3 seconds"


def test_movement_is_the_mean_of_what_was_read_in_the_spans_each_limited() -> None:
    scores = {0.0: 1e6, 1.0: -20.0, 2.0: 3.0, 3.0: 1.0}
    windows = face_clip(frame_times(4.0), motion=lambda time: scores[round(time, 6)])
    vector = compute_features(windows, [], media_facts()).vector
    assert vector.face_motion_log_odds == pytest.approx((8 - 8 + 3 + 1) / 4)
    for sure, limit in ((9.0, 8.0), (-9.0, -8.0)):
        windows = face_clip(frame_times(4.0), motion=lambda _, sure=sure: sure)  # type: ignore[misc]
        assert compute_features(windows, [], media_facts()).vector.face_motion_log_odds == limit


@pytest.mark.parametrize("motion", [None, lambda _: math.nan, lambda _: -math.inf])
def test_movement_needs_a_span_with_a_score(motion: Callable[[float], float] | None) -> None:
    features = compute_features(face_clip(frame_times(12.0), motion=motion), [], media_facts())
    assert features.missing.keys() == AUDIO | {"face_motion_log_odds"}
    assert features.missing["face_motion_log_odds"] == ("the face is followed without a break for less than 2 seconds")
    one = face_clip(frame_times(12.0), motion=lambda time: 0.5 if time == 4 else math.nan)
    assert compute_features(one, [], media_facts()).vector.face_motion_log_odds == 0.5


def test_the_networks_are_named_whichever_of_them_scored() -> None:
    movements = compute_features(face_clip(frame_times(4.0), log_odds=None), [], media_facts())
    assert movements.missing.keys() >= LEARNED
    assert (movements.signals.scored_by, movements.vector.face_networks) == ("network", "network")
    crops = compute_features(face_clip(frame_times(4.0), motion=None), [], media_facts())
    assert "face_motion_log_odds" in crops.missing
    assert (crops.signals.scored_by, crops.vector.face_networks) == ("network", "network")
    neither = compute_features(face_clip(frame_times(4.0), log_odds=None, motion=None), [], media_facts())
    assert (neither.signals.scored_by, neither.vector.face_networks) == ("", "")


def test_networks_whose_scores_are_not_used_are_not_named() -> None:
    slow = compute_features(face_clip(frame_times(8.0, 15.0), log_odds=None), [], media_facts())
    assert slow.signals.scored_by == "network"
    assert slow.vector.face_networks == ""


def test_motion_and_blinks_need_twenty_frames_a_second() -> None:
    slow = compute_features(face_clip(frame_times(12.0, 15.0)), [], media_facts()).missing
    assert {slow[name] for name in (*MOTION, "blink_rate_per_min")} == {"there are fewer than 20 frames a second"}
    assert not MOTION & set(compute_features(face_clip(frame_times(12.0, 19.98)), [], media_facts()).missing)


def scored(*log_odds: float) -> list[FaceWindow]:
    """A face with so many crops scored, one on every twentieth entry."""
    scores = iter(log_odds)
    times = frame_times(20 * len(log_odds) / 30)
    return face_clip(times, log_odds=lambda _: next(scores), motion=None, window_s=1e3)


def test_appearance_needs_two_scored_portraits() -> None:
    enough = compute_features(scored(0, 3), [], media_facts())
    assert not LEARNED & set(enough.missing)
    assert enough.vector.face_appearance_log_odds == pytest.approx(1.5)
    few = compute_features(scored(0), [], media_facts())
    assert {few.missing[name] for name in LEARNED} == {"too few pictures show the face well enough"}
    assert few.vector.face_networks == ""


def test_a_score_that_is_no_number_is_no_score() -> None:
    few = compute_features(scored(0, math.nan), [], media_facts())
    assert few.missing.keys() >= LEARNED
    enough = compute_features(scored(0, math.inf, 3), [], media_facts())
    assert enough.vector.face_appearance_log_odds == pytest.approx(1.5)


def test_without_scored_portraits_appearance_is_missing() -> None:
    features = compute_features(face_clip(frame_times(12.0), log_odds=None), [], media_facts())
    assert features.missing.keys() == AUDIO | LEARNED


@pytest.mark.parametrize("name", ["voice_log_odds", "mfcc_mean", "mfcc_std"])
def test_two_seconds_of_voice_are_needed(name: str) -> None:
    enough = compute_features([], sound_clip(4.0, voiced_share=0.5), media_facts())
    assert name not in enough.missing
    little = compute_features([], sound_clip(4.0, voiced_share=0.4), media_facts())
    assert little.missing[name] == "there are less than 2 seconds of voice"
    assert little.vector.voice_network == ""


def test_the_voice_is_the_mean_of_what_was_read_in_its_stretches_each_limited() -> None:
    scores = {0.0: 1e6, 1.0: -20.0, 2.0: 3.0, 3.0: 1.0}
    vector = compute_features([], sound_clip(4.0, voice=lambda time: scores[time]), media_facts()).vector
    assert vector.voice_log_odds == pytest.approx((8 - 8 + 3 + 1) / 4)
    # A stretch counts once, wherever windows are cut.
    whole = compute_features([], sound_clip(4.0, voice=lambda time: scores[time], window_s=9), media_facts()).vector
    assert whole.voice_log_odds == vector.voice_log_odds


@pytest.mark.parametrize("voice", [None, lambda _: math.nan, lambda _: math.inf])
def test_a_voice_without_a_reading_was_not_scored(voice: Callable[[float], float] | None) -> None:
    features = compute_features([], sound_clip(12.0, voice=voice), media_facts())
    assert features.missing["voice_log_odds"] == "the voice was not scored"
    assert features.vector.voice_network == ""


def test_readings_of_two_networks_are_those_of_neither() -> None:
    first, *others = sound_clip(12.0)
    first.voice_network = "another network"
    vector = compute_features([], [first, *others], media_facts()).vector
    assert vector.voice_network == "another network+voice network"
    # One that read nothing has no part in it.
    del first.voice[:]
    assert compute_features([], [first, *others], media_facts()).vector.voice_network == "voice network"


def test_lips_are_not_expected_to_follow_a_sound_without_voice() -> None:
    times = frame_times(12.0)
    face = face_clip(times, mouth_gap=speaking(times))
    assert "av_sync_corr" not in compute_features(face, sound_clip(12.0, loud), media_facts()).missing
    music = compute_features(face, sound_clip(12.0, loud, voiced_share=0.1), media_facts())
    assert music.missing["av_sync_corr"] == "there are less than 2 seconds of voice"


def test_voice_without_a_finite_coefficient_is_no_measurement() -> None:
    sound = sound_clip(4.0, mfcc=lambda moments: np.full((len(moments), 12), np.nan))
    assert compute_features([], sound, media_facts()).missing["mfcc_std"] == "the voice could not be measured"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"bit_rate": None}, "the bit rate is unknown"),
        ({"bit_rate": 0.0}, "the bit rate is unknown"),
        ({"bit_rate": math.nan}, "the bit rate is unknown"),
        ({"fps": None}, "the picture's size or frame rate is unknown"),
        ({"width": 0}, "the picture's size or frame rate is unknown"),
    ],
)
def test_bits_per_pixel_needs_bit_rate_size_and_frame_rate(change: dict[str, float | None], reason: str) -> None:
    facts = media_facts()
    for name, value in change.items():
        if value is None:
            facts.video.ClearField(name)  # type: ignore[arg-type]
        else:
            setattr(facts.video, name, value)
    assert compute_features([], [], facts).missing["log10_bits_per_pixel"] == reason


def test_the_order_of_windows_does_not_matter() -> None:
    times = frame_times(12.0)
    face = face_clip(times, ear=eyes(times, [(3.9, 0.2), (8.0, 0.2)]), mouth_gap=speaking(times))
    sound = sound_clip(12.0, loud)
    forwards, backwards = (compute_features(face[::step], sound[::step], media_facts()).vector for step in (1, -1))
    assert forwards == backwards


NUMBERS = st.floats(width=32) | st.sampled_from([0.0, 0.1, 0.3, 80.0, math.nan, math.inf, 1e-45, 3e38])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_signals_give_a_finite_vector_or_a_reason(data: st.DataObject) -> None:
    times = frame_times(
        data.draw(st.sampled_from([0.0, 0.05, 3.5, 11.0])), data.draw(st.sampled_from([1.0, 12.0, 30.0]))
    )

    def numbers() -> np.ndarray:
        few = data.draw(st.lists(NUMBERS, min_size=1, max_size=8))
        return np.resize(np.array(few), len(times))

    face = face_clip(
        times,
        ear=numbers(),
        ear_left=numbers(),
        mouth_gap=numbers(),
        nose_px=numbers()[:, None],
        iod_px=numbers(),
        yaw_deg=numbers(),
        found=np.resize(data.draw(st.lists(st.booleans(), min_size=1, max_size=9)), len(times)),
        segments=np.abs(np.resize(data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=9)), len(times))),
        log_odds=lambda _: data.draw(NUMBERS),
        motion=lambda _: data.draw(NUMBERS),
    )
    levels = data.draw(st.lists(NUMBERS, min_size=1, max_size=8))
    sound = sound_clip(
        11.0,
        lambda moments: np.resize(levels, len(moments)),
        mfcc=lambda moments: np.resize(levels, (len(moments), 12)),
        has_audio=data.draw(st.booleans()),
        voice=lambda _: data.draw(NUMBERS),
    )
    facts = MediaFacts()
    facts.video.width, facts.video.height = data.draw(st.integers(0, 2**32 - 1)), 480
    facts.video.fps, facts.video.bit_rate = data.draw(st.floats()), data.draw(st.floats())
    features = compute_features(face, sound, facts)
    for spec in FEATURES:
        is_set = features.vector.HasField(spec.name)  # type: ignore[arg-type]
        assert is_set != (spec.name in features.missing)
        assert math.isfinite(getattr(features.vector, spec.name))


@settings(max_examples=20, deadline=None)
@given(st.floats(1.0, 6.0), st.floats(1.0, 6.0))
def test_what_needs_no_differences_does_not_depend_on_the_split(one: float, other: float) -> None:
    times = frame_times(12.0)
    ear = eyes(times, [(1.0, 0.2), (3.95, 0.2), (8.1, 0.3)])
    vectors = [
        compute_features(
            face_clip(times, ear=ear, mouth_gap=speaking(times), window_s=split), sound_clip(12.0, loud), media_facts()
        ).vector
        for split in (one, other)
    ]
    for name in ("blink_rate_per_min", "av_sync_corr", "mfcc_mean", "mfcc_std", "log10_bits_per_pixel"):
        assert getattr(vectors[0], name) == pytest.approx(getattr(vectors[1], name), abs=1e-9)
