"""The whole command, from folders to a model that the classifier loads and a card that says what it is worth."""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from notreally.v1 import analysis_pb2, classifier_pb2, features_pb2
from typer import Typer
from typer.testing import CliRunner

from gateway.features.vector import SCHEMA_VERSION
from services.classifier.model import load
from services.kit.networks.network_file import version_of
from training import pipeline
from training import train as train_module
from training.appearance.training import Scores
from training.data.clips import Dataset
from training.data.vectors import FEATURE_NAMES, VectorCache, row_of
from training.fitting import model, model_file
from training.fitting.calibration import Band, Calibration
from training.train import train

PEOPLE = 40


class ToldScores:
    """In place of `AppearanceTraining`: scores that say nothing, at once."""

    def __init__(self, dataset: Dataset, *_: object, **__: object) -> None:
        self._clips = dataset.clips

    def of_sources(self, _: object, seeds: Sequence[int]) -> Scores:
        return self._told(seeds, 0.0)

    def of_people(self, _: object, seeds: Sequence[int]) -> Scores:
        """Fakes of people who are known are told."""
        return self._told(seeds, 6.0)

    def _told(self, seeds: Sequence[int], known: float) -> Scores:
        return tuple(
            tuple(
                np.random.default_rng([seed, number]).normal(known * clip.fake, size=(2, 8))
                for number, clip in enumerate(self._clips)
            )
            for seed in seeds
        )

    def train_released(self, path: Path, matrices: Path, seed: int) -> None:
        path.write_bytes(b"network")
        matrices.write_bytes(b"matrices")


@dataclass(frozen=True)
class Trained:
    """A folder of videos with the model that was trained on them, and what the command printed."""

    folder: Path
    output: str


@pytest.fixture(scope="module")
def command() -> Iterator[Typer]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "AppearanceTraining", ToldScores)
        patch.setattr(train_module, "checked_encoder", lambda _: Path("encoder.onnx"))
        patch.setattr(train_module, "_PERMUTATIONS", 4)
        patch.setattr(model, "_COPIES", 3)  # forty people need no more
        app = Typer()
        app.command()(train)
        yield app


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder of videos, already measured."""
    write_measured(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def once(command: Typer, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The same with a model of two seeds, to be read: it takes long, and most tests need no other."""
    folder = tmp_path_factory.mktemp("trained")
    write_measured(folder)
    (folder / "terms.md").write_text("Filmed by ourselves.")
    wide = CliRunner(env={**os.environ, "COLUMNS": "300"})
    outcome = wide.invoke(command, arguments(folder, "--seeds", "2", "--terms", str(folder / "terms.md")))
    assert outcome.exit_code == 0, outcome.output
    return Trained(folder, outcome.output)


@pytest.fixture
def trained(once: Trained, tmp_path: Path) -> Path:
    """A copy of that folder, to be changed."""
    return Path(shutil.copytree(once.folder, tmp_path / "trained"))


def write_measured(folder: Path) -> None:
    """Pairs of forty people: fakes blink more, and nobody is heard."""
    rng = np.random.default_rng(0)
    cache = VectorCache(folder / "vectors.parquet")
    lines, pairs = ["file,label,group_id,subset,method"], ["real,fake"]
    for person in range(PEOPLE):
        for label, difference in (("real", 0.0), ("fake", 3.0)):
            path = folder / label / f"{person}.mp4"
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"{label} {person}")
            values = dict(zip(FEATURE_NAMES, rng.normal(size=10).tolist(), strict=True))
            values["blink_rate_per_min"] += difference
            heard = {name: value for name, value in values.items() if not name.startswith(("mfcc", "av_", "voice"))}
            vector = features_pb2.FeatureVector(schema_version=SCHEMA_VERSION, **heard)
            sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
            cache.put(sha256, row_of(sha256, analysis_pb2.AnalysisResult(features=vector)))
            lines.append(f"{label}/{person}.mp4,{label},person {person},studio,{'none' if label == 'real' else 'swap'}")
        pairs.append(f"real/{person}.mp4,fake/{person}.mp4")
    cache.write()
    (folder / "manifest.csv").write_text("\n".join(lines))
    (folder / "pairs.csv").write_text("\n".join(pairs))


def arguments(data: Path, *more: str) -> list[str]:
    given = {"real": "real", "fake": "fake", "cache": ".", "model": "model.json", "card": "card.md"}
    given |= {"appearance": "appearance.onnx", "motion": "motion.onnx", "matrices": "matrices.npz"}
    given |= {"figures": "figures.json"}
    return [part for name, value in given.items() for part in (f"--{name}", str(data / value))] + list(more)


def test_vectors_of_a_new_schema_can_be_measured_before_there_is_a_model_for_them(tmp_path: Path) -> None:
    shipped = Path(__file__).parents[3] / "models" / "default.json"
    model_file.take_schema(shipped, SCHEMA_VERSION + 1, tmp_path / "model.json")
    taken, described = load(tmp_path / "model.json").description, load(shipped).description
    assert taken.schema_version == SCHEMA_VERSION + 1
    assert described.face_networks, "else there is nothing to forget"
    assert (taken.version, taken.face_networks) == (described.version, "")


