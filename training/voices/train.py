"""`python -m training.voices.train`: from labelled recordings to the voice network, its curve and its card."""

import json
import math
from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, ParamSpec

import numpy as np
import typer
from notreally.v1 import classifier_pb2
from numpy.typing import NDArray
from rich.console import Console

from services.audio.voice.network import VoiceNetwork
from training.data.atomic import atomic_write
from training.data.clips import ClipsError, gather_real
from training.fitting import model_file
from training.fitting.calibration import Calibration
from training.voices import card, evaluation
from training.voices.augmentation import Sound
from training.voices.baselines import baselines
from training.voices.evaluation import Scores
from training.voices.features import Features, Kind, codec_of, cut, make_features, read_sound
from training.voices.head import Head, Settings, fit_head
from training.voices.network import export, export_encoder
from training.voices.pretrained import encoder_weights
from training.voices.recordings import Recording, gather, may_learn, page_folds, sound_tracks

# Of each recording: its score as it is and encoded anew, and its most suspicious stretch.
_VIEWS = ((Kind.PLAIN, np.mean), (Kind.RECODED, np.mean), (Kind.PLAIN, np.max))
_SCORES = 2  # of these are what the vector has
_TRIED = 8  # recordings that the written network is tested on
_TOLERANCE = 0.02  # log-odds: the head's weights are rounded to half precision

P = ParamSpec("P")


