"""Signals of faces and sounds that were never filmed, with answers that are known."""

from collections.abc import Callable, Sequence

import numpy as np
from notreally.v1.audio_pb2 import AudioWindow, VoiceReading
from notreally.v1.face_pb2 import FaceCrop, FaceMovement, FaceTexture, FaceTrack, FaceWindow
from notreally.v1.media_pb2 import FaceContours, TimeWindow
from notreally.v1.metadata_pb2 import MediaFacts, VideoFacts
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
OPEN = 0.3
SHUT = 0.1


def frame_times(duration_s: float, fps: float = 30.0, start_s: float = 0.0) -> Floats:
    return start_s + np.arange(round(duration_s * fps)) / fps


def eyes(times: Floats, blinks: Sequence[tuple[float, float]], baseline: ArrayLike = OPEN) -> Floats:
    """(n,) eye aspect ratio: `baseline`, but a third of it from each blink's start for as long as it lasts."""
    ratio = np.broadcast_to(np.asarray(baseline, dtype=np.float64), times.shape).copy()
    for start, length in blinks:
        ratio[(times >= start - 1e-9) & (times < start + length - 1e-9)] /= 3
    return ratio


def face_clip(
    times: Floats,
    *,
    ear: ArrayLike = OPEN,
    ear_left: ArrayLike | None = None,
    mouth_gap: ArrayLike = 0.1,
    nose_px: ArrayLike = (300.0, 200.0),
    iod_px: ArrayLike = 80.0,
    yaw_deg: ArrayLike | None = None,
    box: ArrayLike = (0.4, 0.3, 0.2, 0.3),
    segments: ArrayLike = 0,
    found: ArrayLike = True,
    log_odds: Callable[[float], float] | None = lambda time: 1.0,
    motion: Callable[[float], float] | None = lambda time: 1.0,
    face_networks: str = "network",
    window_s: float = 4.0,
) -> list[FaceWindow]:
    """One face through all frames, in windows of `window_s`.

    Unless a course is given, the head turns a little from side to side: nobody alive keeps wholly still.

    A texture of which nothing is known is on every tenth entry, the appearance network scores every twentieth, the
    motion network a span from every thirtieth, and contours are drawn of every third.
    """
    count = len(times)

    def over_time(values: ArrayLike, *shape: int) -> Floats:
        return np.broadcast_to(np.asarray(values, dtype=np.float64), (count, *shape))

    right = over_time(ear)
    left = right if ear_left is None else over_time(ear_left)
    nose, boxes = over_time(nose_px, 2), over_time(box, 4)
    turning = 5 * np.sin(times) if yaw_deg is None else yaw_deg
    mouth, iod, yaw = (over_time(values) for values in (mouth_gap, iod_px, turning))
    segment = np.broadcast_to(np.asarray(segments, dtype=np.int64), (count,))
    is_found = np.broadcast_to(np.asarray(found, dtype=np.bool_), (count,))

    windows = []
    which = np.floor((times - times[0]) / window_s + 1e-9) if count else np.empty(0)
    for index, number in enumerate(np.unique(which)):
        inside = np.flatnonzero(which == number)
        seen = np.flatnonzero(is_found[inside])
        entries = inside[seen]
        start = float(times[0] + number * window_s)
        window = FaceWindow(
            window=TimeWindow(index=index, start_s=start, end_s=start + window_s),
            frame_times_s=times[inside],
            frames_decoded=len(inside),
            frame_width=640,
            frame_height=480,
        )
        if seen.size:
            textures = [FaceTexture(entry=entry) for entry in range(0, len(entries), 10)]
            crops = [
                FaceCrop(entry=entry, appearance_log_odds=score, blending_log_odds=-score)
                for entry in range(0, len(entries), 20)
                if log_odds is not None
                for score in [log_odds(float(times[entries[entry]]))]
            ]
            movements = [
                FaceMovement(entry=entry, log_odds=motion(float(times[entries[entry]])))
                for entry in range(0, len(entries), 30)
                if motion is not None
            ]
            window.face_networks = face_networks if crops or movements else ""
            window.tracks.append(
                FaceTrack(
                    frames=seen,
                    segments=segment[entries],
                    ear_right=right[entries],
                    ear_left=left[entries],
                    mouth_gap=mouth[entries],
                    nose_x=nose[entries, 0],
                    nose_y=nose[entries, 1],
                    iod=iod[entries],
                    yaw_deg=yaw[entries],
                    boxes=boxes[entries].ravel(),
                    textures=textures,
                    crops=crops,
                    movements=movements,
                    contours=FaceContours(
                        line_points=[2, 1],
                        line_closed=[True, False],
                        frames=seen[::3],
                        steps=[number for frame in seen[::3] for number in (100, 100, 500, frame, 10, -frame)],
                    ),
                )
            )
        windows.append(window)
    return windows


def sound_clip(
    duration_s: float,
    loudness: Callable[[Floats], Floats] = lambda times: np.zeros(len(times)),
    *,
    mfcc: Callable[[Floats], Floats] = lambda times: np.zeros((len(times), 12)),
    voiced_share: float = 1.0,
    has_audio: bool = True,
    voice: Callable[[float], float] | None = lambda time: 1.0,
    voice_network: str = "voice network",
    window_s: float = 4.0,
) -> list[AudioWindow]:
    """Sound in windows: `loudness` of the moments (steps,), `mfcc` of the moments (frames, 12).

    The voice network reads a stretch of two seconds, or of what is left of the window, from every second of it.
    """
    windows = []
    for index in range(int(np.ceil(duration_s / window_s - 1e-9))):
        start, end = index * window_s, min((index + 1) * window_s, duration_s)
        window = AudioWindow(window=TimeWindow(index=index, start_s=start, end_s=end), has_audio=has_audio)
        if has_audio:
            moments: Floats = (start + 0.04 * (np.arange(int((end - start) / 0.04 + 1e-6)) + 0.5)).astype(np.float64)
            window.log_rms.extend(loudness(moments))
            window.mfcc_times_s.extend(moments)
            window.mfcc.extend(mfcc(moments).ravel())
            window.voiced_s = (end - start) * voiced_share
            if voice is not None:
                window.voice_network = voice_network
                window.voice.extend(
                    VoiceReading(start_s=second, end_s=min(second + 2, end), log_odds=voice(second))
                    for second in np.arange(start, max(start, end - 1) + 1e-9).tolist()
                )
        windows.append(window)
    return windows


def media_facts(duration_s: float = 20.0, fps: float = 30.0, bit_rate: float = 921_600.0) -> MediaFacts:
    """640 × 480; at the defaults, 0.1 bits a pixel."""
    video = VideoFacts(codec="h264", width=640, height=480, fps=fps, duration_s=duration_s, bit_rate=bit_rate)
    return MediaFacts(container="mov", duration_s=duration_s, video=video)
