"""The result in words for a layperson: what, how sure, why, and what to keep in mind."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from notreally.v1 import analysis_pb2
from notreally.v1.analysis_pb2 import AnalysisResult
from notreally.v1.classifier_pb2 import FeatureContribution, Model

from gateway.features.definitions import FEATURES
from gateway.verdict.voice import sound_only

MOST_REASONS = 3
LEAST_CONTRIBUTION = 0.05  # log-odds: moves 50 % by about one percentage point
SMALL_IOD_PX = 60.0

# Shapes what the other features can show, and is no sign of anything by itself.
_CONTEXT = "log10_bits_per_pixel"

_SPECS = {spec.name: spec for spec in FEATURES}

_VERDICTS: dict[analysis_pb2.Verdict.ValueType, str] = {
    analysis_pb2.VERDICT_LIKELY_REAL: "This video is likely real.",
    analysis_pb2.VERDICT_LIKELY_FAKE: "This video is likely fake.",
    analysis_pb2.VERDICT_INCONCLUSIVE: "We can't tell whether this video is real or fake.",
    analysis_pb2.VERDICT_INSUFFICIENT: "This video shows too little to tell whether it is real or fake.",
}
# Of a file in which only the voice can be judged, if that.
_OF_THE_VOICE_ALONE: dict[analysis_pb2.Verdict.ValueType, str] = {
    analysis_pb2.VERDICT_LIKELY_REAL: "The voice in this {file} is likely real.",
    analysis_pb2.VERDICT_LIKELY_FAKE: "The voice in this {file} is likely synthesised.",
    analysis_pb2.VERDICT_INCONCLUSIVE: "We can't tell whether the voice in this {file} is real or synthesised.",
    analysis_pb2.VERDICT_INSUFFICIENT: "Nothing can be said of the voice in this {file}.",
}
# Of the part that the verdict is about, and of the other one, which is no worse.
_WORSE: dict[str, dict[analysis_pb2.Verdict.ValueType, str]] = {
    "face": {
        analysis_pb2.VERDICT_LIKELY_FAKE: "The face is likely fake",
        analysis_pb2.VERDICT_INCONCLUSIVE: "We can't tell whether the face is real or fake",
    },
    "voice": {
        analysis_pb2.VERDICT_LIKELY_FAKE: "The voice is likely synthesised",
        analysis_pb2.VERDICT_INCONCLUSIVE: "We can't tell whether the voice is real or synthesised",
    },
}
_BETTER: dict[str, dict[analysis_pb2.Verdict.ValueType, str]] = {
    "face": {
        analysis_pb2.VERDICT_INCONCLUSIVE: "the face alone would not be called fake",
        analysis_pb2.VERDICT_LIKELY_REAL: "the face is likely real",
    },
    "voice": {
        analysis_pb2.VERDICT_INCONCLUSIVE: "the voice alone would not be called synthesised",
        analysis_pb2.VERDICT_LIKELY_REAL: "the voice is likely real",
    },
}

# Said in place of reasons: what pushed a score that means nothing is no reason.
_NO_VERDICTS = (
    "The model in use gives no verdicts: in tests on sources and methods it had never seen, it did not tell real from "
    "fake well enough."
)
# Said where the score points to a side on which no verdicts are given.
_NOT_PROVEN = (
    "The model in use calls no video {side}: in tests on sources and methods it had never seen, too many of such "
    "verdicts were wrong."
)
_NO_VERDICTS_ON_VOICES = (
    "The model in use gives no verdicts on voices: in tests on pages and systems it had never heard, it did not tell "
    "real from synthesised voices well enough."
)
_VOICE_NOT_PROVEN = (
    "The model in use calls no voice {side}: in tests on pages and systems it had never heard, too many of such "
    "verdicts were wrong."
)


@dataclass(frozen=True)
class _Judged:
    """A part with enough evidence, "face" or "voice"; its verdict is not INSUFFICIENT."""

    name: str
    verdict: analysis_pb2.Verdict.ValueType
    prob_fake: float


def summarize(result: AnalysisResult, missing: Mapping[str, str], number: int = 0) -> str:
    """Puts a result into words.

    Args:
        result: Complete but for its summary.
        missing: For each absent feature, a clause that says why (gateway.features.vector.Features.missing).
        number: Of the headline face, from 1; 0 when there is none.

    Returns:
        A few sentences; the same for the same result.
    """
    is_voice = result.headline == analysis_pb2.PART_VOICE
    face, voice = _face(result), _voice(result)
    if is_voice and face is None:
        file = "recording" if sound_only(result.metadata) else "video"
        sentences = [_OF_THE_VOICE_ALONE[result.verdict].format(file=file)]
    else:
        sentences = [_VERDICTS[result.verdict]]
    sentences += [reason.text for reason in result.insufficiency]
    if face and voice:
        sentences += _which_part(*((voice, face) if is_voice else (face, voice)))
    of_face = _about_the_face(face, result) if face else []
    of_voice = _about_the_voice(voice, result.model) if voice else []
    sentences += of_voice + of_face if is_voice else of_face + of_voice
    if voice is None and result.HasField("voice") and not is_voice:
        first, *others = [reason.text for reason in result.voice.insufficiency]
        sentences += [nothing_said_of("voice", first), *others]
    if number:
        sentences += _not_measured(missing, result)
    sentences += _caveats(result, face, voice, number)
    sentences += [warning.text for warning in result.warnings]
    if result.verdict in (analysis_pb2.VERDICT_LIKELY_REAL, analysis_pb2.VERDICT_LIKELY_FAKE):
        sentences += [*_record_in_words(result, is_voice=is_voice), "This is an estimate, not proof."]
    return " ".join(sentences)


def nothing_said_of(part: str, reason: str) -> str:
    """Says of the face or the voice that it cannot be judged, and why: `reason` is a sentence, or several."""
    return f"Of the {part} nothing can be said: {reason[0].lower()}{reason[1:]}"


def _face(result: AnalysisResult) -> _Judged | None:
    """The first face, if it is judged."""
    # Faces and their verdicts are the headline's, unless that is the voice's.
    of = (next(iter(result.faces), None)) if result.headline == analysis_pb2.PART_VOICE else result
    if of is None or of.verdict == analysis_pb2.VERDICT_INSUFFICIENT:
        return None
    return _Judged("face", of.verdict, of.prob_fake)


def _voice(result: AnalysisResult) -> _Judged | None:
    """The voice, if it is judged."""
    if not result.HasField("voice") or result.voice.verdict == analysis_pb2.VERDICT_INSUFFICIENT:
        return None
    return _Judged("voice", result.voice.verdict, result.voice.prob_fake)


def _which_part(worse: _Judged, better: _Judged) -> list[str]:
    """Which of the two parts the verdict is about."""
    if worse.verdict == better.verdict:
        return ["This holds for both the face and the voice."]
    return [f"{_WORSE[worse.name][worse.verdict]}; {_BETTER[better.name][better.verdict]}."]


def _about_the_face(face: _Judged, result: AnalysisResult) -> list[str]:
    if _gives_no_verdicts(result.model):
        return [_NO_VERDICTS]
    return [_chance(face, result.model), *_side_without_verdicts(face, result.model), *_reasons(face, result)]


def _about_the_voice(voice: _Judged, model: Model) -> list[str]:
    curve = model.voice
    if curve.real_below <= 0 and curve.fake_above >= 1:
        return [_NO_VERDICTS_ON_VOICES]
    sentence = f"The estimated chance that the voice is synthesised is {_percent(voice.prob_fake)}"
    prior = model.prior_fake
    chance = f"{sentence}, if {_percent(prior)} of voices are to begin with." if 0 < prior < 1 else f"{sentence}."
    if voice.verdict != analysis_pb2.VERDICT_INCONCLUSIVE:
        return [chance]
    if voice.prob_fake < 0.5 and curve.real_below <= 0:
        return [chance, _VOICE_NOT_PROVEN.format(side="real")]
    if voice.prob_fake > 0.5 and curve.fake_above >= 1:
        return [chance, _VOICE_NOT_PROVEN.format(side="synthesised")]
    return [chance]


def _gives_no_verdicts(model: Model) -> bool:
    """Whether the model's inconclusive band covers its whole scale."""
    return bool(model.version) and model.real_below <= 0 and model.fake_above >= 1


