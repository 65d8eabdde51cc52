"""The whole answer: which face is the headline, and what is said of each."""

import numpy as np
import pytest
from notreally.v1 import analysis_pb2, classifier_pb2
from notreally.v1.analysis_pb2 import Reason, StageTiming
from notreally.v1.classifier_pb2 import ClassifyResponse, FeatureContribution, Model
from notreally.v1.face_pb2 import FaceThumbnail, FaceWindow
from notreally.v1.media_pb2 import HeatMap

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
