"""Composes the result."""

from collections.abc import Sequence
from dataclasses import dataclass

from notreally.v1 import analysis_pb2
from notreally.v1.analysis_pb2 import AnalysisResult, FaceResult, Reason, StageTiming, Thumbnail, Verdict, VoiceResult
from notreally.v1.audio_pb2 import AudioWindow
from notreally.v1.classifier_pb2 import ClassifyResponse, FeatureContribution, Model, VoiceScore
from notreally.v1.face_pb2 import FaceWindow
from notreally.v1.metadata_pb2 import MediaFacts

from gateway.features.definitions import FEATURES
from gateway.features.faces import Person
from gateway.features.vector import Features, compute_features
from gateway.verdict.evidence import insufficiency, measure_evidence, timeline
from gateway.verdict.summary import nothing_said_of, summarize
from gateway.verdict.voice import VERDICT_OF_BAND, headline_part, sound_only, unread_sound, voice_result

MOST_THUMBNAILS = 8
"""Kept of one analysis, shared evenly by its faces."""

_OUT_OF_RANGE = Reason(
    reason="VOICE_OUT_OF_RANGE",
    text="The voice lies outside what its score was fitted to, so trust what is said of it less.",
)


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
    voice_score: VoiceScore | None = None,
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
        voice_score: What the classifier says of the voice; None when it says nothing.

    Returns:
        Its headline is the worse of the voice and the most suspicious face with enough evidence. Features and
        contributions are that face's. Without evidence on either, the verdict is INSUFFICIENT and the probabilities
        are even; without a face no feature contributes.
    """
    ranked = rank_faces(findings)
    first = ranked[0] if ranked else None
    windows = first.person.windows if first else face_windows
    features = first.features if first else compute_features(face_windows, sound_windows, facts)
    voice = voice_result(sound_windows, voice_score, model)
    face = _face_part(first, features)
    part = headline_part(face.verdict, voice, facts)
    headline = face if part == analysis_pb2.PART_FACE else _voice_part(voice)
    known = list(warnings)
    if part == analysis_pb2.PART_VOICE and not sound_only(facts):
        known += _beside_the_voice(face.reasons)
    if voice is not None and voice.HasField("prob_fake") and voice_score is not None and voice_score.out_of_range:
        known.append(_OUT_OF_RANGE)
    prob_fake = headline.prob_fake
    result = AnalysisResult(
        verdict=headline.verdict,
        insufficiency=headline.reasons,
        authenticity_score=100 * (1 - prob_fake),
        confidence=max(prob_fake, 1 - prob_fake),
        prob_real=1 - prob_fake,
        prob_fake=prob_fake,
        features=features.vector,
        contributions=first.classification.contributions if first else _no_contributions(features),
        bias=first.classification.bias if first else 0.0,
        out_of_range=first.classification.out_of_range if first else False,
        quality=measure_evidence(features, sound_windows, facts, len(ranked)),
        timeline=timeline(windows, features, sound_windows),
        metadata=facts,
        model=model,
        timings=timings,
        faces=[_face_result(finding, MOST_THUMBNAILS // len(ranked)) for finding in ranked],
        warnings=known,
        voice=voice,
        headline=part,
    )
    result.summary = summarize(result, features.missing, first.person.number if first else 0)
    return result


@dataclass(frozen=True)
class _PartFinding:
    """What is said of the face or of the voice."""

    verdict: Verdict.ValueType
    prob_fake: float
    reasons: list[Reason]


def _face_part(first: FaceFinding | None, features: Features) -> _PartFinding:
    reasons = insufficiency(features)
    if first is None:
        return _PartFinding(analysis_pb2.VERDICT_INSUFFICIENT, 0.5, reasons)
    return _PartFinding(_verdict(first.classification, reasons), first.classification.prob_fake, reasons)


def _voice_part(voice: VoiceResult | None) -> _PartFinding:
    if voice is None:
        return _PartFinding(analysis_pb2.VERDICT_INSUFFICIENT, 0.5, [unread_sound()])
    prob_fake = voice.prob_fake if voice.HasField("prob_fake") else 0.5
    return _PartFinding(voice.verdict, prob_fake, list(voice.insufficiency))


def _beside_the_voice(reasons: Sequence[Reason]) -> list[Reason]:
    """Why nothing is said of the face, where the verdict is the voice's."""
    return [
        Reason(reason=reason.reason, text=nothing_said_of("face", reason.text) if place == 0 else reason.text)
        for place, reason in enumerate(reasons)
    ]


def _verdict(classification: ClassifyResponse, reasons: Sequence[Reason]) -> Verdict.ValueType:
    return analysis_pb2.VERDICT_INSUFFICIENT if reasons else VERDICT_OF_BAND[classification.band]


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