def _side_without_verdicts(face: _Judged, model: Model) -> list[str]:
    """Why a score that points to one side gets no verdict, where that side has none at all."""
    if not model.version or face.verdict != analysis_pb2.VERDICT_INCONCLUSIVE:
        return []
    if face.prob_fake < 0.5 and model.real_below <= 0:
        return [_NOT_PROVEN.format(side="real")]
    if face.prob_fake > 0.5 and model.fake_above >= 1:
        return [_NOT_PROVEN.format(side="fake")]
    return []


def _chance(face: _Judged, model: Model) -> str:
    sentence = f"The estimated chance that the face is manipulated is {_percent(face.prob_fake)}"
    prior = model.prior_fake
    return f"{sentence}, if {_percent(prior)} of videos are fake to begin with." if 0 < prior < 1 else f"{sentence}."


def _reasons(face: _Judged, result: AnalysisResult) -> list[str]:
    signs = [
        item
        for item in sorted(result.contributions, key=lambda item: -abs(item.contribution))
        # The model may lean on a value being missing; that is no reason to give to a person.
        if item.HasField("value") and item.feature != _CONTEXT and abs(item.contribution) >= LEAST_CONTRIBUTION
    ]
    fake = [item for item in signs if item.contribution > 0]
    real = [item for item in signs if item.contribution < 0]
    if face.verdict == analysis_pb2.VERDICT_INCONCLUSIVE:
        sentences = [*_moved("raised", fake[:1], result.model), *_moved("lowered", real[:1], result.model)]
    elif face.verdict == analysis_pb2.VERDICT_LIKELY_FAKE:
        sentences = [*_moved("raised", fake[:MOST_REASONS], result.model), *_moved("lowered", real[:1], result.model)]
    else:
        sentences = [*_moved("lowered", real[:MOST_REASONS], result.model), *_moved("raised", fake[:1], result.model)]
    largest = max(result.contributions, key=lambda item: abs(item.contribution), default=None)
    if largest is not None and largest.feature == _CONTEXT and abs(largest.contribution) >= LEAST_CONTRIBUTION:
        sentences.append("The compression of the file moved the score most, and says nothing by itself.")
    return sentences


