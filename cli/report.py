"""A result as text: verdict, reasons, summary."""

from notreally.v1 import analysis_pb2, classifier_pb2, features_pb2, metadata_pb2
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cli.outcome import FEATURE_NAMES, Outcome
from cli.progress import printable

VERDICTS = {
    analysis_pb2.VERDICT_LIKELY_REAL: ("Likely real", "green"),
    analysis_pb2.VERDICT_LIKELY_FAKE: ("Likely fake", "red"),
    analysis_pb2.VERDICT_INCONCLUSIVE: ("Inconclusive", "yellow"),
    analysis_pb2.VERDICT_INSUFFICIENT: ("Not enough to judge", "yellow"),
}


def verdict_words(verdict: str) -> tuple[str, str]:
    """A verdict as JSON names it, in words for a person and with the style they are shown in."""
    named = analysis_pb2.Verdict.DESCRIPTOR.values_by_name.get(f"VERDICT_{verdict}".upper())
    return VERDICTS.get(named.number, _UNKNOWN) if named else _UNKNOWN


_UNKNOWN = ("Unknown verdict", "white")
_HALF_BAR = 6
"""Characters on each side of the middle of a contribution bar."""
_WIDE = 92
"""Columns of a terminal that has room for where each feature comes from."""


def print_report(console: Console, outcome: Outcome) -> None:
    """Print what became of one file."""
    if outcome.analysis is None:
        message = outcome.problem.message if outcome.problem else ""
        console.print(Panel(Text(printable(message)), title=_title(outcome), border_style="red", title_align="left"))
        return
    result = outcome.analysis.result
    parts: list[RenderableType] = [_headline(result)]
    if result.HasField("voice"):
        parts.append(_voice(result.voice))
    if result.summary:
        parts += [Text(), Text(printable(result.summary))]
    # What is said of the voice is said already where it is the headline, and most of the rest in the summary.
    of_voice = () if result.headline == analysis_pb2.PART_VOICE else result.voice.insufficiency
    notes = [note.text for note in (*result.insufficiency, *of_voice, *result.warnings)]
    parts += [Text(f"• {printable(text)}", style="yellow") for text in notes if text not in result.summary]
    if result.metadata.HasField("credentials"):
        parts += [Text(), _credentials(result.metadata.credentials)]
    parts += [Text(), feature_table(result, with_source=console.width >= _WIDE), Text(), _evidence(result)]
    style = VERDICTS.get(result.verdict, ("", "white"))[1]
    console.print(Panel(Group(*parts), title=_title(outcome), border_style=style, title_align="left"))


def feature_table(result: analysis_pb2.AnalysisResult, *, with_source: bool = True) -> Table:
    """The ten features with value, usual range among real videos, their pull on the score, and where they come from.

    Those that cannot move the score come last, without a pull.
    """
    contributions = {contribution.feature: contribution for contribution in result.contributions}
    usual = {summary.feature: summary for summary in result.model.features}
    largest = max((abs(contribution.contribution) for contribution in contributions.values()), default=0.0)
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("feature", no_wrap=True)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("usual", justify="right", style="dim", no_wrap=True)
    # As wide as a bar. Centred, a bar would lose the blanks on its right first, and the middle its place.
    table.add_column("real ← → fake", no_wrap=True)
    table.add_column("", justify="right", no_wrap=True)
    if with_source:
        table.add_column("from", style="dim", no_wrap=True)
    moving = [name for name in FEATURE_NAMES if can_move(name, result)]
    others = [name for name in FEATURE_NAMES if name not in moving]
    for name in [*moving, *others]:
        if others and name == others[0]:
            table.add_row(Text("shown, not scored", style="dim"))
        contribution = contributions.get(name, classifier_pb2.FeatureContribution(feature=name))
        present = result.features.HasField(name)
        value = Text(_number(getattr(result.features, name))) if present else Text("missing", style="yellow")
        if contribution.out_of_range and name in moving:
            value.append(" !", style="yellow")
        pull = contribution.contribution
        row = [Text(name), value, Text(f"{usual[name].p05:.2g} to {usual[name].p95:.2g}" if name in usual else "")]
        if name in moving:
            row += [
                contribution_bar(pull, largest),
                Text(f"{pull:+.2f}", style="red" if pull > 0 else "green" if pull < 0 else "dim"),
            ]
        else:
            row += [Text(), Text()]
        table.add_row(*row, *([Text(_source(contribution.modality))] if with_source else []))
    return table


