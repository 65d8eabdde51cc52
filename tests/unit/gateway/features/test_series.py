"""Series for plots have one entry per frame, and come from the arrays behind the features."""

import numpy as np
import pytest
from notreally.v1.audio_pb2 import Waveform

from gateway.features.series import face_window_series, result_series, sound_window_series
from gateway.features.vector import compute_features
from tests.unit.gateway.synthetic_signals import eyes, face_clip, frame_times, media_facts, sound_clip


def test_a_window_shows_its_largest_face_one_entry_a_frame() -> None:
    times = frame_times(4.0)
    (window,) = face_clip(times, iod_px=50.0, ear=0.2)
    (larger,) = face_clip(times, iod_px=130.0, ear=0.35, found=np.arange(120) >= 60, yaw_deg=12.0)
    window.tracks.extend(larger.tracks)
    (series,) = face_window_series(window).faces
    assert series.window == window.window
    assert series.face == 0
    assert series.times_s == pytest.approx(times)
    assert np.isnan(series.eye_aspect_ratio[:60]).all()
    assert series.eye_aspect_ratio[60:] == pytest.approx([0.35] * 60)
    assert series.yaw_deg[60:] == pytest.approx([12.0] * 60)
    assert len(series.boxes) == 480
    assert series.boxes[240:244] == pytest.approx([0.4, 0.3, 0.2, 0.3])
    assert not series.blinks_s
    assert not series.HasField("contours")


def test_a_window_without_a_face_is_a_series_without_values() -> None:
    (window,) = face_clip(frame_times(4.0), found=False)
    (series,) = face_window_series(window).faces
    assert len(series.times_s) == 120
    assert np.isnan(series.mouth_gap).all()


def test_the_result_shows_the_headline_face_with_its_blinks() -> None:
    times = frame_times(8.0)
    nose = np.random.default_rng(8).normal(300, 1.0, (len(times), 2))
    windows = face_clip(times, ear=eyes(times, [(1, 0.2), (6, 0.2)]), nose_px=nose)
    features = compute_features(windows, [], media_facts())
    series = result_series(windows[::-1], features, 2, sound_clip(8.0))
    assert [face.face for face in series.faces] == [2, 2]
    assert [list(face.blinks_s) for face in series.faces] == [pytest.approx([1.0]), pytest.approx([6.0])]
    jitter = [value for face in series.faces for value in face.nose_jitter]
    assert np.nanmedian(jitter) == pytest.approx(features.vector.nose_jitter, rel=1e-6)
    assert [sound.window.start_s for sound in series.sounds] == [0, 4]
    assert [face.contours for face in series.faces] == [window.tracks[0].contours for window in windows]
    for face in series.faces:
        assert [face.times_s[frame] for frame in face.contours.frames] == pytest.approx(face.times_s[::3])


def test_where_the_face_is_away_the_result_has_no_contours() -> None:
    times = frame_times(8.0)
    windows = face_clip(times, found=times < 4)
    here, away = result_series(windows, compute_features(windows, [], media_facts()), 1, []).faces
    assert here.HasField("contours")
    assert not away.HasField("contours")


def test_sound_is_shown_as_it_was_measured() -> None:
    (window,) = sound_clip(4.0, lambda moments: moments)
    window.waveform.CopyFrom(Waveform(step_s=0.1, low=[-0.5], high=[0.5]))
    (series,) = sound_window_series(window).sounds
    assert series.window == window.window
    assert list(series.log_rms) == list(window.log_rms)
    assert series.waveform == window.waveform


def test_no_sound_is_no_series() -> None:
    (window,) = sound_clip(4.0, has_audio=False)
    assert not sound_window_series(window).sounds