def _in_a_sentence(command: Callable[P, None]) -> Callable[P, None]:
    """Say why the command ends, instead of showing where in the code it was."""

    @wraps(command)
    def said(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except (ClipsError, ValueError) as error:
            Console(stderr=True).print(str(error), style="bold red", markup=False, highlight=False)
            raise typer.Exit(2) from error

    return said


@_in_a_sentence
def train(
    voices: Annotated[
        Path,
        typer.Option(
            exists=True,
            file_okay=False,
            help="Folder with recordings and a manifest.csv: file, label, system, kind, group_id (the speaker) and "
            "source_repo (the page).",
        ),
    ],
    clips: Annotated[
        list[str] | None,
        typer.Option(help="Folder of real videos: their sound counts as real speech. May be given several times."),
    ] = None,
    cache: Annotated[
        Path, typer.Option(help="Folder for intermediate results, so that nothing is computed twice.")
    ] = Path("data/training/voices"),
    network: Annotated[Path, typer.Option(help="Voice network to write: .onnx.")] = Path("models/voice.onnx"),
    model: Annotated[Path, typer.Option(exists=True, help="Model to write the curve and the band into.")] = Path(
        "models/default.json"
    ),
    figures: Annotated[Path, typer.Option(help="JSON file to write, with every figure.")] = Path(
        "models/voice_evaluation.json"
    ),
    written_card: Annotated[Path, typer.Option("--card", help="Card to write.")] = Path("docs/voice-card.md"),
    seeds: Annotated[int, typer.Option(min=1, help="Number of seeds to average the evaluation over.")] = 1,
    parallel: Annotated[int, typer.Option(min=1, help="Processes run at once.")] = 2,
) -> None:
    """Train the voice network on recordings of real and synthesised speech.

    Evaluates on whole pages held out, with the speakers and systems in them, fits a curve and a band to these scores,
    and writes network, curve and card. If interrupted, it resumes with the recordings that it has not read yet.
    """
    console = Console(stderr=True)
    manifest = voices / "manifest.csv"
    recordings = gather(manifest)
    if clips:
        recordings += sound_tracks(gather_real(clips).clips)
    weights = encoder_weights()
    encoder = cache / "encoder.onnx"
    export_encoder(weights, encoder)
    settings, fold = Settings(), page_folds(recordings)
    scores = np.zeros((0, len(_VIEWS), len(recordings)))
    features: list[Features] = []
    for seed in range(seeds):
        console.print(f"Seed {seed}: reading {len(recordings)} recordings")
        read = make_features(recordings, encoder, cache / "features", seed=seed, jobs=parallel)
        features = features or read
        console.print(f"Seed {seed}: {len(np.unique(fold))} folds")
        made = evaluation.held_out(
            recordings, fold, _fit(recordings, read, settings, seed), lambda number: may_learn(recordings, fold, number)
        )
        scores = np.concatenate([scores, made[np.newaxis]])
    console.print("Training on all recordings")
    head = fit_head(recordings, features, settings, 0)
    # Beside the one in use until it is known to score as it should.
    candidate = cache / "candidate.onnx"
    export(weights, head, candidate)
    loaded = VoiceNetwork(candidate)
    _check(loaded, head, recordings, features)
    with atomic_write(network) as fresh:
        fresh.write_bytes(candidate.read_bytes())
    voice = _curve(recordings, features, scores, fold, loaded.version)
    model_file.set_voice(model, voice)
    found = _plain(_figures(recordings, scores, fold, voice, baselines(recordings, fold, manifest)))
    with atomic_write(figures) as fresh:
        fresh.write_text(json.dumps(found, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    with atomic_write(written_card) as fresh:
        fresh.write_text(card.written(found), encoding="utf-8")
    console.print(f"Wrote {network}, {figures}, {written_card}, and the curve in {model}")


def _fit(
    recordings: list[Recording], features: list[Features], settings: Settings, seed: int
) -> Callable[[NDArray[np.intp]], Callable[[NDArray[np.intp]], Scores]]:
    def fit(known: NDArray[np.intp]) -> Callable[[NDArray[np.intp]], Scores]:
        head = fit_head([recordings[i] for i in known], [features[i] for i in known], settings, seed)
        return lambda tested: np.array([[_score(head, features[i], *view) for i in tested] for view in _VIEWS])

    return fit


def _score(head: Head, features: Features, kind: Kind, of_all: Callable[[Scores], Any]) -> float:
    """Of the stretches, each limited as the vector limits it; NaN of none."""
    shown = features.of(kind)
    return float(of_all(np.clip(head.score(shown), -8, 8))) if len(shown) else np.nan


def _check(network: VoiceNetwork, head: Head, recordings: list[Recording], features: list[Features]) -> None:
    """See that the written network scores as the head that was fitted.

    Raises:
        ValueError: it does not.
    """
    heard = [(one, own) for one, own in zip(recordings, features, strict=True) if len(own.values)][:_TRIED]
    for recording, own in heard:
        stretches: list[Sound] = cut(read_sound(recording))
        written = [network.log_odds(stretch) for stretch in stretches]
        if not np.allclose(head.score(own.of(Kind.PLAIN)), written, atol=_TOLERANCE):
            raise ValueError(f"the exported network scores {written} of {recording.path.name}")


def _curve(
    recordings: list[Recording], features: list[Features], scores: Scores, fold: NDArray[np.intp], network: str
) -> classifier_pb2.VoiceModel:
    """From a reading to a probability and a verdict, by scores on held-out pages."""
    views = _scores_alone(scores)
    curve, band = evaluation.fitted(recordings, views)
    band = evaluation.proven(band, evaluation.verdicts(recordings, views, fold))
    known = np.isfinite(views).all(axis=0)
    fake = np.array([one.fake for one in recordings])
    real = views[:, known & ~fake]
    p01, p05, p50, p95, p99 = np.percentile(real, [1, 5, 50, 95, 99]).tolist()
    return classifier_pb2.VoiceModel(
        network=network,
        slope=curve.slope,
        intercept=curve.intercept,
        real_below=band.real_below,
        fake_above=band.fake_above,
        p01=p01,
        p05=p05,
        p50=p50,
        p95=p95,
        p99=p99,
        min=float(views[:, known].min()),
        max=float(views[:, known].max()),
        training_clips=sum(bool(len(own.values)) for own in features),
        held_out_auc=evaluation.area(recordings, scores[:, 0].mean(axis=0), np.ones(len(recordings), np.bool_)).value,
    )


def _scores_alone(scores: Scores) -> Scores:
    """(seeds, views, n) to (seeds · scores, n)."""
    return scores[:, :_SCORES].reshape(-1, scores.shape[-1])


def _marked(scores: Scores, voice: classifier_pb2.VoiceModel, chosen: NDArray[np.bool_]) -> float:
    """Share of recordings with a stretch that alone would be called fake; NaN of none."""
    highest = scores[:, _SCORES][:, chosen]
    prob_fake = Calibration(voice.slope, voice.intercept).prob_fake(highest[np.isfinite(highest)])
    return float(np.mean(prob_fake > voice.fake_above)) if prob_fake.size else np.nan


def _figures(
    recordings: list[Recording],
    scores: Scores,
    fold: NDArray[np.intp],
    voice: classifier_pb2.VoiceModel,
    others: dict[str, Scores],
) -> dict[str, object]:
    """Everything that the card says."""
    own = ~np.array([one.track for one in recordings])
    everything = np.ones(len(recordings), np.bool_)
    fake = np.array([one.fake for one in recordings])
    plain, recoded = scores[:, 0].mean(axis=0), scores[:, 1].mean(axis=0)
    codecs = np.array([codec_of(number, 0) for number in range(len(recordings))])
    prob_fake = Calibration(voice.slope, voice.intercept).prob_fake(plain)
    clips = ~own & np.isfinite(plain)
    return {
        "recordings": len(recordings),
        "read": int(np.isfinite(plain).sum()),
        "pages": len({one.page for one in recordings}),
        "systems": len({one.system for one in recordings if one.fake}),
        "folds": len(np.unique(fold)),
        "seeds": len(scores),
        "all": asdict(evaluation.area(recordings, plain, own)),
        "all, re-encoded": asdict(evaluation.area(recordings, recoded, own)),
        "with the sound of real videos": asdict(evaluation.area(recordings, plain, everything)),
        "by kind": {name: asdict(one) for name, one in evaluation.by_kind(recordings, plain, own).items()},
        "by kind, re-encoded": {
            name: asdict(one) for name, one in evaluation.by_kind(recordings, recoded, own).items()
        },
        "by codec": {
            name: asdict(evaluation.area(recordings, recoded, own & (codecs == name))) for name in np.unique(codecs)
        },
        "between real recordings of two pages": evaluation.between_pages(recordings, plain),
        "baselines": {name: asdict(evaluation.area(recordings, one, own)) for name, one in others.items()},
        "baselines between real recordings of two pages": {
            name: evaluation.between_pages(recordings, one) for name, one in others.items()
        },
        "verdicts": asdict(evaluation.verdicts(recordings, _scores_alone(scores), fold)),
        "most suspicious stretch": {
            "synthesised": _marked(scores, voice, own & fake),
            "real": _marked(scores, voice, own & ~fake),
        },
        "real videos": {
            "with sound": int(clips.sum()),
            "called fake": float(np.mean(prob_fake[clips] > voice.fake_above)) if clips.any() else None,
            "above a half": float(np.mean(prob_fake[clips] > 0.5)) if clips.any() else None,
        },
        "curve": {
            "slope": voice.slope,
            "intercept": voice.intercept,
            "real below": voice.real_below,
            "fake above": voice.fake_above,
        },
    }


def _plain(value: Any) -> Any:
    """With None where there is no figure: JSON has no NaN."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


if __name__ == "__main__":
    typer.run(train)