def can_move(name: str, result: analysis_pb2.AnalysisResult) -> bool:
    """Whether a feature can move the score of the face; of a model that does not say, whether it has."""
    summary = next((one for one in result.model.features if one.feature == name), None)
    if summary is not None and summary.HasField("used"):
        return summary.used
    return any(one.feature == name and one.contribution != 0 for one in result.contributions)


def contribution_bar(contribution: float, largest: float) -> Text:
    """A bar from the middle: to the right for fake, to the left for real, full length at `largest`."""
    length = round(_HALF_BAR * min(1.0, abs(contribution) / largest)) if largest > 0 else 0
    blocks = "█" * length
    left = blocks.rjust(_HALF_BAR) if contribution < 0 else " " * _HALF_BAR
    right = blocks.ljust(_HALF_BAR) if contribution > 0 else " " * _HALF_BAR
    return Text.assemble((left, "green"), ("│", "dim"), (right, "red"))


def _title(outcome: Outcome) -> Text:
    return Text(printable(outcome.file), style="bold")


def _headline(result: analysis_pb2.AnalysisResult) -> Text:
    words, style = VERDICTS.get(result.verdict, ("Unknown verdict", "white"))
    headline = Text(words, style=f"bold {style}")
    if result.verdict != analysis_pb2.VERDICT_INSUFFICIENT:
        what = "the voice is synthesised" if result.headline == analysis_pb2.PART_VOICE else "the face is manipulated"
        headline.append(f"   estimated chance that {what}: {_percent(result.prob_fake)}", style="default not bold")
    return headline


def _percent(share: float) -> str:
    """A chance in percent, never rounded to certainty."""
    return "less than 1%" if share < 0.01 else "more than 99%" if share > 0.99 else f"{share:.0%}"


def _voice(voice: analysis_pb2.VoiceResult) -> Text:
    words, style = VERDICTS.get(voice.verdict, ("Unknown verdict", "white"))
    line = Text.assemble("Voice: ", (words.lower(), style))
    if voice.HasField("prob_fake"):
        line.append(f", estimated chance that it is synthesised: {_percent(voice.prob_fake)}")
    suspicious = sum(stretch.suspicious for stretch in voice.stretches)
    if voice.stretches:
        line.append(f", {suspicious} of {len(voice.stretches)} stretches stand out", style="dim")
    return line


def _credentials(credentials: metadata_pb2.ContentCredentials) -> Text:
    """What a signed manifest in the file says: beside the verdict, and no part of it."""
    holds = credentials.state in (metadata_pb2.CREDENTIALS_STATE_TRUSTED, metadata_pb2.CREDENTIALS_STATE_VALID)
    return Text(printable(credentials.text), style="" if holds else "yellow")


def _evidence(result: analysis_pb2.AnalysisResult) -> Text:
    quality = result.quality
    if result.metadata.HasField("audio") and not result.metadata.HasField("video"):
        parts = [f"{quality.analyzed_s:.1f} of {quality.duration_s:.1f} s of sound"]
    else:
        parts = [
            f"{quality.frames_analyzed} frames over {quality.analyzed_s:.1f} of {quality.duration_s:.1f} s",
            f"face in {quality.face_coverage:.0%} of them",
        ]
    if quality.HasField("median_iod_px"):
        parts.append(f"eyes {quality.median_iod_px:.0f} px apart")
    if quality.faces > 1:
        parts.append(f"{quality.faces} faces, this is the most suspicious")
    parts.append(f"model {printable(result.model.version)}" if result.model.version else "model unknown")
    return Text(", ".join(parts), style="dim")


def _source(modality: "features_pb2.Modality.ValueType") -> str:
    if modality == features_pb2.MODALITY_UNSPECIFIED:
        return ""
    return features_pb2.Modality.Name(modality).removeprefix("MODALITY_").replace("_AND_", "+").lower()


def _number(value: float) -> str:
    return f"{value:.3g}"