def test_measured_videos_become_a_model_and_a_card_without_any_server(once: Trained) -> None:
    data = once.folder
    model = load(data / "model.json")
    assert model.description.schema_version == SCHEMA_VERSION
    assert model.description.training_videos == 2 * PEOPLE
    assert 0.8 < model.description.cross_validated_auc < 1
    networks = (data / name for name in ("appearance.onnx", "motion.onnx", "matrices.npz"))
    assert model.description.face_networks == version_of(*(network.read_bytes() for network in networks))
    unlike = np.full(10, np.nan)
    unlike[FEATURE_NAMES.index("blink_rate_per_min")] = 3.0
    assert model.score(unlike).prob_fake > 0.7
    assert model.score(-unlike).prob_fake < 0.3

    card = (data / "card.md").read_text()
    assert model.description.version in card
    assert f"{model.description.cross_validated_auc:.2f}" in card
    assert "Filmed by ourselves." in card
    assert "Sound is not used" in card
    assert f"| `studio` | {PEOPLE} | {PEOPLE} | {PEOPLE} | 0 | 0 | {2 * PEOPLE} |" in card
    assert str(data) not in card
    assert "Seed 0, 2 in all" in card
    assert "make train CLIPS=<folder with real/ and fake/>\n" in card
    figures = json.loads((data / "figures.json").read_text())
    assert (figures["seeds"], figures["options"]) == (2, "")
    assert figures["scores"]["all"]["value"] == pytest.approx(model.description.cross_validated_auc, abs=1e-4)
    assert figures["scores"]["members of pairs alone"]["videos"] == 2 * PEOPLE
    assert figures["within"]["members of pairs alone"]["fewest"] == PEOPLE
    assert len(figures["permuted"]["areas"]) == 4
    assert set(figures["choice"]["folds"]) > {"as it ships", "the appearance network alone"}
    assert sorted(fold for folds in figures["choice"]["folds"].values() for fold in folds) == [*range(8)]
    assert figures["people"] == {}
    assert "### Nested cross-validation" in card
    for plot in ("roc", "reliability", "scores", "ablations"):
        assert f"](card/{plot}.svg)" in card
        assert (data / "card" / f"{plot}.svg").read_text().startswith("<?xml")


def test_the_card_quotes_no_figure_that_the_command_does_not_print(once: Trained) -> None:
    card = (once.folder / "card.md").read_text()
    quoted = set(re.findall(r"\d+\.\d+(?: %)?", card.partition("made with")[0]))
    assert len(quoted) > 50
    # The first two are a coin and a person's guess at what is too good, not findings.
    assert [figure for figure in quoted - {"0.5", "0.95"} if figure not in once.output] == []


def test_evaluating_again_gives_the_same_card_and_plots_and_leaves_the_model_as_it_is(
    command: Typer, trained: Path
) -> None:
    models = ("model.json", "appearance.onnx", "motion.onnx", "matrices.npz")

    def written() -> dict[str, bytes]:
        plots = [f"card/{plot.name}" for plot in sorted(trained.glob("card/*.svg"))]
        return {name: (trained / name).read_bytes() for name in ("card.md", "figures.json", *models, *plots)}

    before = written()
    assert len(before) == 10
    again = ("--only-evaluate", "--seeds", "2", "--terms", str(trained / "terms.md"))
    outcome = CliRunner().invoke(command, arguments(trained, *again))
    assert outcome.exit_code == 0, outcome.output
    assert written() == before

    outcome = CliRunner().invoke(command, arguments(trained, "--only-evaluate", "--seeds", "1"))
    assert outcome.exit_code == 0, outcome.output
    after = written()
    assert [after[name] for name in models] == [before[name] for name in models]
    assert json.loads(after["figures.json"])["seeds"] == 1
    assert "Seed 0, 1 in all" in after["card.md"].decode()


def test_people_are_held_out_as_well_where_that_is_asked_for(command: Typer, trained: Path) -> None:
    outcome = CliRunner().invoke(command, arguments(trained, "--only-evaluate", "--people", "--seeds", "2"))
    assert outcome.exit_code == 0, outcome.output
    figures = json.loads((trained / "figures.json").read_text())
    assert figures["people"]["paired"]["value"] > figures["scores"]["paired"]["value"]
    assert figures["options"] == "--people"
    card = (trained / "card.md").read_text()
    assert "On people never met, of sources that it knows" in card
    assert "make train CLIPS=<folder with real/ and fake/>\n" in card
    assert "make evaluate CLIPS=<the same> SEEDS=3 OPTIONS=--people\n" in card


