"""Dubbed and spliced speech of held-out pages: what a forger makes of recordings, scored as in service."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.audio.voice.stretches import readings
from services.audio.voicing import voiced_frames
from training.data.atomic import atomic_write
from training.data.processes import in_processes
from training.data.vectors import content_hash
from training.voices.augmentation import CODECS, LEVEL, SAMPLE_RATE_HZ, Encoding, Sound, at_level, encoded
from training.voices.features import FEATURES_LAYOUT, encoder_at_hand, read_sound
from training.voices.recordings import Recording

_DUB_S = 10.0
_WHOLE_S = 20.0
_SPLICE_S = 3.0
_MARGIN_S = 2.0  # of real speech on each side of a splice
_PIECE_S = 3.0  # of a recording at most: some have four seconds, some two
_MOST = 3  # of a page and a system
_PHONE = Encoding(next(codec for codec in CODECS if codec.name == "aac"), 44_100, 64_000)


class Dub(NamedTuple):
    """A recording made of others of one page.

    Attributes:
        pieces: what is heard, one after another.
        splice: what replaces three seconds of it; None where nothing does.
    """

    pieces: tuple[Recording, ...]
    splice: Recording | None = None

    @property
    def fake(self) -> bool:
        """Whether any of it is synthesised."""
        return self.splice is not None or any(piece.fake for piece in self.pieces)

    @property
    def page(self) -> str:
        """Where all of it was found."""
        return self.pieces[0].page


class Heard(NamedTuple):
    """The stretches of a dub that hold voice.

    Attributes:
        values: (n, features).
        start_s, end_s: (n,) each.
        splice_s: (2,) where the splice begins and ends; NaN without one.
    """

    values: NDArray[np.float32]
    start_s: NDArray[np.float64]
    end_s: NDArray[np.float64]
    splice_s: NDArray[np.float64]

    def on_splice(self) -> NDArray[np.bool_]:
        """(n,) whether half of a stretch or more lies in the splice."""
        inside = np.minimum(self.end_s, self.splice_s[1]) - np.maximum(self.start_s, self.splice_s[0])
        return np.asarray(inside >= (self.end_s - self.start_s) / 2)


def whole_dubs(recordings: Sequence[Recording]) -> list[Dub]:
    """Speech of about ten seconds, all of it real or all of it by one system."""
    return [Dub(pieces) for pieces in _runs(recordings, _DUB_S)]


def splices(recordings: Sequence[Recording]) -> list[Dub]:
    """Real speech of twenty seconds, as it is and with three seconds replaced by a system of its page."""
    made = []
    for number, pieces in enumerate(_runs([one for one in recordings if not one.fake], _WHOLE_S)):
        made.append(Dub(pieces))
        synthesised = [one for one in recordings if one.fake and one.page == pieces[0].page]
        if synthesised:
            made.append(Dub(pieces, synthesised[number % len(synthesised)]))
    return made


def _runs(recordings: Sequence[Recording], length_s: float) -> list[tuple[Recording, ...]]:
    """As many recordings in a row as make so many seconds, of one page and one system; the sound of videos apart."""
    groups: dict[tuple[str, str], list[Recording]] = {}
    for one in recordings:
        if not one.track:
            groups.setdefault((one.page, one.system), []).append(one)
    size = round(length_s / _PIECE_S)
    runs = [
        tuple(group[first : first + size])
        for group in groups.values()
        for first in range(0, min(len(group), _MOST * size), size)
    ]
    return [run for run in runs if len(run) == size]


def hear(dubs: Sequence[Dub], encoder: Path, cache: Path, *, jobs: int) -> list[Heard]:
    """What the network is shown of every dub, encoded as phones do; cached.

    Args:
        dubs: what to make.
        encoder: the file that `training.voices.network.export_encoder` wrote.
        cache: folder, for this encoder alone.
        jobs: processes.
    """
    found = [cache / f"{_named(dub)}-{FEATURES_LAYOUT}-{number}.npz" for number, dub in enumerate(dubs)]
    tasks = [
        (path, encoder, dub, number)
        for number, (path, dub) in enumerate(zip(found, dubs, strict=True))
        if not path.exists()
    ]
    in_processes(_hear_into, tasks, jobs)
    heard = []
    for path in found:
        with np.load(path) as held:
            heard.append(Heard(**held))
    return heard


def _named(dub: Dub) -> str:
    whole = " ".join(content_hash(one.path) for one in dub.pieces)
    spliced_in = content_hash(dub.splice.path) if dub.splice else ""
    return sha256(f"{whole}/{spliced_in}".encode()).hexdigest()[:16]


def _hear_into(path: Path, encoder: Path, dub: Dub, number: int) -> None:
    sound = np.concatenate([_piece(piece) for piece in dub.pieces])
    place = np.full(2, np.nan)
    if dub.splice:
        sound, place = spliced(sound, _piece(dub.splice), np.random.default_rng(number))
    sound = encoded(sound, _PHONE)
    run = encoder_at_hand(encoder)
    values = []

    def keep(stretch: Sound) -> float:
        values.append(run(stretch))
        return 0.0

    present = np.ones(sound.size, np.bool_)
    read = readings(sound, present, voiced_frames(sound, present), 0.0, keep)
    heard = Heard(
        np.array(values, np.float32).reshape(len(values), len(values[0]) if values else 0),
        np.array([one.start_s for one in read]),
        np.array([one.end_s for one in read]),
        place,
    )
    with atomic_write(path) as fresh, fresh.open("wb") as file:
        np.savez(file, **heard._asdict())


def spliced(sound: Sound, splice: Sound, rng: np.random.Generator) -> tuple[Sound, NDArray[np.float64]]:
    """Sound of which a part is replaced at a random place, and where from and to, seconds."""
    margin = round(_MARGIN_S * SAMPLE_RATE_HZ)
    splice = splice[: round(_SPLICE_S * SAMPLE_RATE_HZ)]
    first = int(rng.integers(margin, max(margin + 1, len(sound) - len(splice) - margin)))
    whole = np.concatenate([sound[:first], splice, sound[first + len(splice) :]])
    return whole, np.array([first, first + len(splice)]) / SAMPLE_RATE_HZ


def _piece(recording: Recording) -> Sound:
    sound = read_sound(recording)[: round(_PIECE_S * SAMPLE_RATE_HZ)]
    return at_level(sound, LEVEL) if sound.size else sound