def _moved(how: str, items: Sequence[FeatureContribution], model: Model) -> list[str]:
    """What moved the score and which way: a usual value may have done either."""
    if not items:
        return []
    return [f"What {how} it most: {_listed(_value_in_words(item, model) for item in items)}."]


def _value_in_words(item: FeatureContribution, model: Model) -> str:
    spec = _SPECS[item.feature]
    words = f"the {spec.label} ({spec.words(item.value)}"
    usual = next((summary for summary in model.features if summary.feature == item.feature), None)
    if usual is None:
        return f"{words})"
    where = "below" if item.value < usual.p05 else "above" if item.value > usual.p95 else "within"
    return f"{words}, {where} the {spec.number(usual.p05)} to {spec.number(usual.p95)} usual in real videos)"


def _record_in_words(result: AnalysisResult, *, is_voice: bool) -> list[str]:
    """Of such verdicts, how many were right in tests."""
    record = result.model.voice.record if is_voice else result.model.record
    is_real = result.verdict == analysis_pb2.VERDICT_LIKELY_REAL
    if not (record.HasField("wrong_real") if is_real else record.HasField("wrong_fake")):
        return []
    right = f"{100 * (1 - (record.wrong_real if is_real else record.wrong_fake)):.0f}"
    none = f"{100 * (1 - record.given):.0f}" if record.HasField("given") else ""
    what = "recordings" if is_voice else "videos"
    others = f"; {none} of 100 {what} got none" if none else ""
    return [f"In tests on sources never seen before, {right} of 100 such verdicts were right{others}."]


def _not_measured(missing: Mapping[str, str], result: AnalysisResult) -> list[str]:
    # What cannot move the score is not missed; an older model does not say what can.
    unused = {summary.feature for summary in result.model.features if summary.HasField("used") and not summary.used}
    by_reason: dict[str, list[str]] = {}
    for spec in FEATURES:
        if spec.name in missing and spec.name not in unused:
            by_reason.setdefault(missing[spec.name], []).append(f"the {spec.label}")
    if not by_reason:
        return []
    clauses = "; ".join(f"{_listed(labels)}, because {reason}" for reason, labels in by_reason.items())
    absent = (item for item in result.contributions if not item.HasField("value"))
    if any(abs(item.contribution) >= LEAST_CONTRIBUTION for item in absent):
        return [f"Not measured: {clauses}."]
    return [f"Not measured: {clauses}.", "Missing measurements don't count for or against the video."]


def _caveats(result: AnalysisResult, face: _Judged | None, voice: _Judged | None, number: int) -> list[str]:
    caveats: list[str] = []
    quality = result.quality
    is_judged = face is not None
    if quality.faces > 1 and number:
        what = "What is said of the face" if voice else "This"
        which = ", the most suspicious of those that can be judged" if is_judged else ""
        caveats.append(f"{what} is about face {number} of {quality.faces}{which}.")
    if is_judged and result.out_of_range:
        # What the model does not look at contributes exactly nothing: it is no reason to doubt the score.
        named_by = [item for item in result.contributions if item.out_of_range and item.contribution]
        outside = [f"the {_SPECS[item.feature].label}" for item in named_by]
        named = f" ({_listed(outside)})" if outside else ""
        caveats.append(f"Some values lie outside what the model was trained on{named}, so trust the score less.")
    if is_judged and quality.HasField("median_iod_px") and quality.median_iod_px < SMALL_IOD_PX:
        caveats.append(
            f"The face is small (its eyes are {quality.median_iod_px:.0f} pixels apart), so its fine detail says less."
        )
    return caveats


def _percent(share: float) -> str:
    if share < 0.01:
        return "less than 1%"
    if share > 0.99:
        return "more than 99%"
    return f"{100 * share:.0f}%"


def _listed(items: Iterable[str]) -> str:
    """As in a sentence: "a", "a and b", "a, b and c"."""
    *rest, last = items
    return f"{', '.join(rest)} and {last}" if rest else last
