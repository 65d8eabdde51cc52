"""The model card's half page in plain words: every figure in it is one of the evaluation's."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest

from training.card.plain import plain, renewed
from training.voices import card as voice_card

ROOT = Path(__file__).parents[4]
FIGURES = json.loads((ROOT / "models" / "evaluation.json").read_text())
VOICE_FIGURES = json.loads((ROOT / "models" / "voice_evaluation.json").read_text())


def changed(*keys: str, to: float | None) -> dict[str, Any]:
    figures: dict[str, Any] = copy.deepcopy(FIGURES)
    *way, last = keys
    inner = figures
    for key in way:
        inner = inner[key]
    inner[last] = to
    return figures


def test_the_shipped_cards_say_what_the_shipped_figures_say() -> None:
    card = (ROOT / "docs" / "model-card.md").read_text()
    assert renewed(card, FIGURES) == card
    assert (ROOT / "docs" / "voice-card.md").read_text() == voice_card.written(VOICE_FIGURES)


@pytest.mark.parametrize(
    ("keys", "to", "said"),
    [
        (("decisions", "all", "wrong_fake", "value"), 0.25, "likely fake, 75 were"),
        (("decisions", "all", "wrong_real", "value"), 0.08, "likely real, 92 were"),
        (("decisions", "all", "caught", "value"), 0.5, "it called 50 likely fake"),
        (("decisions", "all", "missed", "value"), 0.03, "it called 3 likely real"),
        (("decisions", "all", "false_alarms", "value"), 0.001, "it called fewer than 1 likely fake"),
        (("decisions", "all", "judged"), 0.05, "for 19 of 100 videos"),
        (("band", "real_below"), 0.16, "likely real where it puts it under 16%"),
        (("band", "fake_above"), 1.0, "It never calls a video likely fake"),
    ],
)
def test_a_changed_figure_changes_its_sentence(keys: tuple[str, ...], to: float, said: str) -> None:
    assert said not in plain(FIGURES).replace("\n", " ") or keys[-1] == "judged" or "fewer than 1" in said
    assert said in plain(changed(*keys, to=to)).replace("\n", " ")


def test_a_side_without_verdicts_is_not_said_to_be_right() -> None:
    assert "it called likely real" not in plain(changed("decisions", "all", "wrong_real", "value", to=None))


def test_a_card_without_the_section_gets_it_first_and_a_second_time_changes_nothing() -> None:
    card = "# Model card\n\n## Data\n\nSome.\n\n### Notes\n\nMore.\n"
    once = renewed(card, FIGURES)
    assert re.findall("^## .*$", once, re.MULTILINE) == ["## In plain words", "## Data"]
    assert once.endswith("More.\n")
    assert renewed(once, FIGURES) == once
