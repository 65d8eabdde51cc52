"""From all signals to the ten features: the one place where they are defined in code.

The same function serves training and serving. Definitions, sources and limits: docs/features.md.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from notreally.v1.audio_pb2 import AudioWindow
from notreally.v1.face_pb2 import FaceWindow
from notreally.v1.features_pb2 import MODALITY_AUDIO, FeatureVector
from notreally.v1.metadata_pb2 import MediaFacts

from gateway.features.blinks import blink_times
from gateway.features.covers import eyes_covered, mouth_covered
from gateway.features.definitions import FEATURES, SCHEMA_VERSION, FeatureSpec
from gateway.features.jitter import covered_s, nose_jitter
from gateway.features.lipsync import av_sync_correlation
from gateway.features.readings import mean_log_odds, voice_networks, voice_readings
from gateway.features.signals import FaceSignals, Floats, Readings, UnmeasurableError, face_signals, frame_sizes
from gateway.features.stillness import is_still

__all__ = ["FEATURES", "SCHEMA_VERSION", "FeatureSpec", "Features", "compute_features"]

LEAST_FPS = 20.0
LEAST_BLINK_S = 10.0
LEAST_MOTION_S = 3.0
LEAST_SPAN_S = 2.0
LEAST_VOICED_S = 2.0
LEAST_IOD_PX = 40.0
LEAST_SCORED_CROPS = 2

OF_MOVEMENT = frozenset({"blink_rate_per_min", "nose_jitter", "face_motion_log_odds", "av_sync_corr"})
"""Features that mean nothing of a face that does not move."""

# What these say is the network's that scored them.
_OF_NETWORKS = frozenset({"face_appearance_log_odds", "face_blending_log_odds", "face_motion_log_odds"})
# The motion network reads lids and lips together.
_OF_EYES = ("blink_rate_per_min", "face_motion_log_odds")
_OF_MOUTH = ("av_sync_corr", "face_motion_log_odds")

_COEFFICIENTS = 12


@dataclass(frozen=True)
class Features:
    """The vector of one face, and what it was made from.

    Attributes:
        vector: With the present features set; every one is finite.
        missing: For each absent feature, a short clause that says why, such as "the video has no sound".
        signals: The face's frames; n entries.
        blinks_s: (k,) when blinks began.
        nose_jitter: (n,) inter-ocular distances; its median is the feature.
        still: Whether the face is a photograph; see gateway.features.stillness.
    """

    vector: FeatureVector
    missing: dict[str, str]
    signals: FaceSignals
    blinks_s: Floats
    nose_jitter: Floats
    still: bool = False


def compute_features(face: Sequence[FaceWindow], sound: Sequence[AudioWindow], facts: MediaFacts) -> Features:
    """Computes the ten features of one face.

    Args:
        face: The analysed windows with this person's track alone (`faces.Person.windows`), in any order; empty
            when no face was found.
        sound: The analysed windows of sound, in any order; empty when sound was not analysed.
        facts: Of the container.

    Returns:
        The vector of SCHEMA_VERSION; a feature that cannot be computed is absent from it and named in `missing`.
    """
    signals = face_signals(sorted(face, key=lambda window: window.window.start_s))
    sounds = sorted(sound, key=lambda window: window.window.start_s)
    blinks_s, nose = blink_times(signals), nose_jitter(signals)
    measures: dict[str, Callable[[], float]] = {
        "blink_rate_per_min": lambda: _blink_rate(signals, blinks_s),
        "nose_jitter": lambda: _median_jitter(signals, nose),
        "face_motion_log_odds": lambda: mean_log_odds(_usable_movements(signals)),
        "face_appearance_log_odds": lambda: mean_log_odds(_usable(signals, signals.appearance)),
        "face_blending_log_odds": lambda: mean_log_odds(_usable(signals, signals.blending)),
        "voice_log_odds": lambda: mean_log_odds(_scored_voice(sounds, facts)),
        "mfcc_mean": lambda: float(_voiced_mfcc(sounds, facts).mean()),
        "mfcc_std": lambda: float(_voiced_mfcc(sounds, facts).std(axis=0).mean()),
        "av_sync_corr": lambda: _av_sync(signals, sounds, facts),
        "log10_bits_per_pixel": lambda: _bits_per_pixel(facts, face),
    }
    still = is_still(signals)
    unseen = _unseen(signals, still=still)
    vector = FeatureVector(schema_version=SCHEMA_VERSION)
    missing: dict[str, str] = {}
    for spec in FEATURES:
        try:
            if spec.name in unseen:
                raise UnmeasurableError(unseen[spec.name])
            setattr(vector, spec.name, measures[spec.name]())
        except UnmeasurableError as error:
            missing[spec.name] = str(error)
    if any(field.name in _OF_NETWORKS for field, _ in vector.ListFields()):
        vector.face_networks = signals.scored_by
    if vector.HasField("voice_log_odds"):
        vector.voice_network = voice_networks(sounds)
    return Features(vector, missing, signals, blinks_s, nose, still)


def of_sound_alone(vector: FeatureVector) -> FeatureVector:
    """The features of the sound, without all others: what is classified where there is no face."""
    alone = FeatureVector(schema_version=vector.schema_version, voice_network=vector.voice_network)
    for spec in FEATURES:
        if spec.modality == MODALITY_AUDIO and vector.HasField(spec.name):  # type: ignore[arg-type]
            setattr(alone, spec.name, getattr(vector, spec.name))
    return alone


def _unseen(signals: FaceSignals, *, still: bool) -> dict[str, str]:
    """Features of which the mesh alone would say something, and why what it says is nothing that was seen."""
    if still:
        return dict.fromkeys(OF_MOVEMENT, "nothing in the face moves")
    unseen: dict[str, str] = {}
    if mouth_covered(signals):
        unseen |= dict.fromkeys(_OF_MOUTH, "the mouth is covered")
    if eyes_covered(signals):
        unseen |= dict.fromkeys(_OF_EYES, "the eyes are covered")
    return unseen


def fast_enough(fps: float) -> bool:
    """Whether movement shows at so many frames a second; never for NaN. 19.98 are twenty to a camera."""
    return fps >= LEAST_FPS * 0.99


def _require_face(signals: FaceSignals) -> None:
    if not len(signals.times_s):
        raise UnmeasurableError("no face was found")


def _require_frame_rate(signals: FaceSignals) -> None:
    _require_face(signals)
    if not fast_enough(signals.fps):
        if signals.frames_repeated:
            raise UnmeasurableError(
                f"pictures are repeated, and there are fewer than {LEAST_FPS:g} different ones a second"
            )
        raise UnmeasurableError(f"there are fewer than {LEAST_FPS:g} frames a second")


def _blink_rate(signals: FaceSignals, blinks_s: Floats) -> float:
    _require_frame_rate(signals)
    valid_s = float(signals.shown_s[np.isfinite(signals.eye_aspect_ratio)].sum())
    if valid_s < LEAST_BLINK_S - signals.interval_s / 2:
        raise UnmeasurableError(f"the face is seen for less than {LEAST_BLINK_S:g} seconds")
    return len(blinks_s) * 60 / valid_s


def _median_jitter(signals: FaceSignals, jitter: Floats) -> float:
    _require_frame_rate(signals)
    if covered_s(signals, jitter) < LEAST_MOTION_S - signals.interval_s / 2:
        raise UnmeasurableError(f"the face is followed without a break for less than {LEAST_MOTION_S:g} seconds")
    return float(np.nanmedian(jitter))


def _usable(signals: FaceSignals, portraits: Readings) -> Floats:
    """(k,) log-odds of the scored portraits."""
    _require_face(signals)
    if len(portraits.known) < LEAST_SCORED_CROPS:
        raise UnmeasurableError("too few pictures show the face well enough")
    return portraits.known


def _usable_movements(signals: FaceSignals) -> Floats:
    """(k,) log-odds of the scored spans."""
    _require_frame_rate(signals)
    if not len(signals.movements.known):
        raise UnmeasurableError(f"the face is followed without a break for less than {LEAST_SPAN_S:g} seconds")
    return signals.movements.known


def _require_voice(sounds: Sequence[AudioWindow], facts: MediaFacts) -> None:
    if not sounds:
        # Facts without a container are no facts: the service that tells them did not answer.
        silent = bool(facts.container) and not facts.HasField("audio")
        raise UnmeasurableError("the video has no sound" if silent else "the sound was not analysed")
    if not any(window.has_audio for window in sounds):
        # Sound that is there and cannot be read, or is elsewhere in the video, is not the same as none.
        has_some = facts.HasField("audio")
        raise UnmeasurableError(
            "the sound could not be read where the video was looked at" if has_some else "the video has no sound"
        )
    if math.fsum(window.voiced_s for window in sounds) < LEAST_VOICED_S:
        raise UnmeasurableError(f"there are less than {LEAST_VOICED_S:g} seconds of voice")


def _scored_voice(sounds: Sequence[AudioWindow], facts: MediaFacts) -> Floats:
    """(k,) log-odds of the scored stretches of voice of all windows."""
    _require_voice(sounds, facts)
    readings = voice_readings(sounds)
    if not readings:
        raise UnmeasurableError("the voice was not scored")
    return np.array([reading.log_odds for reading in readings])


def _voiced_mfcc(sounds: Sequence[AudioWindow], facts: MediaFacts) -> Floats:
    """(frames, 12) coefficients c1-c12 of the voiced frames of all windows."""
    _require_voice(sounds, facts)
    values = np.concatenate(
        [np.array(list(window.mfcc), dtype=np.float64).reshape(-1, _COEFFICIENTS) for window in sounds]
    )
    usable: Floats = values[np.isfinite(values).all(axis=1)]
    if not len(usable):
        raise UnmeasurableError("the voice could not be measured")
    return usable


def _av_sync(signals: FaceSignals, sounds: Sequence[AudioWindow], facts: MediaFacts) -> float:
    _require_face(signals)
    # Lips are not expected to follow music or noise.
    _require_voice(sounds, facts)
    return av_sync_correlation(signals, sounds)


def _bits_per_pixel(facts: MediaFacts, face: Sequence[FaceWindow]) -> float:
    video = facts.video
    bits, pixels = video.bit_rate, _pixels(facts, face) * video.fps
    if not (video.HasField("bit_rate") and 0 < bits < math.inf):
        raise UnmeasurableError("the bit rate is unknown")
    if not (0 < pixels < math.inf):
        raise UnmeasurableError("the picture's size or frame rate is unknown")
    return math.log10(bits) - math.log10(pixels)


def _pixels(facts: MediaFacts, face: Sequence[FaceWindow]) -> float:
    """Pixels of a frame: the header's word, or the mean over the frames looked at where their sizes differ."""
    frames_of = frame_sizes(face)
    if len(frames_of) > 1:
        return sum(width * height * frames for (width, height), frames in frames_of.items()) / sum(frames_of.values())
    return float(facts.video.width) * float(facts.video.height)
