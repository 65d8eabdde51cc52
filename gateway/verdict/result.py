"""Composes the result."""

from collections.abc import Sequence
from dataclasses import dataclass

from notreally.v1 import analysis_pb2, classifier_pb2
from notreally.v1.analysis_pb2 import AnalysisResult, FaceResult, Reason, StageTiming, Thumbnail, Verdict
from notreally.v1.audio_pb2 import AudioWindow
from notreally.v1.classifier_pb2 import ClassifyResponse, FeatureContribution, Model
from notreally.v1.face_pb2 import FaceWindow
from notreally.v1.metadata_pb2 import MediaFacts

from gateway.features.definitions import FEATURES
from gateway.features.faces import Person
from gateway.features.vector import Features, compute_features
from gateway.verdict.evidence import insufficiency, measure_evidence, timeline
from gateway.verdict.summary import summarize

MOST_THUMBNAILS = 8
"""Kept of one analysis, shared evenly by its faces."""

_VERDICT_OF_BAND: dict[classifier_pb2.Band.ValueType, Verdict.ValueType] = {
    classifier_pb2.BAND_REAL: analysis_pb2.VERDICT_LIKELY_REAL,
    classifier_pb2.BAND_INCONCLUSIVE: analysis_pb2.VERDICT_INCONCLUSIVE,
    classifier_pb2.BAND_FAKE: analysis_pb2.VERDICT_LIKELY_FAKE,
}


@dataclass(frozen=True)
class FaceFinding:
    """One person, that person's features, and what the classifier says of them."""

    person: Person
    features: Features
    classification: ClassifyResponse


def rank_faces(findings: Sequence[FaceFinding]) -> tuple[FaceFinding, ...]:
    """Orders faces for the answer: those with enough evidence first, then the most suspicious, then the largest."""
    return tuple(
        sorted(
            findings,
            key=lambda finding: (
                bool(insufficiency(finding.features)),
                -finding.classification.prob_fake,
                finding.person.number,
            ),
        )
    )


def compose_result(
    findings: Sequence[FaceFinding],
    face_windows: Sequence[FaceWindow],
    sound_windows: Sequence[AudioWindow],
    facts: MediaFacts,
    model: Model,
    timings: Sequence[StageTiming] = (),
    warnings: Sequence[Reason] = (),
) -> AnalysisResult:
    """Composes the answer, without its series.

    Args:
        findings: Of every person found, in any order; none when there is no face.
        face_windows: All analysed windows, with all tracks.
        sound_windows: All analysed windows of sound; none when sound was not analysed.
        facts: Of the container.
        model: The one that classified.
        timings: Of the stages so far.
        warnings: What a reader should know, such as a modality that is missing.

    Returns:
        Its headline is the most suspicious face with enough evidence. Without a face, the verdict is INSUFFICIENT,
        the probabilities are even and no feature contributes.
    """
    ranked = rank_faces(findings)
    headline = ranked[0] if ranked else None
    windows = headline.person.windows if headline else face_windows
    features = headline.features if headline else compute_features(face_windows, sound_windows, facts)
    prob_fake = headline.classification.prob_fake if headline else 0.5
    reasons = insufficiency(features)
    result = AnalysisResult(
        verdict=_verdict(headline.classification, reasons) if headline else analysis_pb2.VERDICT_INSUFFICIENT,
        insufficiency=reasons,
        authenticity_score=100 * (1 - prob_fake),
        confidence=max(prob_fake, 1 - prob_fake),
        prob_real=1 - prob_fake,
        prob_fake=prob_fake,
        features=features.vector,
        contributions=headline.classification.contributions if headline else _no_contributions(features),
        bias=headline.classification.bias if headline else 0.0,
        out_of_range=headline.classification.out_of_range if headline else False,
        quality=measure_evidence(features, sound_windows, facts, len(ranked)),
        timeline=timeline(windows, features),
        metadata=facts,
        model=model,
        timings=timings,
        faces=[_face_result(finding, MOST_THUMBNAILS // len(ranked)) for finding in ranked],
        warnings=warnings,
    )
    result.summary = summarize(result, features.missing, headline.person.number if headline else 0)
    return result


def _verdict(classification: ClassifyResponse, reasons: Sequence[Reason]) -> Verdict.ValueType:
    return analysis_pb2.VERDICT_INSUFFICIENT if reasons else _VERDICT_OF_BAND[classification.band]


def _face_result(finding: FaceFinding, thumbnails: int) -> FaceResult:
    reasons = insufficiency(finding.features)
    return FaceResult(
        number=finding.person.number,
        prob_fake=finding.classification.prob_fake,
        verdict=_verdict(finding.classification, reasons),
        features=finding.features.vector,
        contributions=finding.classification.contributions,
        face_coverage=finding.features.signals.coverage,
        insufficiency=reasons,
        thumbnails=_thumbnails(finding.person, max(1, thumbnails)),
    )


def _thumbnails(person: Person, most: int) -> list[Thumbnail]:
    """Some of the person's thumbnails, spread over those there are."""
    found = [
        Thumbnail(
            time_s=thumbnail.time_s, jpeg=thumbnail.jpeg, heat=thumbnail.heat if thumbnail.HasField("heat") else None
        )
        for window in person.windows
        for thumbnail in window.thumbnails
    ]
    count = min(most, len(found))
    return [found[index * len(found) // count] for index in range(count)]


def _no_contributions(features: Features) -> list[FeatureContribution]:
    return [
        FeatureContribution(
            feature=spec.name,
            modality=spec.modality,
            value=None if spec.name in features.missing else getattr(features.vector, spec.name),
        )
        for spec in FEATURES
    ]
