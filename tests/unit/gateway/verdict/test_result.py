"""The whole answer: which face is the headline, and what is said of each."""

import numpy as np
import pytest
from notreally.v1 import analysis_pb2, classifier_pb2
from notreally.v1.analysis_pb2 import Reason, StageTiming
from notreally.v1.classifier_pb2 import ClassifyResponse, FeatureContribution, Model, VoiceModel, VoiceScore
from notreally.v1.face_pb2 import FaceThumbnail, FaceWindow
from notreally.v1.media_pb2 import HeatMap
from notreally.v1.metadata_pb2 import AudioFacts, MediaFacts

from gateway.features.faces import Person
from gateway.features.vector import FEATURES, compute_features
from gateway.verdict.result import FaceFinding, compose_result, rank_faces
from tests.unit.gateway.synthetic_signals import face_clip, frame_times, media_facts, sound_clip

TIMES = frame_times(12.0)
SOUND = sound_clip(12.0, has_audio=False)


def finding(
    number: int, prob_fake: float, band: classifier_pb2.Band.ValueType, windows: list[FaceWindow] | None = None
) -> FaceFinding:
    face = windows if windows is not None else face_clip(TIMES)
    features = compute_features(face, SOUND, media_facts(12.0))
    classification = ClassifyResponse(
        prob_fake=prob_fake,
        band=band,
        bias=-0.2,
        out_of_range=number == 2,
        contributions=[
            FeatureContribution(
                feature=spec.name,
                modality=spec.modality,
                value=None if spec.name in features.missing else getattr(features.vector, spec.name),
                contribution=0.1,
            )
            for spec in FEATURES
        ],
    )
    return FaceFinding(Person(number, tuple(face)), features, classification)


REAL = finding(1, 0.1, classifier_pb2.BAND_REAL)
FAKE = finding(2, 0.9, classifier_pb2.BAND_FAKE)
UNSURE = finding(3, 0.5, classifier_pb2.BAND_INCONCLUSIVE)
TOO_SMALL = finding(4, 0.99, classifier_pb2.BAND_FAKE, face_clip(TIMES, iod_px=20.0))


def test_the_headline_is_the_most_suspicious_face_with_enough_evidence() -> None:
    result = compose_result(
        [REAL, TOO_SMALL, FAKE, UNSURE],
        face_clip(TIMES),
        SOUND,
        media_facts(12.0),
        Model(version="m"),
        [StageTiming(stage=analysis_pb2.STAGE_FINALIZING, wall_s=0.1)],
        [Reason(reason="CUT", text="The file is cut.")],
    )
    assert [face.number for face in result.faces] == [2, 3, 1, 4]
    assert [face.verdict for face in result.faces] == [
        analysis_pb2.VERDICT_LIKELY_FAKE,
        analysis_pb2.VERDICT_INCONCLUSIVE,
        analysis_pb2.VERDICT_LIKELY_REAL,
        analysis_pb2.VERDICT_INSUFFICIENT,
    ]
    assert result.verdict == analysis_pb2.VERDICT_LIKELY_FAKE
    assert result.prob_fake == 0.9
    assert result.prob_real == pytest.approx(0.1)
    assert result.authenticity_score == pytest.approx(10.0)
    assert result.confidence == 0.9
    assert result.features == FAKE.features.vector
    assert list(result.contributions) == list(FAKE.classification.contributions)
    assert result.bias == -0.2
    assert result.out_of_range
    assert result.quality.faces == 4
    assert result.model.version == "m"
    assert result.metadata == media_facts(12.0)
    assert len(result.timeline) == 3
    assert result.timings[0].wall_s == 0.1
    assert "This is about face 2 of 4" in result.summary
    assert "The file is cut." in result.summary


def test_a_likely_real_face_scores_high() -> None:
    result = compose_result([REAL], face_clip(TIMES), SOUND, media_facts(12.0), Model())
    assert result.verdict == analysis_pb2.VERDICT_LIKELY_REAL
    assert result.authenticity_score == pytest.approx(90.0)
    assert result.confidence == pytest.approx(0.9)
    assert not result.insufficiency


