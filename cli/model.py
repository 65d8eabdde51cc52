"""`notreally model`: the model in use."""

from google.protobuf import json_format
from notreally.v1 import classifier_pb2
from rich.console import Console
from rich.table import Table

from client import NotReally
from client.patience import Patience


async def fetch_model(server: str) -> classifier_pb2.Model:
    """The model that a server scores new analyses with.

    Raises:
        ServiceError: It does not answer.
        ValueError: That is no address.
    """
    async with NotReally(server, Patience(0.0)) as client:
        return await client.model()


def model_json(model: classifier_pb2.Model) -> str:
    """The model as JSON, with the names of the contract."""
    return json_format.MessageToJson(model, preserving_proto_field_name=True)


def print_model(console: Console, model: classifier_pb2.Model) -> None:
    """Print the model for a person."""
    facts = Table(box=None, show_header=False, pad_edge=False)
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    facts.add_row("version", model.version)
    facts.add_row("SHA-256", model.sha256)
    facts.add_row("trained", model.trained_time.ToDatetime().strftime("%Y-%m-%d"))
    facts.add_row("training videos", str(model.training_videos))
    if model.HasField("cross_validated_auc"):
        facts.add_row("cross-validated AUC", f"{model.cross_validated_auc:.3f}")
    facts.add_row("verdict on the face", _verdicts(model))
    facts.add_row("verdict on the voice", _verdicts(model.voice) if model.voice.network else "none")
    if model.voice.network:
        facts.add_row("recordings of voices", str(model.voice.training_clips))
        facts.add_row("held-out AUC of voices", f"{model.voice.held_out_auc:.3f}")
    facts.add_row("assumed share of fakes", f"{model.prior_fake:.0%}")
    console.print(facts, highlight=False)
    ranges = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("feature", "5%", "median", "95%"):
        ranges.add_column(title, justify="left" if title == "feature" else "right")
    for summary in model.features:
        ranges.add_row(summary.feature, *(f"{value:.3g}" for value in (summary.p05, summary.p50, summary.p95)))
    console.print("\nAmong real training videos:", style="dim")
    console.print(ranges, highlight=False)


def _verdicts(model: classifier_pb2.Model | classifier_pb2.VoiceModel) -> str:
    """Where on the scale of chances each verdict is."""
    if model.real_below <= 0 and model.fake_above >= 1:
        return "always inconclusive"
    real = f"real below {model.real_below:.2f}" if model.real_below > 0 else "never real"
    fake = f"fake above {model.fake_above:.2f}" if model.fake_above < 1 else "never fake"
    return f"{real}, {fake}, else inconclusive"
