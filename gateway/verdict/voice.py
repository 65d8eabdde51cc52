"""What is said of the voice, and which of face and voice is the headline."""

import math
from collections.abc import Sequence

from notreally.v1 import analysis_pb2, classifier_pb2
from notreally.v1.analysis_pb2 import Part, Reason, Verdict, VoiceResult, VoiceStretch
from notreally.v1.audio_pb2 import AudioWindow, VoiceReading
from notreally.v1.classifier_pb2 import Model, VoiceModel, VoiceScore
from notreally.v1.metadata_pb2 import MediaFacts

from gateway.features.readings import voice_readings
from gateway.features.vector import LEAST_VOICED_S

VERDICT_OF_BAND: dict[classifier_pb2.Band.ValueType, Verdict.ValueType] = {
    classifier_pb2.BAND_REAL: analysis_pb2.VERDICT_LIKELY_REAL,
    classifier_pb2.BAND_INCONCLUSIVE: analysis_pb2.VERDICT_INCONCLUSIVE,
    classifier_pb2.BAND_FAKE: analysis_pb2.VERDICT_LIKELY_FAKE,
}

_WORST_FIRST = (
    analysis_pb2.VERDICT_LIKELY_FAKE,
    analysis_pb2.VERDICT_INCONCLUSIVE,
    analysis_pb2.VERDICT_LIKELY_REAL,
    analysis_pb2.VERDICT_INSUFFICIENT,
)


def sound_only(facts: MediaFacts) -> bool:
    """Whether a file is a sound recording: of a file whose facts are not known, that is not known either."""
    return facts.HasField("audio") and not facts.HasField("video")


def voice_result(sound: Sequence[AudioWindow], score: VoiceScore | None, model: Model) -> VoiceResult | None:
    """What is said of the voice.

    Args:
        sound: The analysed windows of sound, in any order; none when sound was not analysed.
        score: The classifier's; None when it was not asked, or does not judge voices.
        model: The one that scored.

    Returns:
        None when there was no sound to analyse.
    """
    if not any(window.has_audio for window in sound):
        return None
    readings = voice_readings(sound)
    voiced_s = math.fsum(window.voiced_s for window in sound)
    reasons = _insufficiency(voiced_s, readings, score, model)
    judged = score if score is not None and not reasons else None
    return VoiceResult(
        verdict=VERDICT_OF_BAND[judged.band] if judged else analysis_pb2.VERDICT_INSUFFICIENT,
        prob_fake=judged.prob_fake if judged else None,
        insufficiency=reasons,
        voiced_s=voiced_s,
        scored_s=_covered_s(readings),
        stretches=[
            VoiceStretch(
                start_s=reading.start_s,
                end_s=reading.end_s,
                log_odds=reading.log_odds,
                suspicious=_is_suspicious(reading.log_odds, model.voice),
            )
            for reading in readings
        ],
    )


def headline_part(face: Verdict.ValueType, voice: VoiceResult | None, facts: MediaFacts) -> Part.ValueType:
    """Which part the headline is about: the worse one, and where both are alike the face.

    Args:
        face: The verdict on the most suspicious face, or on none.
        voice: As `voice_result` gives it.
        facts: Of the container.
    """
    if sound_only(facts):
        return analysis_pb2.PART_VOICE
    if voice is None or _WORST_FIRST.index(face) <= _WORST_FIRST.index(voice.verdict):
        return analysis_pb2.PART_FACE
    return analysis_pb2.PART_VOICE


def unread_sound() -> Reason:
    """Why nothing can be said of a recording of which no sound could be read."""
    text = (
        "No sound could be read in the analysed parts of the recording. It may be damaged. Save it again as another "
        "kind of file, such as WAV, and send that."
    )
    return Reason(reason="SOUND_NOT_READ", text=text)


def _insufficiency(
    voiced_s: float, readings: Sequence[VoiceReading], score: VoiceScore | None, model: Model
) -> list[Reason]:
    """Why the evidence on the voice does not suffice, as for a face; none when it does."""
    if voiced_s < LEAST_VOICED_S:
        # Never rounded up to what would be enough.
        seconds = math.floor(10 * voiced_s) / 10
        text = (
            f"A voice can be heard for {seconds:g} {'second' if seconds == 1 else 'seconds'}, and at least "
            f"{LEAST_VOICED_S:g} are needed. Use a recording in which the person speaks for longer."
        )
        return [Reason(reason="TOO_LITTLE_VOICE", text=text)]
    if readings and not model.voice.network:
        text = "The model in use does not judge voices. Whoever runs the server can give it one that does."
        return [Reason(reason="VOICE_NOT_SCORED", text=text)]
    if not readings or score is None:
        text = (
            "The voice was not scored: it can be heard in short pieces only, or the server has no network that scores "
            "voices. Use a recording in which the person speaks for longer without a break."
        )
        return [Reason(reason="VOICE_NOT_SCORED", text=text)]
    return []


def _is_suspicious(log_odds: float, curve: VoiceModel) -> bool:
    """Whether a stretch with this reading is one that hardly ever occurs in real speech."""
    return curve.HasField("suspicious_above") and log_odds > curve.suspicious_above


def _covered_s(readings: Sequence[VoiceReading]) -> float:
    """Seconds that some reading is about; `readings` ascend, and overlap."""
    covered_s, until_s = 0.0, -math.inf
    for reading in readings:
        covered_s += max(0.0, reading.end_s - max(reading.start_s, until_s))
        until_s = max(until_s, reading.end_s)
    return covered_s