def test_when_no_face_suffices_the_verdict_says_so() -> None:
    result = compose_result([TOO_SMALL], face_clip(TIMES), SOUND, media_facts(12.0), Model())
    assert result.verdict == analysis_pb2.VERDICT_INSUFFICIENT
    assert "FACE_TOO_SMALL" in [reason.reason for reason in result.insufficiency]


def test_without_a_face_nothing_is_claimed() -> None:
    windows = face_clip(TIMES, found=np.zeros(len(TIMES)))
    result = compose_result([], windows, SOUND, media_facts(12.0), Model())
    assert result.verdict == analysis_pb2.VERDICT_INSUFFICIENT
    assert [reason.reason for reason in result.insufficiency] == ["NO_FACE"]
    assert (result.prob_fake, result.prob_real, result.confidence) == (0.5, 0.5, 0.5)
    assert [item.feature for item in result.contributions] == [spec.name for spec in FEATURES]
    assert not any(item.contribution for item in result.contributions)
    assert result.quality.frames_analyzed == 360
    assert result.features.log10_bits_per_pixel == pytest.approx(-1.0)
    assert result.quality.analyzed_fps == pytest.approx(30.0)


def test_equally_suspicious_faces_go_by_size() -> None:
    twin = finding(5, 0.9, classifier_pb2.BAND_FAKE)
    assert [one.person.number for one in rank_faces([twin, FAKE])] == [2, 5]


def test_thumbnails_are_shared_by_the_faces_and_spread_over_time() -> None:
    def pictured(number: int) -> FaceFinding:
        windows = face_clip(TIMES)
        for window in windows:
            window.thumbnails.extend(
                FaceThumbnail(time_s=window.window.start_s + step, jpeg=b"x") for step in (0.0, 1.0, 2.0)
            )
        return finding(number, 0.1 * number, classifier_pb2.BAND_REAL, windows)

    result = compose_result([pictured(1), pictured(2)], [], SOUND, media_facts(12.0), Model())
    assert [[picture.time_s for picture in face.thumbnails] for face in result.faces] == [[0, 2, 5, 8]] * 2


def test_a_thumbnail_comes_with_its_heat_map_where_it_was_scored() -> None:
    windows = face_clip(TIMES)
    heat = HeatMap(log_odds=-0.5, side=2, places=[-1.0, 0.0, -1.0, 0.0])
    windows[0].thumbnails.extend([FaceThumbnail(time_s=0.5, jpeg=b"a", heat=heat), FaceThumbnail(time_s=2, jpeg=b"b")])
    result = compose_result(
        [finding(1, 0.2, classifier_pb2.BAND_REAL, windows)], windows, SOUND, media_facts(12.0), Model()
    )
    scored, other = result.faces[0].thumbnails
    assert (scored.time_s, scored.jpeg, scored.heat) == (0.5, b"a", heat)
    assert (other.time_s, other.jpeg, other.HasField("heat")) == (2.0, b"b", False)


SPOKEN = sound_clip(12.0)
JUDGES_VOICES = Model(version="m", voice=VoiceModel(network="voice network", slope=1, real_below=0.2, fake_above=0.7))


def voice(prob_fake: float, band: classifier_pb2.Band.ValueType, *, out_of_range: bool = False) -> VoiceScore:
    return VoiceScore(prob_fake=prob_fake, band=band, out_of_range=out_of_range)


FAKE_VOICE = voice(0.95, classifier_pb2.BAND_FAKE)


def composed(findings: list[FaceFinding], score: VoiceScore | None) -> analysis_pb2.AnalysisResult:
    windows = face_clip(TIMES, found=bool(findings))
    return compose_result(findings, windows, SPOKEN, media_facts(12.0), JUDGES_VOICES, voice_score=score)


def test_a_synthesised_voice_makes_the_whole_fake_and_the_face_stays_what_it_is() -> None:
    result = composed([REAL, UNSURE], FAKE_VOICE)
    assert (result.verdict, result.headline) == (analysis_pb2.VERDICT_LIKELY_FAKE, analysis_pb2.PART_VOICE)
    assert (result.prob_fake, result.confidence) == (0.95, 0.95)
    assert result.prob_real == pytest.approx(0.05)
    assert result.authenticity_score == pytest.approx(5.0)
    assert result.voice.prob_fake == 0.95
    assert [face.prob_fake for face in result.faces] == [0.5, 0.1]
    assert result.features == UNSURE.features.vector
    assert list(result.contributions) == list(UNSURE.classification.contributions)
    assert not result.insufficiency


