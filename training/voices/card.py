"""The card of the voice network in Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any

Figures = Mapping[str, Any]

_KINDS = {
    "tts": "text to speech",
    "clone": "text to speech in somebody's voice",
    "vc": "conversion of a voice",
    "vocoder": "real speech through a vocoder",
    "codec": "real speech through a neural codec",
}
_CODECS = {
    "libmp3lame": "MP3, 32 to 128 kbit/s",
    "aac": "AAC, 24 to 128 kbit/s",
    "libopus": "Opus, 10 to 48 kbit/s",
    "libopencore_amrnb": "AMR, telephone band",
    "pcm_mulaw": "G.711, telephone band",
    "g722": "G.722",
}


def written(found: Figures) -> str:
    """The whole card.

    Args:
        found: from `training.voices.train`, which are also in models/voice_evaluation.json.
    """
    parts = (
        _HEADER,
        _plain(found),
        _worth(found),
        _by_kind(found),
        _by_codec(found),
        _origin(found),
        _verdicts(found),
        _LIMITS,
        _DATA,
    )
    return "\n\n".join(part.format(**_numbers(found)) if part in (_HEADER, _DATA) else part for part in parts) + "\n"


_HEADER = """\
<!-- Written by `make train-voice` from models/voice_evaluation.json: do not edit. -->

# Model card: the voice

The voice network says how likely speech was synthesised: read by a machine, cloned from somebody, converted from
another voice, or taken apart and put together again by a vocoder or a neural codec. It hears stretches of two seconds;
a recording's score is the mean over its stretches. It does not know who speaks, nor what is said.

{read} of {recordings} recordings from {pages} pages were read, synthesised by {systems} systems."""

_CANNOT_HEAR = """\
**What it cannot hear.** Whose voice it is, and whether the words were ever said. Real speech that was only taken
through a good vocoder sounds real to it, and a telephone line takes away what it listens to.

**What to make of it.** A verdict is a reason to look further, never proof. No verdict is no all-clear."""

_LIMITS = """\
## What it cannot do

- Real speech that was only taken through a good vocoder or neural codec is hardly told from real speech: see the table
  by kind.
- Each training recording is two to four seconds of clean speech, most of it English read aloud. Singing, children and
  whispering are not among them and were not measured. Music under a voice and other languages were not measured apart.
- Telephone bands and low bit rates take away what it listens to: see the table by codec.
- Where a recording comes from still moves the score: see "between real recordings of two pages".
- Nothing was tuned on voices of a person who would be imitated today with a commercial system; few of these are among
  the training systems."""

_DATA = """\
## Data

Demonstration pages of research on speech synthesis, with real recordings as their reference, most of them from
LibriSpeech, VCTK and LJ Speech, and the sound of the real videos that the face is learned from. Used to train and to
evaluate; no recording is part of this repository. The encoder is the first two blocks of that of Whisper base (OpenAI,
MIT licence), stored in four bits a weight; what was fitted to recordings is three small networks on top of it.

