"""`python -m training.voices.train`: from labelled recordings to the voice network, its curve and its card."""

import json
from collections.abc import Callable
from functools import partial, wraps
from pathlib import Path
from typing import Annotated, Any, ParamSpec

import numpy as np
import typer
from notreally.v1 import classifier_pb2
from numpy.typing import NDArray
from rich.console import Console

from gateway.features.readings import limited
from services.audio.voice.network import VoiceNetwork
from training.data.atomic import atomic_write
from training.data.clips import ClipsError, gather_real
from training.fitting import model_file
from training.voices import card, evaluation
from training.voices.augmentation import Sound
from training.voices.baselines import baselines
from training.voices.dubs import hear, splices, whole_dubs
from training.voices.evaluation import Scores
from training.voices.features import Features, Kind, cut, make_features, read_sound
from training.voices.figures import VIEWS, all_figures, called, marked, plain, scores_alone, suspicion_limit
from training.voices.head import Head, Settings, fit_head
from training.voices.network import export, export_encoder
from training.voices.pretrained import encoder_weights
from training.voices.recordings import Recording, gather, may_learn, page_folds, sound_tracks

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
    dubbed, spliced = whole_dubs(recordings), splices(recordings)
    console.print(f"Hearing {len(dubbed)} dubs and {len(spliced)} recordings with and without a splice")
    heard_dubs, heard_splices = (hear(some, encoder, cache / "dubs", jobs=parallel) for some in (dubbed, spliced))
    scores = np.zeros((0, len(VIEWS), len(recordings)))
    features: list[Features] = []
    heads: list[dict[str, Head]] = []
    for seed in range(seeds):
        console.print(f"Seed {seed}: reading {len(recordings)} recordings")
        read = make_features(recordings, encoder, cache / "features", seed=seed, jobs=parallel)
        features = features or read
        console.print(f"Seed {seed}: {len(np.unique(fold))} folds")
        heads.append(
            evaluation.held_out(
                recordings, fold, _fit(recordings, read, settings, seed), partial(may_learn, recordings, fold)
            )
        )
        made = [
            [_score(heads[-1][one.page], own, *view) for view in VIEWS]
            for one, own in zip(recordings, read, strict=True)
        ]
        scores = np.concatenate([scores, np.transpose(made)[np.newaxis]])
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
    limit = suspicion_limit(spliced, heard_splices, heads)
    if limit is not None:
        voice.suspicious_above = limit
    model_file.set_voice(model, voice)
    others = baselines(recordings, fold, manifest)
    found = plain(
        all_figures(recordings, scores, fold, voice, others)
        | {"dubs": called(dubbed, heard_dubs, heads, voice), "splices": marked(spliced, heard_splices, heads, voice)}
    )
    with atomic_write(figures) as fresh:
        fresh.write_text(json.dumps(found, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    with atomic_write(written_card) as fresh:
        fresh.write_text(card.written(found), encoding="utf-8")
    console.print(f"Wrote {network}, {figures}, {written_card}, and the curve in {model}")


def _fit(
    recordings: list[Recording], features: list[Features], settings: Settings, seed: int
) -> Callable[[NDArray[np.intp]], Head]:
    def fit(known: NDArray[np.intp]) -> Head:
        return fit_head([recordings[i] for i in known], [features[i] for i in known], settings, seed)

    return fit


def _score(head: Head, features: Features, kind: Kind, of_all: Callable[[Scores], Any]) -> float:
    """Of the stretches, each limited as the vector limits it; NaN of none."""
    shown = features.of(kind)
    return float(of_all(limited(head.score(shown)))) if len(shown) else np.nan


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
    views = scores_alone(scores)
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


if __name__ == "__main__":
    typer.run(train)