def test_a_real_voice_does_not_excuse_a_forged_face() -> None:
    result = composed([FAKE], voice(0.01, classifier_pb2.BAND_REAL))
    assert (result.verdict, result.headline) == (analysis_pb2.VERDICT_LIKELY_FAKE, analysis_pb2.PART_FACE)
    assert result.prob_fake == 0.9
    assert result.voice.verdict == analysis_pb2.VERDICT_LIKELY_REAL


def test_a_voice_beside_no_face_is_judged_and_the_face_is_said_beside_it() -> None:
    result = composed([], FAKE_VOICE)
    assert (result.verdict, result.headline) == (analysis_pb2.VERDICT_LIKELY_FAKE, analysis_pb2.PART_VOICE)
    assert not result.insufficiency
    (warning,) = result.warnings
    assert warning.reason == "NO_FACE"
    assert warning.text.startswith("Of the face nothing can be said: no face was found in the analysed frames.")
    assert warning.text in result.summary


def test_of_a_face_that_cannot_be_judged_every_reason_is_said_beside_the_voice() -> None:
    short = finding(1, 0.99, classifier_pb2.BAND_FAKE, face_clip(frame_times(2.0), iod_px=20.0))
    result = composed([short], voice(0.4, classifier_pb2.BAND_INCONCLUSIVE))
    assert (result.verdict, result.headline) == (analysis_pb2.VERDICT_INCONCLUSIVE, analysis_pb2.PART_VOICE)
    assert [warning.reason for warning in result.warnings] == [
        reason.reason for reason in result.faces[0].insufficiency
    ]
    assert sum("nothing can be said" in warning.text for warning in result.warnings) == 1


def test_without_a_score_of_the_voice_the_face_is_judged_as_ever() -> None:
    result = composed([FAKE], None)
    assert (result.verdict, result.headline) == (analysis_pb2.VERDICT_LIKELY_FAKE, analysis_pb2.PART_FACE)
    assert [reason.reason for reason in result.voice.insufficiency] == ["VOICE_NOT_SCORED"]
    silent = compose_result([FAKE], [], SOUND, media_facts(12.0), JUDGES_VOICES)
    assert (silent.headline, silent.HasField("voice")) == (analysis_pb2.PART_FACE, False)


def test_a_voice_unlike_all_that_was_heard_is_warned_of() -> None:
    odd = composed([FAKE], voice(0.4, classifier_pb2.BAND_INCONCLUSIVE, out_of_range=True))
    assert [warning.reason for warning in odd.warnings] == ["VOICE_OUT_OF_RANGE"]
    assert not composed([FAKE], voice(0.4, classifier_pb2.BAND_INCONCLUSIVE)).warnings


def test_a_sound_recording_is_judged_by_its_voice() -> None:
    facts = MediaFacts(container="wav", duration_s=12.0, audio=AudioFacts(codec="pcm_s16le"))
    result = compose_result([], [], SPOKEN, facts, JUDGES_VOICES, voice_score=FAKE_VOICE)
    assert (result.verdict, result.headline) == (analysis_pb2.VERDICT_LIKELY_FAKE, analysis_pb2.PART_VOICE)
    assert not result.insufficiency
    assert "face" not in result.summary
    assert [part.voice_log_odds for part in result.timeline] == [1.0, 1.0, 1.0]
    unscored = compose_result([], [], SPOKEN, facts, JUDGES_VOICES)
    assert unscored.verdict == analysis_pb2.VERDICT_INSUFFICIENT
    assert [reason.reason for reason in unscored.insufficiency] == ["VOICE_NOT_SCORED"]
    deaf = compose_result([], [], sound_clip(12.0, has_audio=False), facts, JUDGES_VOICES)
    assert (deaf.verdict, deaf.headline) == (analysis_pb2.VERDICT_INSUFFICIENT, analysis_pb2.PART_VOICE)
    assert [reason.reason for reason in deaf.insufficiency] == ["SOUND_NOT_READ"]
    assert "recording" in deaf.summary
