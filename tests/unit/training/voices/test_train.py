"""The whole command: from recordings to a network, to a curve that the classifier loads, and to a card."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from gateway.features.readings import mean_log_odds
from services.audio.voice.network import VoiceNetwork
from services.classifier.model import load
from tests.unit.training.voices.made import small_weights, spoken, write_wav
from training.voices import evaluation
from training.voices import train as train_module
from training.voices.features import Features, Kind
from training.voices.head import Head, Settings
from training.voices.train import train

SHIPPED_MODEL = Path(__file__).parents[4] / "models" / "default.json"
PAGES = 3
EACH = 2
"""Recordings of either class on a page."""


@dataclass(frozen=True)
class Trained:
    """A folder with recordings and what was made of them, and what the command printed."""

    folder: Path
    output: str


def write_recordings(folder: Path) -> None:
    """Machines buzz; each page has speakers and a system of its own."""
    rows = ["file,label,system,kind,group_id,source_repo,orig_codec,orig_rate,orig_bitrate"]
    for page in range(PAGES):
        for number in range(EACH):
            pitch_hz, seed = 100 + 35.0 * page + 15 * number, 10 * page + number
            for label, kind in (("real", "real"), ("fake", "tts")):
                name = f"{page}-{number}-{label}.wav"
                write_wav(folder / name, spoken(1.2, pitch_hz=pitch_hz, machine=label == "fake", seed=seed))
                rows.append(f"{name},{label},system {page},{kind},speaker {page}-{number},page {page},pcm,16000,")
    (folder / "manifest.csv").write_text("\n".join(rows), encoding="utf-8")


def arguments(folder: Path, *more: str) -> list[str]:
    given = {"voices": "voices", "cache": "cache", "network": "voice.onnx", "model": "model.json"}
    given |= {"figures": "figures.json", "card": "card.md"}
    return [part for name, value in given.items() for part in (f"--{name}", str(folder / value))] + list(more)


@pytest.fixture(scope="module")
def command() -> Iterator[Typer]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train_module, "encoder_weights", small_weights)
        patch.setattr(train_module, "Settings", partial(Settings, hidden=8, members=2, epochs=20, batch=16, rate=5e-3))
        patch.setattr(evaluation, "_DRAWS", 10)
        app = Typer()
        app.command()(train)
        yield app


def run(command: Typer, folder: Path, *more: str) -> Result:
    return CliRunner(env={**os.environ, "COLUMNS": "300"}).invoke(command, arguments(folder, *more))


@pytest.fixture(scope="module")
def once(command: Typer, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("trained")
    write_recordings(folder / "voices")
    write_wav(folder / "clips" / "real" / "studio" / "film.wav", spoken(1.2, pitch_hz=210, seed=99)).rename(
        folder / "clips" / "real" / "studio" / "film.mp4"
    )
    shutil.copy(SHIPPED_MODEL, folder / "model.json")
    outcome = run(command, folder, "--clips", str(folder / "clips" / "real"), "--seeds", "2", "--parallel", "1")
    assert outcome.exit_code == 0, outcome.output
    return Trained(folder, outcome.output)


def test_recordings_become_a_network_and_its_curve(once: Trained) -> None:
    network, model = VoiceNetwork(once.folder / "voice.onnx"), load(once.folder / "model.json")
    voice = model.description.voice
    assert voice.network == network.version
    assert voice.training_clips == 2 * EACH * PAGES + 1
    assert 0.8 < voice.held_out_auc <= 1
    assert voice.min <= voice.p01 <= voice.p05 <= voice.p50 <= voice.p95 <= voice.p99 <= voice.max
    scores = [network.log_odds(spoken(2.0, pitch_hz=130, machine=machine, seed=50)) for machine in (False, True)]
    assert scores[0] < scores[1]
    real, fake = (model.voice(score) for score in scores)
    assert real is not None
    assert fake is not None
    assert real.prob_fake < fake.prob_fake


def test_faces_are_judged_as_before(once: Trained) -> None:
    before, after = load(SHIPPED_MODEL), load(once.folder / "model.json")
    assert after.description.version == before.description.version
    for values in np.random.default_rng(0).normal(size=(10, 10)):
        assert after.score(values).prob_fake == before.score(values).prob_fake


def test_the_figures_are_json_and_the_card_quotes_them(once: Trained) -> None:
    def refuse(constant: str) -> float:
        raise AssertionError(f"{constant} is no JSON")

    found = json.loads((once.folder / "figures.json").read_text(), parse_constant=refuse)
    count = 2 * EACH * PAGES + 1
    assert (found["recordings"], found["read"], found["folds"], found["seeds"]) == (count, count, PAGES + 1, 2)
    assert found["all"]["real"] == found["all"]["fake"] == EACH * PAGES
    assert found["with the sound of real videos"]["real"] == EACH * PAGES + 1
    assert found["real videos"]["with sound"] == 1
    assert sum(one["real"] + one["fake"] for one in found["by codec"].values()) == count - 1
    assert found["between real recordings of two pages"] is None, "too few to say"
    voice = load(once.folder / "model.json").description.voice
    assert found["curve"]["fake above"] == pytest.approx(voice.fake_above)
    card = (once.folder / "card.md").read_text()
    assert f"{count} of {count} recordings from {PAGES + 1} pages" in card
    assert f"{found['all']['value']:.2f} ({found['all']['low']:.2f} to {found['all']['high']:.2f})" in card
    assert "mean of 2 seeds" in card
    assert "nan" not in card
    assert "{" not in card
    assert str(once.folder) not in card


def test_training_again_takes_what_was_read_and_gives_the_same(command: Typer, once: Trained, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(once.folder, tmp_path / "again"))
    (folder / "voice.onnx").unlink()
    again = run(command, folder, "--clips", str(folder / "clips" / "real"), "--seeds", "2", "--parallel", "1")
    assert again.exit_code == 0, again.output
    for name in ("voice.onnx", "figures.json", "card.md", "model.json"):
        assert (folder / name).read_bytes() == (once.folder / name).read_bytes(), name


def test_what_cannot_be_learned_from_is_said_in_a_sentence(command: Typer, tmp_path: Path) -> None:
    (tmp_path / "voices").mkdir()
    shutil.copy(SHIPPED_MODEL, tmp_path / "model.json")
    outcome = run(command, tmp_path)
    assert outcome.exit_code == 2
    assert "manifest.csv cannot be read" in outcome.output
    write_wav(tmp_path / "voices" / "a.wav", spoken(1.2))
    write_wav(tmp_path / "voices" / "b.wav", spoken(1.2, machine=True))
    rows = ("file,label,system,kind,group_id,source_repo", "a.wav,real,,real,Ann,one", "b.wav,fake,Taco,tts,Bob,one")
    (tmp_path / "voices" / "manifest.csv").write_text("\n".join(rows))
    outcome = run(command, tmp_path, "--parallel", "1")
    assert outcome.exit_code == 2
    assert "one class only" in outcome.output
    assert not (tmp_path / "voice.onnx").exists()
    assert (tmp_path / "model.json").read_bytes() == SHIPPED_MODEL.read_bytes()


def test_a_network_that_scores_otherwise_than_the_head_is_not_described(
    command: Typer, once: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(once.folder, tmp_path / "wrong"))
    before = [(folder / name).read_bytes() for name in ("model.json", "voice.onnx")]
    monkeypatch.setattr(VoiceNetwork, "log_odds", lambda *_: 100.0)
    outcome = run(command, folder, "--parallel", "1")
    assert outcome.exit_code == 2
    assert "the exported network scores" in outcome.output
    assert [(folder / name).read_bytes() for name in ("model.json", "voice.onnx")] == before


def test_a_recordings_score_is_what_the_vector_would_hold() -> None:
    """Readings are limited to ±8 before they are averaged."""

    class Told:
        def score(self, shown: np.ndarray) -> np.ndarray:
            return shown[:, 0]

    shown = Features(np.array([[20.0], [-2.0], [99.0]], np.float32), np.array([Kind.PLAIN, Kind.PLAIN, Kind.RECODED]))
    head = cast("Head", Told())
    assert train_module._score(head, shown, Kind.PLAIN, np.mean) == 3.0
    assert train_module._score(head, shown, Kind.RECODED, np.mean) == 8.0
    assert np.isnan(train_module._score(head, shown, Kind.VOCODED, np.mean))
    assert mean_log_odds(np.array([20.0, -2.0])) == 3.0
