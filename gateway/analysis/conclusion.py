"""The end of an analysis: stored signals → persons → features → verdict → words."""

import asyncio
from collections.abc import Sequence

from notreally.v1 import analysis_pb2, audio_pb2, classifier_pb2, face_pb2, metadata_pb2, series_pb2

from gateway.analysis.extraction import Extraction
from gateway.features.faces import Person, link_faces
from gateway.features.series import result_series
from gateway.features.vector import Features, compute_features, of_sound_alone
from gateway.verdict.evidence import shortfalls
from gateway.verdict.result import FaceFinding, compose_result, rank_faces


async def conclude(
    extraction: Extraction,
    faces: Sequence[face_pb2.FaceWindow],
    sounds: Sequence[audio_pb2.AudioWindow],
    facts: metadata_pb2.MediaFacts,
    timings: Sequence[analysis_pb2.StageTiming],
    warnings: Sequence[analysis_pb2.Reason],
    persons: Sequence[Person] | None = None,
) -> tuple[analysis_pb2.AnalysisResult, series_pb2.Series]:
    """The answer and the series behind its plots.

    Args:
        extraction: For the classifier.
        faces: All analysed windows of picture.
        sounds: All analysed windows of sound; none when sound was not analysed.
        facts: Of the container.
        timings: Of the stages so far.
        warnings: What a reader should know of how this was made.
        persons: Those in the windows of picture; None to find out who they are.

    Raises:
        Refusal: What the classifier refused with.
    """
    # Off the event loop: filters and correlations over thousands of frames.
    measured = await asyncio.to_thread(_measure, faces, sounds, facts, persons)
    model = await extraction.model()
    findings = [
        FaceFinding(person, features, await extraction.classify(features.vector)) for person, features in measured
    ]
    voice = await _voice_score(extraction, findings, sounds, facts)
    known = [*warnings, *shortfalls(facts, faces, len(findings), sounds)]
    result = await asyncio.to_thread(compose_result, findings, faces, sounds, facts, model, timings, known, voice)
    headline = next(iter(rank_faces(findings)), None)
    if headline is None:
        return result, result_series((), compute_features((), sounds, facts), 0, sounds)
    person = headline.person
    return result, await asyncio.to_thread(result_series, person.windows, headline.features, person.number, sounds)


async def _voice_score(
    extraction: Extraction,
    findings: Sequence[FaceFinding],
    sounds: Sequence[audio_pb2.AudioWindow],
    facts: metadata_pb2.MediaFacts,
) -> classifier_pb2.VoiceScore | None:
    """What the classifier says of the voice, which is the same beside each face; asked for by itself without any."""
    if findings:
        response = findings[0].classification
    else:
        features = await asyncio.to_thread(compute_features, (), sounds, facts)
        if not features.vector.HasField("voice_log_odds"):
            return None
        response = await extraction.classify(of_sound_alone(features.vector))
    return response.voice if response.HasField("voice") else None


def _measure(
    faces: Sequence[face_pb2.FaceWindow],
    sounds: Sequence[audio_pb2.AudioWindow],
    facts: metadata_pb2.MediaFacts,
    persons: Sequence[Person] | None,
) -> list[tuple[Person, Features]]:
    known = link_faces(faces) if persons is None else persons
    return [(person, compute_features(person.windows, sounds, facts)) for person in known]
