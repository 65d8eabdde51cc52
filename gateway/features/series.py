"""The series behind the plots, from the same arrays as the features."""

from collections.abc import Sequence

import numpy as np
from notreally.v1.audio_pb2 import AudioWindow
from notreally.v1.face_pb2 import FaceWindow
from notreally.v1.media_pb2 import FaceContours
from notreally.v1.series_pb2 import FaceSeries, Series, SoundSeries
from numpy.typing import NDArray

from gateway.features.jitter import nose_jitter
from gateway.features.signals import FaceSignals, Floats, face_signals
from gateway.features.vector import Features


def face_window_series(window: FaceWindow) -> Series:
    """The series of one window while the analysis runs: its largest face, not yet numbered, without blinks.

    Largest as in gateway.features.faces: by the inter-ocular distance summed over frames.
    """
    largest = FaceWindow()
    largest.CopyFrom(window)
    del largest.tracks[:]
    if window.tracks:
        largest.tracks.add().CopyFrom(max(window.tracks, key=lambda track: float(np.nansum(np.array(list(track.iod))))))
        # The video they are drawn over is shown with the result.
        largest.tracks[0].ClearField("contours")
    signals = face_signals([largest])
    return Series(faces=[_face_series(largest, 0, signals, nose_jitter(signals), np.empty(0), face=0)])


def sound_window_series(window: AudioWindow) -> Series:
    """The series of one window of sound; none when it has no sound."""
    return Series(sounds=[_sound_series(window)] if window.has_audio else [])


def result_series(face: Sequence[FaceWindow], features: Features, number: int, sound: Sequence[AudioWindow]) -> Series:
    """The series of a whole analysis.

    Args:
        face: The windows that the headline face's features were computed from.
        features: Of the headline face.
        number: Of the headline face, as FaceResult.number; 0 when there is none.
        sound: The analysed windows of sound.

    Returns:
        One entry for each window, ascending, with the times of blinks.
    """
    windows = sorted(face, key=lambda window: window.window.start_s)
    sounds = sorted(sound, key=lambda window: window.window.start_s)
    return Series(
        faces=[
            _face_series(window, position, features.signals, features.nose_jitter, features.blinks_s, face=number)
            for position, window in enumerate(windows)
        ],
        sounds=[_sound_series(window) for window in sounds if window.has_audio],
    )


def _face_series(
    window: FaceWindow, position: int, signals: FaceSignals, jitter: Floats, blinks_s: Floats, *, face: int
) -> FaceSeries:
    is_here = signals.window == position
    frames = signals.frame[is_here]
    count = len(window.frame_times_s)
    span = window.window
    return FaceSeries(
        window=span,
        face=face,
        times_s=window.frame_times_s,
        eye_aspect_ratio=_per_frame(count, frames, signals.eye_aspect_ratio[is_here]),
        mouth_gap=_per_frame(count, frames, signals.mouth_gap[is_here]),
        nose_jitter=_per_frame(count, frames, jitter[is_here]),
        yaw_deg=_per_frame(count, frames, signals.yaw_deg[is_here]),
        boxes=_per_frame(count, frames, signals.boxes[is_here]),
        blinks_s=blinks_s[(blinks_s >= span.start_s) & (blinks_s < span.end_s)],
        contours=_contours(window),
    )


def _contours(window: FaceWindow) -> FaceContours | None:
    drawn = bool(window.tracks) and window.tracks[0].HasField("contours")
    return window.tracks[0].contours if drawn else None


def _per_frame(count: int, frames: NDArray[np.int64], values: Floats) -> Floats:
    """The values at their frames, NaN at those without; flat."""
    series = np.full((count, *values.shape[1:]), np.nan)
    series[frames] = values
    return series.ravel()


def _sound_series(window: AudioWindow) -> SoundSeries:
    return SoundSeries(
        window=window.window,
        log_rms=window.log_rms,
        waveform=window.waveform,
        spectrogram=window.spectrogram,
        channel_mix=window.channel_mix,
        voice=window.voice,
    )