def test_a_model_that_learned_next_to_nothing_says_so_and_judges_voices_as_before(
    command: Typer, trained: Path
) -> None:
    voice = classifier_pb2.VoiceModel(network="ab0123456789", slope=0.7, fake_above=0.9, max=3.0)
    assert model_file.voice_of(trained / "model.json") is None
    model_file.set_voice(trained / "model.json", voice)
    learned = load(trained / "model.json").description.version
    assert CliRunner().invoke(command, arguments(trained, "--quick")).exit_code == 0
    assert load(trained / "model.json").description.version != learned
    assert model_file.voice_of(trained / "model.json") == voice, "it has a training of its own"
    wanted = "make train CLIPS=<folder with real/ and fake/> OPTIONS=--quick\n"
    assert wanted in (trained / "card.md").read_text()
    assert json.loads((trained / "figures.json").read_text())["options"] == "--quick"


def test_calibration_and_thresholds_can_be_fitted_anew_alone(command: Typer, trained: Path) -> None:
    description, calibration, known = model_file.read(trained / "model.json")
    network = (trained / "appearance.onnx").read_bytes()
    model_file.recalibrate(trained / "model.json", Calibration(1.0, 3.0), Band(0.0, 1.0), 0.5)
    outcome = CliRunner().invoke(command, arguments(trained, "--only-evaluate", "--recalibrate", "--seeds", "2"))
    assert outcome.exit_code == 0, outcome.output
    # What training gave it, the same trees in the same version among it.
    assert description.fake_above < 1
    assert model_file.read(trained / "model.json") == (description, calibration, known)
    assert (trained / "appearance.onnx").read_bytes() == network
    assert f"called fake above | {description.fake_above:.3f}" in (trained / "card.md").read_text()


def test_other_videos_are_not_put_down_to_the_model(command: Typer, trained: Path) -> None:
    card = (trained / "card.md").read_text()
    (trained / "real" / "0.mp4").unlink()
    outcome = CliRunner().invoke(command, arguments(trained, "--only-evaluate"))
    assert outcome.exit_code == 2
    assert "model.json was trained on other videos" in outcome.output
    assert (trained / "card.md").read_text() == card

    # As models were written that do not say from which they learned.
    model = json.loads((trained / "model.json").read_text())
    del model["learner"]["attributes"]["notreally.data"]
    (trained / "model.json").write_text(json.dumps(model))
    assert CliRunner().invoke(command, arguments(trained, "--only-evaluate")).exit_code == 0
    said = "Warning: It is unknown whether the model was trained on these videos"
    assert said in (trained / "card.md").read_text()
    assert said not in card


def test_the_same_data_give_the_same_model(command: Typer, trained: Path) -> None:
    def version() -> str:
        return load(trained / "model.json").description.version.partition("-")[2]

    first = version()
    (trained / "model.json").unlink()
    assert CliRunner().invoke(command, arguments(trained, "--seeds", "2")).exit_code == 0
    assert version() == first


def test_noise_gives_a_model_that_decides_nothing_and_a_card_that_says_so(command: Typer, trained: Path) -> None:
    rng = np.random.default_rng(1)
    cache = VectorCache(trained / "vectors.parquet")
    for path in trained.glob("*/*.mp4"):
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        row = cache.get(sha256)
        assert row is not None
        cache.put(sha256, {**row, "blink_rate_per_min": rng.normal()})
    cache.write()
    assert CliRunner().invoke(command, arguments(trained)).exit_code == 0
    model = load(trained / "model.json")
    assert (model.description.real_below, model.description.fake_above) == (0.0, 1.0)
    assert model.score(rng.normal(size=10)).band == "inconclusive"
    assert "No verdict is given" in (trained / "card.md").read_text()


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        (["--real", "nowhere"], "There is no folder nowhere."),
        (["--model", "model.pkl"], "must be a .json or .ubj file"),
        (["--manifest", "nowhere.csv"], "does not exist"),
        (["--recalibrate"], "Needs --only-evaluate: training calibrates anyway."),
    ],
)
def test_a_mistake_is_answered_with_a_sentence(command: Typer, data: Path, more: list[str], complaint: str) -> None:
    outcome = CliRunner(env={**os.environ, "COLUMNS": "200"}).invoke(command, arguments(data, *more))
    assert outcome.exit_code == 2
    assert complaint in outcome.output
    assert "Traceback" not in outcome.output
    assert not (data / "model.json").exists()


def test_too_few_videos_that_can_be_measured_are_answered_before_networks_learn(command: Typer, data: Path) -> None:
    cache = VectorCache(data / "vectors.parquet")
    for path in (data / "fake").glob("*.mp4"):
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        row = cache.get(sha256)
        assert row is not None
        if path.stem != "0":
            cache.put(sha256, row | dict.fromkeys(FEATURE_NAMES))
    cache.write()
    outcome = CliRunner(env={**os.environ, "COLUMNS": "200"}).invoke(command, arguments(data))
    assert outcome.exit_code == 2
    assert "Too few people have fake videos of which enough can be measured" in outcome.output
    assert "Evaluating" not in outcome.output


def test_a_server_that_does_not_answer_is_answered_with_a_sentence(command: Typer, data: Path) -> None:
    (data / "real" / "new.mp4").write_text("not measured yet")
    outcome = CliRunner().invoke(command, arguments(data, "--server", "127.0.0.1:1"))
    assert outcome.exit_code == 2
    assert "Traceback" not in outcome.output
