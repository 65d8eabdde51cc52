"""The end of an analysis: what the classifier is asked, and what comes of its answers."""

import asyncio
from collections.abc import Sequence

import pytest
from notreally.v1 import analysis_pb2, classifier_pb2
from notreally.v1.audio_pb2 import AudioWindow
from notreally.v1.classifier_pb2 import ClassifyResponse, Model, VoiceModel, VoiceScore
from notreally.v1.face_pb2 import FaceWindow
from notreally.v1.features_pb2 import FeatureVector

from gateway.analysis.conclusion import conclude
from gateway.analysis.extraction import Extraction
from gateway.features.vector import SCHEMA_VERSION
from tests.unit.gateway.synthetic_signals import face_clip, frame_times, media_facts, sound_clip

MODEL = Model(version="m", voice=VoiceModel(network="voice network", slope=1, real_below=0.2, fake_above=0.7))
VOICE = VoiceScore(prob_fake=0.9, band=classifier_pb2.BAND_FAKE)


class Classifier(Extraction):
    """Keeps what it is asked, and calls every voice fake and every face real."""

    def __init__(self) -> None:
        self.asked: list[FeatureVector] = []

    async def classify(self, features: FeatureVector) -> ClassifyResponse:
        self.asked.append(features)
        voice = VOICE if features.HasField("voice_log_odds") else None
        return ClassifyResponse(prob_fake=0.1, band=classifier_pb2.BAND_REAL, voice=voice)

    async def model(self) -> Model:
        return MODEL


def concluded(
    faces: Sequence[FaceWindow], sounds: Sequence[AudioWindow]
) -> tuple[analysis_pb2.AnalysisResult, list[FeatureVector]]:
    classifier = Classifier()
    result, _ = asyncio.run(conclude(classifier, faces, sounds, media_facts(12.0), (), ()))
    return result, classifier.asked


TIMES = frame_times(12.0)
NOBODY = face_clip(TIMES, found=False)


def test_a_voice_without_a_face_is_classified_by_its_sound_alone() -> None:
    result, asked = concluded(NOBODY, sound_clip(12.0))
    (vector,) = asked
    assert {field.name for field, _ in vector.ListFields()} == {
        "schema_version", "voice_log_odds", "mfcc_mean", "mfcc_std", "voice_network"
    }  # fmt: skip
    assert (vector.schema_version, vector.voice_network) == (SCHEMA_VERSION, "voice network")
    assert (result.verdict, result.headline) == (analysis_pb2.VERDICT_LIKELY_FAKE, analysis_pb2.PART_VOICE)
    assert result.prob_fake == 0.9
    # What the file says of itself is shown all the same.
    assert result.features.HasField("log10_bits_per_pixel")


@pytest.mark.parametrize("sounds", [[], sound_clip(12.0, has_audio=False), sound_clip(12.0, voice=None)])
def test_without_face_and_reading_nothing_is_classified(sounds: list[AudioWindow]) -> None:
    result, asked = concluded(NOBODY, sounds)
    assert asked == []
    assert (result.verdict, result.headline) == (analysis_pb2.VERDICT_INSUFFICIENT, analysis_pb2.PART_FACE)


def test_beside_a_face_the_voice_is_classified_with_it() -> None:
    result, asked = concluded(face_clip(TIMES), sound_clip(12.0))
    (vector,) = asked
    assert vector.HasField("voice_log_odds")
    assert vector.HasField("nose_jitter")
    assert result.headline == analysis_pb2.PART_VOICE
    assert (result.verdict, result.prob_fake) == (analysis_pb2.VERDICT_LIKELY_FAKE, 0.9)
    assert (result.faces[0].verdict, result.faces[0].prob_fake) == (analysis_pb2.VERDICT_LIKELY_REAL, 0.1)
