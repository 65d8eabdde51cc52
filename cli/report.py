"""A result as text: verdict, reasons, summary."""

from notreally.v1 import analysis_pb2, classifier_pb2, features_pb2
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
    analysis_pb2.VERDICT_INSUFFICIENT: ("Not enough evidence", "yellow"),
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
    # What is said of the voice is said already where it is the headline.
    of_voice = () if result.headline == analysis_pb2.PART_VOICE else result.voice.insufficiency
    notes = [*result.insufficiency, *of_voice, *result.warnings]
    parts += [Text(f"• {printable(note.text)}", style="yellow") for note in notes]
    if result.out_of_range:
        parts.append(
            Text("• Some values lie outside what the model was trained on: trust the score less.", style="yellow")
        )
    parts += [Text(), feature_table(result, with_source=console.width >= _WIDE), Text(), _evidence(result)]
    style = VERDICTS.get(result.verdict, ("", "white"))[1]
    console.print(Panel(Group(*parts), title=_title(outcome), border_style=style, title_align="left"))


def feature_table(result: analysis_pb2.AnalysisResult, *, with_source: bool = True) -> Table:
    """The ten features with value, usual range among real videos, their pull on the score, and where they come from."""
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
    for name in FEATURE_NAMES:
        contribution = contributions.get(name, classifier_pb2.FeatureContribution(feature=name))
        present = result.features.HasField(name)
        value = Text(_number(getattr(result.features, name))) if present else Text("missing", style="yellow")
        if contribution.out_of_range:
            value.append(" !", style="yellow")
        pull = contribution.contribution
        row = [
            Text(name),
            value,
            Text(f"{usual[name].p05:.2g} to {usual[name].p95:.2g}" if name in usual else ""),
            contribution_bar(pull, largest),
            Text(f"{pull:+.2f}", style="red" if pull > 0 else "green" if pull < 0 else "dim"),
        ]
        table.add_row(*row, *([Text(_source(contribution.modality))] if with_source else []))
    return table


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
        headline.append(
            f"   authenticity {result.authenticity_score:.0f} of 100, fake {result.prob_fake:.0%}, "
            f"real {result.prob_real:.0%}",
            style="default not bold",
        )
    return headline


def _voice(voice: analysis_pb2.VoiceResult) -> Text:
    words, style = VERDICTS.get(voice.verdict, ("Unknown verdict", "white"))
    line = Text.assemble("Voice: ", (words.lower(), style))
    if voice.HasField("prob_fake"):
        line.append(f", synthesised {voice.prob_fake:.0%}")
    suspicious = sum(stretch.suspicious for stretch in voice.stretches)
    if voice.stretches:
        line.append(f", {suspicious} of {len(voice.stretches)} stretches suspicious", style="dim")
    return line


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
