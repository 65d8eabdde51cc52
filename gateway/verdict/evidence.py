"""How much evidence a video holds, whether it suffices for a verdict, and the timeline."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from notreally.v1 import audio_pb2
from notreally.v1.analysis_pb2 import EvidenceQuality, Reason, TimelineSegment
from notreally.v1.audio_pb2 import AudioWindow
from notreally.v1.face_pb2 import FaceWindow
from notreally.v1.metadata_pb2 import MediaFacts

from gateway.features.definitions import FEATURES
from gateway.features.readings import mean_log_odds, voice_readings
from gateway.features.signals import Bools, Floats, Readings, frame_sizes
from gateway.features.vector import LEAST_IOD_PX, Features
from gateway.verdict.voice import sound_only

LEAST_COVERAGE = 0.5
LEAST_FACE_S = 3.0
"""What the motion features need; blinks and lip sync need longer and are missing on their own account until then."""
LEAST_FEATURES = 5
"""Of ten. A silent video has at most six, so it passes only when nearly all of the face could be measured."""


# Less than this is lost at the edges of windows, and nobody sees it.
_UNREADABLE_SHARE = 0.1
_UNREADABLE_FRAMES = 5
# Notes of the container that bear on what could be measured.
_SAID_WITH_THE_VERDICT = frozenset({"TRUNCATED", "HDR", "MARKED_AS_GENERATED"})
# One or two lost time stamps change nothing.
_MADE_UP_SHARE = 0.1
# Named in a sentence.
_MOST_SIZES = 3


def measure_evidence(
    features: Features, sound: Sequence[AudioWindow], facts: MediaFacts, faces: int
) -> EvidenceQuality:
    """Says how much evidence there is on the headline face.

    Args:
        features: Of the headline face, or of no face.
        sound: The analysed windows of sound.
        facts: Of the container.
        faces: Persons found.

    Returns:
        Median IOD and frame rate are absent when unknown; the duration falls back on the last frame seen. Of a sound
        recording, the seconds analysed are those of sound.
    """
    signals = features.signals
    analyzed_s = signals.analyzed_s
    duration_s = facts.video.duration_s or facts.duration_s or analyzed_s
    if sound_only(facts):
        analyzed_s = math.fsum(window.window.end_s - window.window.start_s for window in sound if window.has_audio)
        duration_s = facts.audio.duration_s or facts.duration_s or analyzed_s
    quality = EvidenceQuality(
        frames_analyzed=signals.frame_count,
        face_coverage=signals.coverage,
        analyzed_s=analyzed_s,
        duration_s=duration_s,
        voiced_s=math.fsum(window.voiced_s for window in sound),
        faces=faces,
    )
    if math.isfinite(signals.median_iod_px):
        quality.median_iod_px = signals.median_iod_px
    if math.isfinite(signals.fps):
        quality.analyzed_fps = signals.fps
    return quality


def insufficiency(features: Features) -> list[Reason]:
    """Reasons why the evidence on one face does not suffice for a verdict; none when it does.

    Every reason is a stable name with a sentence that says what to do about it. A missing sound is none: what counts
    is how many features there are in all.
    """
    signals = features.signals
    if not signals.frame_count:
        text = (
            "No frame could be read in the analysed parts of the video. It may be damaged, or its time stamps may "
            "be wrong. Save the video again and send the new file."
        )
        return [Reason(reason="NO_FRAMES", text=text)]
    if not len(signals.times_s):
        text = "No face was found in the analysed frames. Use a video that shows a face clearly."
        return [Reason(reason="NO_FACE", text=text)]
    reasons: list[Reason] = []
    if signals.coverage < LEAST_COVERAGE:
        text = (
            f"The face can be seen in {math.floor(100 * signals.coverage)}% of the analysed frames, and at least "
            f"{100 * LEAST_COVERAGE:.0f}% are needed. Use a part of the video that shows it throughout."
        )
        reasons.append(Reason(reason="FACE_TOO_RARE", text=text))
    # Judged as it is said, so that 3 seconds of frames are 3 seconds.
    seconds = round(signals.face_s, 1)
    if seconds < LEAST_FACE_S:
        text = (
            f"The face can be seen for {seconds:g} {'second' if seconds == 1 else 'seconds'}, and at least "
            f"{LEAST_FACE_S:g} are needed. Use a longer video."
        )
        reasons.append(Reason(reason="TRACK_TOO_SHORT", text=text))
    if features.still:
        text = (
            "Nothing in the face moves, as in a photograph that is shown as a video. What is looked for shows in how a "
            "face moves. Use a video of the person."
        )
        reasons.append(Reason(reason="STILL_PICTURE", text=text))
    if not signals.median_iod_px >= LEAST_IOD_PX:
        reasons.append(Reason(reason="FACE_TOO_SMALL", text=_too_small(signals.median_iod_px)))
    present = len(FEATURES) - len(features.missing)
    if present < LEAST_FEATURES:
        text = (
            f"Only {present} of the {len(FEATURES)} measurements could be made, and at least {LEAST_FEATURES} are "
            "needed. Use a longer video with a clear view of the face and, if possible, sound."
        )
        reasons.append(Reason(reason="TOO_FEW_FEATURES", text=text))
    return reasons


def shortfalls(
    facts: MediaFacts, face: Sequence[FaceWindow], faces: int, sound: Sequence[AudioWindow] = ()
) -> list[Reason]:
    """Warnings about what was not analysed.

    A missing picture, a truncated file, unreadable frames, faces left out, unreadable sound, and channels that cancel
    each other out.

    Args:
        facts: Of the container.
        face: The analysed windows, with all tracks.
        faces: Persons found.
        sound: The analysed windows of sound; none when sound was not analysed.
    """
    warnings = [
        Reason(reason=note.reason, text=note.text) for note in facts.notes if note.reason in _SAID_WITH_THE_VERDICT
    ]
    if sound_only(facts):
        text = "This is a sound recording: its voice was analysed, and there is no picture to look at."
        warnings.insert(0, Reason(reason="SOUND_ONLY", text=text))
    decoded = sum(window.frames_decoded for window in face)
    expected = _expected_frames(facts, face)
    if decoded < (1 - _UNREADABLE_SHARE) * expected - _UNREADABLE_FRAMES:
        text = (
            f"Only {decoded} of about {expected} frames could be read in the analysed parts of the video, so it is "
            "damaged in places, or its time stamps are wrong. The rest was analysed."
        )
        warnings.append(Reason(reason="FRAMES_UNREADABLE", text=text))
    warnings += [*_turned(face), *_repeated(face)]
    sizes = [f"{width} by {height}" for width, height in frame_sizes(face)]
    if len(sizes) > 1:
        more = " and others" if len(sizes) > _MOST_SIZES else ""
        text = (
            f"The size of the picture changes within the video ({', then '.join(sizes[:_MOST_SIZES])}{more}). Each "
            "part was analysed in its own size."
        )
        warnings.append(Reason(reason="SIZE_CHANGES", text=text))
    without_time = sum(window.frames_without_time for window in face)
    if without_time > _MADE_UP_SHARE * sum(len(window.frame_times_s) for window in face):
        text = (
            "The file does not say when its pictures are shown, so they were taken to follow one another evenly, at "
            "its usual rate. What is said of movement and blinking is right only if they do."
        )
        warnings.append(Reason(reason="TIMES_MADE_UP", text=text))
    left_out = max((window.faces_left_out for window in face), default=0)
    if left_out and faces:
        more = "1 more face" if left_out == 1 else f"{left_out} more faces"
        text = f"At one point the video shows {more} than can be tracked at once. This result does not cover them."
        warnings.append(Reason(reason="FACES_NOT_FOLLOWED", text=text))
    return warnings + _sound_shortfalls(facts, sound)


def _sound_shortfalls(facts: MediaFacts, sound: Sequence[AudioWindow]) -> list[Reason]:
    heard = [window for window in sound if window.has_audio]
    # Of a recording in which nothing could be read, that is the verdict.
    if sound and not heard and facts.HasField("audio") and not sound_only(facts):
        text = (
            "The video has sound, but none could be read where it was looked at. What was not heard is no sign either "
            "way. Save the video anew with another kind of sound and send that."
        )
        return [Reason(reason="SOUND_NOT_READ", text=text)]
    lone = sum(window.channel_mix == audio_pb2.CHANNEL_MIX_LOUDEST for window in heard)
    if not lone:
        return []
    where = "The" if lone == len(heard) else "In parts of the video the"
    text = (
        f"{where} channels of the sound cancel each other out when they are played together, as with a cable wired the "
        "wrong way round. The loudest of them alone was listened to."
    )
    return [Reason(reason="CHANNELS_CANCEL", text=text)]


def _turned(face: Sequence[FaceWindow]) -> Iterator[Reason]:
    """What is said of a picture that lies on its side."""
    turns = {window.turned_deg for window in face} - {0}
    if not turns:
        return
    lies = "upside down" if turns == {180} else "on its side" if 180 not in turns else "on its side or upside down"
    part = "The picture lies" if all(window.turned_deg for window in face) else "In parts of the video the picture lies"
    text = f"{part} {lies}, and the file does not say so. It was turned upright to be analysed."
    yield Reason(reason="TURNED", text=text)


def _repeated(face: Sequence[FaceWindow]) -> Iterator[Reason]:
    """What is said of pictures that are shown several times in a row."""
    left_out = sum(window.frames_repeated for window in face)
    if left_out:
        looked_at = sum(len(window.frame_times_s) for window in face)
        text = (
            f"Pictures are shown several times in a row, as when a video is slowed down or its frame rate is raised: "
            f"{left_out} of {left_out + looked_at} only repeat the one before. They were left out."
        )
        yield Reason(reason="PICTURES_REPEATED", text=text)


def _expected_frames(facts: MediaFacts, face: Sequence[FaceWindow]) -> int:
    """Frames that the windows should hold by what the packets say; 0 when that cannot be told."""
    video = facts.video
    if not (video.fps and math.isfinite(video.fps) and video.frame_count and video.duration_s):
        return 0
    planned_s = math.fsum(window.window.end_s - window.window.start_s for window in face)
    if planned_s >= 0.99 * video.duration_s:
        return int(video.frame_count)
    return 0 if video.variable_frame_rate else min(int(video.frame_count), math.floor(planned_s * video.fps))


def timeline(
    face: Sequence[FaceWindow], features: Features, sound: Sequence[AudioWindow] = ()
) -> list[TimelineSegment]:
    """What was seen and heard when: one segment for each analysed window, which lasts a few seconds.

    Args:
        face: The windows that the features were computed from; none of a sound recording.
        features: Of that face.
        sound: The analysed windows of sound; none when sound was not analysed.

    Returns:
        Ascending; windows past the end of the video, which have no frames, are left out, and so are those of a
        recording without sound.
    """
    readings = voice_readings(sound)
    signals = features.signals
    segments: list[TimelineSegment] = []
    for position, window in enumerate(sorted(face, key=lambda window: window.window.start_s)):
        if not window.frame_times_s:
            continue
        start_s, end_s = window.window.start_s, window.window.end_s
        is_here = signals.window == position
        segment = TimelineSegment(
            start_s=start_s,
            end_s=end_s,
            face_coverage=np.count_nonzero(is_here) / len(window.frame_times_s),
            blinks=int(np.count_nonzero((features.blinks_s >= start_s) & (features.blinks_s < end_s))),
        )
        of_segment = {
            "nose_jitter": features.nose_jitter[is_here],
            "face_appearance_log_odds": _within(is_here, signals.appearance),
            "face_blending_log_odds": _within(is_here, signals.blending),
            "face_motion_log_odds": _within(is_here, signals.movements),
        }
        for name, values in of_segment.items():
            middle = _median(values)
            if middle is not None:
                setattr(segment, name, middle)
        segments.append(segment)
    if not face:
        heard = sorted((window.window for window in sound if window.has_audio), key=lambda span: span.start_s)
        segments = [TimelineSegment(start_s=span.start_s, end_s=span.end_s) for span in heard]
    for segment in segments:
        of_voice = [one.log_odds for one in readings if segment.start_s <= one.start_s < segment.end_s]
        if of_voice:
            segment.voice_log_odds = mean_log_odds(np.array(of_voice))
    return segments


def _within(is_here: Bools, readings: Readings) -> Floats:
    """(k,) log-odds of those that are of marked entries."""
    return readings.log_odds[is_here[readings.entry]]


def _too_small(iod_px: float) -> str:
    if not math.isfinite(iod_px):
        return "The size of the face could not be measured. Use a video in which both eyes can be seen."
    return (
        f"The face is too small: its eyes are {math.floor(iod_px)} {'pixel' if math.floor(iod_px) == 1 else 'pixels'} "
        f"apart, and at least {LEAST_IOD_PX:g} are needed. Use a video of higher resolution, or one filmed from closer."
    )


def _median(values: Floats) -> float | None:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else None
