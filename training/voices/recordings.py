"""Labelled recordings of speech, and which of them are held out together."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.data.clips import Clip, ClipsError
from training.data.sources import dealt

FOLDS = 10
KINDS = ("tts", "clone", "vc", "vocoder", "codec")
"""Text to speech, the same in the voice of somebody who was recorded, conversion of a voice, and speech that was only
taken apart and put together again by a vocoder or a neural codec."""

_COLUMNS = ("file", "label", "system", "kind", "group_id", "source_repo")


@dataclass(frozen=True)
class Recording:
    """One labelled recording.

    Attributes:
        path: where it lies.
        fake: whether the speech is synthesised.
        kind: one of `KINDS`, or "real".
        system: what synthesised it; empty of real speech.
        speaker: shared by all recordings of a person, or made after one.
        page: where it was found. A detector meets recordings from no page it learned from.
        track: whether it is the sound of a video, of which only a part may be speech.
    """

    path: Path
    fake: bool
    kind: str
    system: str
    speaker: str
    page: str
    track: bool = False


def gather(manifest: Path) -> list[Recording]:
    """The recordings that a manifest names and that are there, in its order.

    Args:
        manifest: CSV with the columns file (relative to it), label, system, kind, group_id and source_repo.

    Raises:
        ClipsError: it cannot be read, lacks a column, or names no real or no synthesised recording that is there.
    """
    try:
        with manifest.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, ValueError) as error:
        raise ClipsError(f"{manifest.name} cannot be read as CSV.") from error
    missing = [name for name in _COLUMNS if rows and name not in rows[0]]
    if missing:
        raise ClipsError(f"{manifest.name} lacks the columns {', '.join(missing)}.")
    found = [
        Recording(
            path=manifest.parent / row["file"],
            fake=row["label"] == "fake",
            kind=row["kind"],
            system=row["system"] if row["label"] == "fake" else "",
            speaker=row["group_id"],
            page=row["source_repo"],
        )
        for row in rows
        if (manifest.parent / row["file"]).is_file()
    ]
    if len({recording.fake for recording in found}) < 2:
        raise ClipsError(f"{manifest.name} must name real and synthesised recordings that lie beside it.")
    return found


def page_folds(recordings: Sequence[Recording], folds: int = FOLDS) -> NDArray[np.intp]:
    """Fold of each recording, shape (n,): a page lies in one fold, and real and fake are spread evenly."""
    return dealt([one.page for one in recordings], [one.fake for one in recordings], folds)


def may_learn(recordings: Sequence[Recording], fold: NDArray[np.intp], tested: int) -> NDArray[np.bool_]:
    """Which recordings may be learned from when a fold is tested, shape (n,).

    Not those of the fold; nor recordings elsewhere of a speaker in it, or by a system in it: then neither the page, nor
    the speakers, nor the systems that are tested have been met.
    """
    inside = [recording for recording, number in zip(recordings, fold, strict=True) if number == tested]
    speakers = {recording.speaker for recording in inside}
    systems = {recording.system for recording in inside if recording.fake}
    return np.array(
        [
            number != tested and recording.speaker not in speakers and recording.system not in systems
            for recording, number in zip(recordings, fold, strict=True)
        ],
        dtype=np.bool_,
    )


def sound_tracks(clips: Iterable[Clip]) -> list[Recording]:
    """Real videos as recordings of real speech: of phones, films and meetings. Those without sound hold nothing."""
    return [
        Recording(
            clip.path,
            fake=False,
            kind="real",
            system="",
            speaker=clip.group,
            page=f"clips of {clip.source}",
            track=True,
        )
        for clip in clips
        if not clip.fake
    ]
