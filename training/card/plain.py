"""The first half page of the model card, for people who want to know what a verdict is worth.

Made from the figures that training writes (`models/evaluation.json`) and nothing else, so that it can be made anew
without training: `python -m training.card.plain`.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HEADING = "## In plain words"

_INTRODUCTION = """\
The model estimates how likely it is that the face in a video was made or altered by a computer. All figures here come
from tests on videos from sources that it had never seen, as the videos that people check are."""

_CANNOT_SEE = """\
**What it cannot see.** A new method of forgery may look real to it. It knows nothing of the voice, which is judged
apart and has a card of its own, nor of a false caption, or of a cut that changes what was said. Small faces, short
clips and strong compression leave it little to go by."""

_USE = """\
**What to make of it.** A verdict is a reason to look further, never proof. No verdict is no all-clear."""


def plain(figures: Mapping[str, Any]) -> str:
    """The section in Markdown, from the figures of `training.card.run.as_json`."""
    made, band = figures["decisions"]["all"], figures["band"]
    parts = [HEADING, _INTRODUCTION, _can_tell(made, band), *_wrong(made), _CANNOT_SEE, _USE]
    return "\n\n".join(parts)


def renewed(card: str, figures: Mapping[str, Any]) -> str:
    """A card with its section in plain words made anew, as its second part if it had none.

    Args:
        card: Markdown that begins with a heading of the first level and has sections.
        figures: As for `plain`.
    """
    head, *sections = re.split(r"\n\n(?=## )", card)
    others = [section for section in sections if not section.startswith(HEADING)]
    return "\n\n".join([head, plain(figures), *others])


def _can_tell(made: Mapping[str, Any], band: Mapping[str, float]) -> str:
    has_real, has_fake = band["real_below"] > 0, band["fake_above"] < 1
    sentences = [
        f"It calls a video likely fake where it puts that chance over {100 * band['fake_above']:.0f}%."
        if has_fake
        else "It never calls a video likely fake: in tests, too many of such verdicts were wrong.",
        f"It calls one likely real where it puts it under {100 * band['real_below']:.0f}%."
        if has_real
        else "It never calls one likely real: in tests, too many of such verdicts were wrong.",
    ]
    given = made["coverage"]["value"] / made["judged"] if made["judged"] else 0.0
    sentences.append(
        f"Otherwise it gives no verdict, which was so for {_of_hundred(1 - given)} of 100 videos that showed enough "
        "of a face."
    )
    return f"**What it can tell.** {' '.join(sentences)}"


def _wrong(made: Mapping[str, Any]) -> list[str]:
    sentences = [
        sentence.format(_of_hundred(share))
        for sentence, share in (
            (
                "Of 100 videos that it called likely fake, {} were, if half of the videos that are checked are.",
                _right(made, "wrong_fake"),
            ),
            ("Of 100 videos that it called likely real, {} were, likewise.", _right(made, "wrong_real")),
            ("Of 100 fakes it called {} likely fake.", made["caught"]["value"]),
            ("Of 100 fakes it called {} likely real.", made["missed"]["value"] or None),
            ("Of 100 real videos it called {} likely fake.", made["false_alarms"]["value"]),
        )
        if share is not None
    ]
    return [f"**How often it is wrong.** {' '.join(sentences)}"] if sentences else []


def _right(made: Mapping[str, Any], side: str) -> float | None:
    wrong = made[side]["value"]
    return None if wrong is None else 1 - wrong


def _of_hundred(share: float) -> str:
    """A share as a number of a hundred, never rounded to none or to all."""
    if 0 < share < 0.005:
        return "fewer than 1"
    return "more than 99" if 0.995 < share < 1 else f"{100 * share:.0f}"


def main() -> None:
    """Make the section of the shipped card anew."""
    card = Path("docs/model-card.md")
    card.write_text(renewed(card.read_text(), json.loads(Path("models/evaluation.json").read_text())))


if __name__ == "__main__":
    main()
