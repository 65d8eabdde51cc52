"""Windows of one person joined into one series."""

import numpy as np
import pytest
from notreally.v1.face_pb2 import FaceWindow

from gateway.features.signals import face_signals
from gateway.features.vector import compute_features
from tests.unit.gateway.synthetic_signals import face_clip, frame_times, media_facts


def clip(*models: str) -> list[FaceWindow]:
    """Windows of four seconds; crops and spans of each were scored by networks of this version, none for ""."""
    windows = face_clip(frame_times(4.0 * len(models)), log_odds=lambda time: time, motion=lambda time: time)
    for window, model in zip(windows, models, strict=True):
        window.face_networks = model
        if not model:
            del window.tracks[0].crops[:]
            del window.tracks[0].movements[:]
    return windows


def test_a_crops_score_stays_with_its_moment() -> None:
    signals = face_signals(clip("a", "a", "a"))
    for scored, sign in ((signals.appearance, 1), (signals.blending, -1)):
        assert len(scored.entry) == 18
        assert sign * scored.log_odds == pytest.approx(signals.times_s[scored.entry])
        assert np.all(np.diff(scored.entry) > 0)


def test_a_spans_score_stays_with_the_moment_it_begins_at() -> None:
    signals = face_signals(clip("a", "a", "a"))
    assert len(signals.movements.entry) == 12
    assert signals.movements.log_odds == pytest.approx(signals.times_s[signals.movements.entry])
    assert np.all(np.diff(signals.movements.entry) > 0)


def test_a_window_without_the_face_shifts_nothing() -> None:
    windows = clip("a", "a", "a")
    del windows[1].tracks[:]
    signals = face_signals(windows)
    for scored, sign in ((signals.appearance, 1), (signals.blending, -1), (signals.movements, 1)):
        assert sign * scored.log_odds == pytest.approx(signals.times_s[scored.entry])
    assert signals.textures.entry.max() < len(signals.times_s)


def test_windows_scored_by_one_network_name_it() -> None:
    assert face_signals(clip("a", "", "a")).scored_by == "a"
    assert face_signals(clip("", "")).scored_by == ""


def test_scores_of_two_networks_pass_for_those_of_neither() -> None:
    """The service was replaced in the middle of an analysis: the classifier must not take the mixture for either's."""
    windows = clip("b", "a", "b")
    assert face_signals(windows).scored_by == "a+b"
    assert compute_features(windows, [], media_facts()).vector.face_networks == "a+b"


def test_one_score_of_a_network_is_enough_to_name_it() -> None:
    windows = clip("a")
    del windows[0].tracks[0].movements[:]
    for crop in windows[0].tracks[0].crops:
        crop.appearance_log_odds = float("nan")
    vector = compute_features(windows, [], media_facts()).vector
    assert not vector.HasField("face_appearance_log_odds")
    assert vector.HasField("face_blending_log_odds")
    assert vector.face_networks == "a"


def test_a_window_without_the_face_has_no_say_in_the_network() -> None:
    windows = clip("a", "b")
    del windows[1].tracks[:]
    assert face_signals(windows).scored_by == "a"


def test_a_score_that_is_not_finite_is_none() -> None:
    windows = clip("a")
    windows[0].tracks[0].crops[2].appearance_log_odds = float("-inf")
    windows[0].tracks[0].movements[1].log_odds = float("nan")
    signals = face_signals(windows)
    assert np.flatnonzero(np.isnan(signals.appearance.log_odds)).tolist() == [2]
    assert np.isfinite(signals.blending.log_odds).all()
    assert np.flatnonzero(np.isnan(signals.movements.log_odds)).tolist() == [1]


def test_seconds_are_those_for_which_frames_are_shown() -> None:
    """As with a telephone in poor light: the last half has half as many frames a second."""
    times = np.concatenate([frame_times(10.0), frame_times(10.0, fps=15.0, start_s=10.0)])
    signals = face_signals(face_clip(times, found=times >= 10.0 - 1e-9))
    assert signals.face_s == pytest.approx(10.0, abs=0.1)
    assert signals.analyzed_s == pytest.approx(20.0, abs=0.2)


def test_what_was_lost_between_frames_was_not_seen() -> None:
    times = frame_times(8.0)
    signals = face_signals(face_clip(times[(times < 1.0 - 1e-9) | (times >= 3.0 - 1e-9)], window_s=8.0))
    assert signals.face_s == pytest.approx(6.0)


def test_a_single_frame_has_no_length() -> None:
    signals = face_signals(face_clip(frame_times(1 / 30)))
    assert (signals.face_s, signals.analyzed_s, signals.frame_count) == (0.0, 0.0, 1)


@pytest.mark.parametrize(("fps", "step_s"), [(30.0, 0.001), (60.0, 0.001), (29.97, 1 / 90_000), (25.0, 0.0)])
def test_the_frame_rate_is_that_of_the_video_and_not_of_rounded_times(fps: float, step_s: float) -> None:
    times = frame_times(8.0, fps)
    rounded = np.round(times / step_s) * step_s if step_s else times
    assert face_signals(face_clip(rounded)).fps == pytest.approx(fps, rel=2e-4)


def test_a_lost_frame_does_not_lower_the_frame_rate() -> None:
    assert face_signals(face_clip(np.delete(frame_times(4.0), [20, 21, 60]))).fps == pytest.approx(30.0)
