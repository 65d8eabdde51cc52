"""The ten features by name: their labels, modalities, and how their values are worded.

docs/features.md says the same at length; a test holds the two together.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from notreally.v1 import features_pb2
from notreally.v1.features_pb2 import Modality

SCHEMA_VERSION = 7
"""Version of the definitions. Any change that can change a value raises it, and asks for a new model."""


@dataclass(frozen=True)
class FeatureSpec:
    """One feature.

    Attributes:
        name: Field of notreally.v1.FeatureVector.
        label: A few words for people, as in the middle of a sentence.
        unit: Of the number in the vector.
        modality: Where it comes from.
        sentence: What it tells, for a layperson.
        definition: How it is computed.
        number: Writes a value as people read it, without its unit.
        noun: What that number counts, for one and for many; empty for a bare number.
    """

    name: str
    label: str
    unit: str
    modality: Modality.ValueType
    sentence: str
    definition: str
    number: Callable[[float], str]
    noun: tuple[str, str]

    def words(self, value: float) -> str:
        """Says a value to a layperson, with its unit, such as "1 time a minute"."""
        number = self.number(value)
        noun = self.noun[0] if number == "1" else self.noun[1]
        return f"{number}{noun}" if noun.startswith("%") else f"{number} {noun}".strip()


def _count(value: float) -> str:
    return f"{value:.0f}"


def _percent(value: float) -> str:
    return f"{100 * value:.2g}"


def _bits(value: float) -> str:
    return f"{10 ** min(value, 9.0):.2g}"


def _leaning(value: float) -> str:
    """Log-odds as a share of a hundred."""
    return f"{100 / (1 + math.exp(-max(-50.0, min(value, 50.0)))):.0f}"


def _plain(value: float) -> str:
    return f"{value:.2g}"


_BLINKS = ("time a minute", "times a minute")
_OF_EYE_DISTANCE = ("% of the distance between the eyes", "% of the distance between the eyes")
_BITS = ("bit per pixel", "bits per pixel")
_OF_HUNDRED = ("of 100", "of 100")
_BARE = ("", "")

FEATURES: tuple[FeatureSpec, ...] = (
    FeatureSpec(
        "blink_rate_per_min",
        "blinking",
        "1/min",
        features_pb2.MODALITY_FACE,
        "How often the eyes blink; some fakes hardly blink, or blink in odd bursts.",
        "Closures of the eyes (mean eye aspect ratio below 0.75 times its rolling 3 s 80th percentile) of at least "
        "2 frames and at most 0.5 s, 0.2 s apart, per minute of valid face.",
        _count,
        _BLINKS,
    ),
    FeatureSpec(
        "nose_jitter",
        "nose jitter",
        "IOD",
        features_pb2.MODALITY_FACE,
        "How much the tip of the nose jitters beyond steady head motion; a face put on frame by frame can jitter.",
        "Median second difference of the nose tip ÷ (IOD·√6).",
        _percent,
        _OF_EYE_DISTANCE,
    ),
    FeatureSpec(
        "face_motion_log_odds",
        "movement of face and light",
        "log-odds",
        features_pb2.MODALITY_FACE,
        "The score of a network trained on forged faces, for how lids, lips, jaw and head move and how the light on "
        "them changes: 0 looks filmed, 100 looks forged.",
        "Mean over spans of about two seconds of the motion network's log-odds of being forged, each limited to ±8.",
        _leaning,
        _OF_HUNDRED,
    ),
    FeatureSpec(
        "face_appearance_log_odds",
        "appearance of the face",
        "log-odds",
        features_pb2.MODALITY_FACE,
        "The score of a large network trained on synthesised faces, for what this one looks like, colours and all: 0 "
        "looks filmed, 100 looks synthesised.",
        "Mean over about 8 portraits (single frames in colour) of the appearance network's log-odds of being "
        "synthesised, each limited to ±8.",
        _leaning,
        _OF_HUNDRED,
    ),
    FeatureSpec(
        "face_blending_log_odds",
        "traces of blending",
        "log-odds",
        features_pb2.MODALITY_FACE,
        "The score of the same network for whether a face, or a part of it such as the mouth, was put into another "
        "picture: 0 looks like one picture, 100 like two.",
        "Mean over the same portraits of the appearance network's log-odds of being blended from two pictures, each "
        "limited to ±8.",
        _leaning,
        _OF_HUNDRED,
    ),
    FeatureSpec(
        "voice_log_odds",
        "sound of the voice",
        "log-odds",
        features_pb2.MODALITY_AUDIO,
        "The score of a network trained on synthesised speech, for what the voice sounds like: 0 sounds recorded, 100 "
        "sounds synthesised.",
        "Mean over stretches of voiced sound of the voice network's log-odds of being synthesised, each limited to ±8.",
        _leaning,
        _OF_HUNDRED,
    ),
    FeatureSpec(
        "mfcc_mean",
        "average timbre of the sound",
        "MFCC",
        features_pb2.MODALITY_AUDIO,
        "The average colour of the voice; synthesised voices can be duller or brighter than recorded ones.",
        "Mean of MFCC c1-c12 over voiced frames of the sound (all channels as one, RMS-normalised) at 16 kHz.",
        _plain,
        _BARE,
    ),
    FeatureSpec(
        "mfcc_std",
        "liveliness of the sound",
        "MFCC",
        features_pb2.MODALITY_AUDIO,
        "How much the colour of the voice varies; synthesised voices can be flatter.",
        "Mean over c1-c12 of the standard deviation over voiced frames.",
        _plain,
        _BARE,
    ),
    FeatureSpec(
        "av_sync_corr",
        "agreement of mouth and sound",
        "correlation",
        features_pb2.MODALITY_FACE_AND_AUDIO,
        "How well the opening of the mouth follows the loudness; foreign or generated speech can fall out of step.",
        "Largest correlation over lags up to 200 ms of mouth gap ÷ IOD with log-RMS, 25 Hz, band-passed 0.5-8 Hz.",
        _plain,
        _BARE,
    ),
    FeatureSpec(
        "log10_bits_per_pixel",
        "compression of the file",
        "log10 bit",
        features_pb2.MODALITY_METADATA,
        "How much data each pixel gets; no sign of anything by itself, but it sets what the other numbers can show.",
        "log10(video bit rate ÷ (width · height · frame rate)).",
        _bits,
        _BITS,
    ),
)
"""In the order of the vector."""