Before anything is learned, recordings are brought to one level, freed of what lies below 80 Hz, and taken through
rooms, microphones, noise, band limits and the codecs in the table, alike in both classes."""


def _numbers(found: Figures) -> dict[str, Any]:
    return {name: found[name] for name in ("read", "recordings", "pages", "systems")}


def _plain(found: Figures) -> str:
    """Half a page for people who want to know what a verdict is worth."""
    made, curve = found["verdicts"], found["curve"]
    right = {side: _of_hundred(made[f"wrong_{side}"], of_right=True) for side in ("fake", "real")}
    sides = [_called("fake", "over", curve["fake above"]), _called("real", "under", curve["real below"])]
    none = _of_hundred(made["given"], of_right=True)
    wrong = [
        f"Of 100 recordings that it called likely {side}, {count} were, if half of those that are checked are."
        for side, count in right.items()
        if count
    ]
    wrong += [
        f"Of 100 synthesised recordings it called {_of_hundred(made['caught'])} likely fake, and of 100 real ones "
        f"{_of_hundred(made['false_alarms'])}."
    ]
    return "\n\n".join(
        [
            "## In plain words",
            "The figures come from tests on pages, speakers and systems that it had never heard.",
            f"**What it can tell.** {' '.join(sides)} Otherwise it gives no verdict, which was so for {none} of 100 "
            "recordings.",
            f"**How often it is wrong.** {' '.join(wrong)}",
            _CANNOT_HEAR,
        ]
    )


def _called(word: str, where: str, threshold: float) -> str:
    if 0 < threshold < 1:
        return (
            f"It calls a voice likely {word} where it puts the chance that it is synthesised {where} "
            f"{100 * threshold:.0f}%."
        )
    return f"It never calls one likely {word}: in tests, too many of such verdicts were wrong."


def _of_hundred(share: float | None, *, of_right: bool = False) -> str:
    """A share, or what is left of it, as a number of a hundred; never rounded to none or to all."""
    if share is None:
        return ""
    share = 1 - share if of_right else share
    if 0 < share < 0.005:
        return "fewer than 1"
    return "more than 99" if 0.995 < share < 1 else f"{100 * share:.0f}"


def _worth(found: Figures) -> str:
    rows = [
        ("recordings as they are", found["all"]),
        ("each encoded anew by a random codec", found["all, re-encoded"]),
        ("with the sound of real videos as well", found["with the sound of real videos"]),
        *((name, area) for name, area in found["baselines"].items()),
    ]
    return "\n".join(
        [
            "## What it is worth on pages, speakers and systems it has not met",
            "",
            f"Area under the ROC curve (0.5 is a coin toss, 1 is perfect), {found['folds']} folds of whole pages, mean "
            f"of {found['seeds']} {'seed' if found['seeds'] == 1 else 'seeds'}. What scores a recording has met "
            "neither its page, nor its speaker, nor the system that made it. Intervals of 95 % by a bootstrap over "
            "pages. The last two rows are simpler models on the same folds: twelve MFCC, means and deviations; and "
            "boosted trees on codec, sampling rate, bit rate, level and rumble of the files alone.",
            "",
            *_table(("", "AUC", "real", "synthesised"), [_row(*row) for row in rows]),
        ]
    )


def _by_kind(found: Figures) -> str:
    rows = [
        (_KINDS.get(kind, kind), _area(area), _area(found["by kind, re-encoded"][kind]), str(area["fake"]))
        for kind, area in found["by kind"].items()
    ]
    return "\n".join(["## By kind of synthesis", "", *_table(("", "as it is", "encoded anew", "synthesised"), rows)])


def _by_codec(found: Figures) -> str:
    rows = [_row(_CODECS.get(codec, codec), area) for codec, area in found["by codec"].items()]
    return "\n".join(["## By codec", "", *_table(("after", "AUC", "real", "synthesised"), rows)])


def _origin(found: Figures) -> str:
    trivia = found["baselines between real recordings of two pages"]
    others = "; ".join(f"{name}: {_number(value)}" for name, value in trivia.items())
    own = _number(found["between real recordings of two pages"])
    return (
        "## Does it hear where a recording comes from?\n\n"
        "Between real recordings of two pages a score should tell nothing, and the area, counted from 0.5 upwards, "
        f"should be close to 0.5. It is {own} on average over all pairs of pages ({others})."
    )


def _verdicts(found: Figures) -> str:
    made, curve, videos = found["verdicts"], found["curve"], found["real videos"]
    lines = [
        "## Verdicts",
        "",
        "Curve and band come from the other folds, on recordings as they are and encoded anew; each class weighs half.",
        "",
        f"- {_percent(made['given'])} of recordings get a verdict.",
        f"- Called synthesised: {_percent(made['wrong_fake'])} of such verdicts are wrong; {_percent(made['caught'])} "
        f"of synthesised recordings are, and {_percent(made['false_alarms'])} of real ones.",
        f"- Called real: {_percent(made['wrong_real'])} of such verdicts are wrong.",
        f"- {_side('synthesised', 'above', curve['fake above'])} {_side('real', 'below', curve['real below'])}",
    ]
    marked = found["most suspicious stretch"]
    lines.append(
        f"- Of synthesised recordings of two to four seconds, {_percent(marked['synthesised'])} have a stretch of two "
        f"seconds that is marked, as a sentence that was replaced should be; of real ones "
        f"{_percent(marked['real'])}."
    )
    dubs, splices = found["dubs"], found["splices"]
    if dubs["synthesised"]:
        lines.append(
            f"- Dubs of nine seconds, each by one system and encoded as phones do (AAC): {dubs['synthesised']} of "
            f"them, {_percent(dubs['synthesised called fake'])} called fake; of {dubs['real']} like them of real "
            f"speech {_percent(dubs['real called fake'])}."
        )
    if splices["spliced"]:
        lines.append(
            f"- Three synthesised seconds in the midst of real speech, twenty seconds in all: "
            f"{_percent(splices['marked in the splice'])} of {splices['spliced']} are marked where they were replaced; "
            f"{_percent(splices['real marked'])} of {splices['real']} that are real throughout have a mark."
        )
    if videos["with sound"]:
        lines.append(
            f"- Of {videos['with sound']} real videos with sound, held out likewise, {_percent(videos['called fake'])} "
            f"are called fake for their voice; {_percent(videos['above a half'])} score above 50 %."
        )
    return "\n".join(lines)


def _side(word: str, where: str, threshold: float) -> str:
    if 0 < threshold < 1:
        return f'"Likely {word}" is said {where} {100 * threshold:.0f} %.'
    return f'"Likely {word}" is never said: that such verdicts hold could not be shown.'


def _row(name: str, area: Mapping[str, Any]) -> tuple[str, ...]:
    return name, _area(area), str(area["real"]), str(area["fake"])


def _area(area: Mapping[str, Any]) -> str:
    if area["value"] is None:
        return "n/a"
    return f"{area['value']:.2f} ({area['low']:.2f} to {area['high']:.2f})"


def _percent(share: float | None) -> str:
    return "n/a" if share is None else f"{100 * share:.1f} %"


def _number(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.2f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]
