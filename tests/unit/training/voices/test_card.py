"""The card of the voice network says what its figures say, and is the one that ships."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from services.classifier.model import load
from training.voices import card

ROOT = Path(__file__).parents[4]


def refuse(constant: str) -> float:
    raise AssertionError(f"{constant} is no JSON")


@pytest.fixture
def figures() -> dict[str, Any]:
    text = (ROOT / "models" / "voice_evaluation.json").read_text()
    found: dict[str, Any] = json.loads(text, parse_constant=refuse)
    return found


def test_the_shipped_card_is_made_of_the_shipped_figures(figures: dict[str, Any]) -> None:
    assert (ROOT / "docs" / "voice-card.md").read_text() == card.written(figures)


def test_the_shipped_figures_are_those_of_the_shipped_model(figures: dict[str, Any]) -> None:
    voice = load(ROOT / "models" / "default.json").description.voice
    assert figures["curve"]["slope"] == pytest.approx(voice.slope)
    assert figures["curve"]["real below"] == pytest.approx(voice.real_below)
    assert figures["curve"]["fake above"] == pytest.approx(voice.fake_above)


def test_a_side_that_could_not_be_shown_to_hold_is_never_said(figures: dict[str, Any]) -> None:
    figures["curve"] |= {"fake above": 0.77, "real below": 0.0}
    text = card.written(figures)
    assert '"Likely synthesised" is said above 77 %. "Likely real" is never said' in text
    figures["curve"] |= {"fake above": 1.0, "real below": 0.31}
    text = card.written(figures)
    assert '"Likely synthesised" is never said' in text
    assert '"Likely real" is said below 31 %.' in text


def test_what_is_not_known_is_not_made_up(figures: dict[str, Any]) -> None:
    unknown = deepcopy(figures)
    unknown["all"] = {"value": None, "low": None, "high": None, "real": 3, "fake": 0}
    unknown["verdicts"]["wrong_fake"] = None
    unknown["between real recordings of two pages"] = None
    unknown["real videos"] = {"with sound": 0, "called fake": None, "above a half": None}
    text = card.written(unknown)
    assert "| recordings as they are | n/a | 3 | 0 |" in text
    assert "Called synthesised: n/a of such verdicts are wrong" in text
    assert "It is n/a on average" in text
    assert "real videos with sound, held out" not in text


def test_every_table_has_as_many_cells_in_each_row(figures: dict[str, Any]) -> None:
    cells = None
    for line in card.written(figures).splitlines():
        count = line.count("|") if line.startswith("|") else None
        assert cells is None or count is None or count == cells, line
        cells = count
