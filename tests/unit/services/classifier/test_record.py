"""What a model says its verdicts are worth: the figures of its own evaluation, or nothing."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from notreally.v1 import classifier_pb2

from services.classifier.model import load
from services.classifier.record import EVALUATION, VOICE_EVALUATION
from services.classifier.settings import SHIPPED_MODEL


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped model with its evaluations, to be changed."""
    for name in (SHIPPED_MODEL.name, EVALUATION, VOICE_EVALUATION):
        shutil.copy(SHIPPED_MODEL.with_name(name), tmp_path)
    return tmp_path


def described(folder: Path) -> classifier_pb2.Model:
    return load(folder / SHIPPED_MODEL.name).description


def change(path: Path, *keys: str, to: Any) -> None:
    content = json.loads(path.read_text())
    *way, last = keys
    inner = content
    for key in way:
        inner = inner[key]
    inner[last] = to
    path.write_text(json.dumps(content))


def test_the_shipped_model_comes_with_the_figures_of_its_cards(folder: Path) -> None:
    model = described(folder)
    made = json.loads((folder / EVALUATION).read_text())["decisions"]["all"]
    assert model.record.wrong_fake == made["wrong_fake"]["value"]
    assert model.record.given == pytest.approx(made["coverage"]["value"] / made["judged"])
    heard = json.loads((folder / VOICE_EVALUATION).read_text())
    assert model.voice.record.wrong_fake == heard["verdicts"]["wrong_fake"]
    assert (model.voice.record.given, model.voice.record.tested) == (heard["verdicts"]["given"], heard["read"])


def test_a_changed_figure_is_the_one_that_is_told(folder: Path) -> None:
    change(folder / EVALUATION, "decisions", "all", "wrong_fake", "value", to=0.25)
    change(folder / VOICE_EVALUATION, "verdicts", "caught", to=0.125)
    model = described(folder)
    assert (model.record.wrong_fake, model.voice.record.caught) == (0.25, 0.125)


def test_a_side_without_verdicts_has_no_figure(folder: Path) -> None:
    change(folder / EVALUATION, "decisions", "all", "wrong_real", "value", to=None)
    assert not described(folder).record.HasField("wrong_real")


def test_figures_of_another_model_are_left_out(folder: Path) -> None:
    change(folder / EVALUATION, "model", "version", to="another")
    change(folder / VOICE_EVALUATION, "curve", "slope", to=0.5)
    model = described(folder)
    assert not model.HasField("record")
    assert not model.voice.HasField("record")


@pytest.mark.parametrize("content", ["", "[1]", '{"model": 1}', "\udcff"])
def test_a_broken_evaluation_stops_nothing(folder: Path, content: str) -> None:
    for name in (EVALUATION, VOICE_EVALUATION):
        (folder / name).write_bytes(content.encode(errors="surrogateescape"))
    assert not described(folder).HasField("record")


def test_what_is_no_share_is_left_out(folder: Path) -> None:
    change(folder / EVALUATION, "decisions", "all", "caught", "value", to=7.2)
    change(folder / EVALUATION, "judged", to="many")
    record = described(folder).record
    assert record.tested == 0
    assert not record.HasField("caught")
    assert record.HasField("wrong_fake")
