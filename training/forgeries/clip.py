"""Everything made from one real clip: a re-encoded copy, forgeries, and a sham."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from training.data.clips import OF_SOUND
from training.data.crops import Portraits, portraits
from training.forgeries.appearance import Pixels
from training.forgeries.faces import Faces, faces_of
from training.forgeries.footage import Footage, UnusableError, has_sound, read_footage, read_sound, ticks, upright_rgb
from training.forgeries.moving import OF_ONE_FACE, Forgery, forged, swapped_video
from training.forgeries.sounds import Sound, redubbed, through_spectrum, vocoded
from training.forgeries.video_augmentation import VideoAugmentation, draw_video_augmentation, write_clip

REENCODED = "re-encoded"
SWAP = "face-swap"
OF_PICTURE = (*OF_ONE_FACE, SWAP)
METHODS = (*OF_PICTURE, *OF_SOUND)
"""How clips are forged."""

_LAYOUT = 1  # raised when other clips are made
_DONOR_PICTURES = 12
# Purposes of a clip's random draws. Each has a stream of its own, so that a change to one leaves the others alone.
_PLAN, _AUGMENTATION, _LANDMARKS, _METHOD = range(4)


@dataclass(frozen=True)
class Donor:
    """A clip of somebody else in the same pool."""

    path: Path
    content: str


@dataclass(frozen=True)
class Source:
    """A real clip and what to make from it.

    Attributes:
        path: where it lies.
        content: hash of it, hexadecimal.
        donors: clips of other people who may lend it a face and a voice.
        seed: of all draws.
        forgeries: how many to make.
        seconds: at most this much of it.
    """

    path: Path
    content: str
    donors: tuple[Donor, ...]
    seed: int
    forgeries: int
    seconds: float

    def rng(self, *purpose: int) -> np.random.Generator:
        """Randomness that depends only on the seed, the content of the clip and the purpose."""
        return np.random.default_rng([self.seed, *bytes.fromhex(self.content), *purpose])

    def donor(self, method: str) -> Donor | None:
        """Who lends a face or a voice."""
        return self.donors[self.rng(_METHOD, METHODS.index(method)).integers(len(self.donors))] if self.donors else None


@dataclass(frozen=True)
class Made:
    """One clip made from a source: `method` is one of `METHODS` or `REENCODED`; a `sham` changes nothing."""

    name: str
    method: str
    sham: bool = False

    @property
    def fake(self) -> bool:
        """Its label."""
        return self.method != REENCODED and not self.sham

    def place(self, out: Path) -> Path:
        """Where it lies."""
        return out / ("fake" if self.fake else "real") / self.name

    def refusal(self, out: Path) -> Path:
        """File with the reason why it could not be made."""
        return out / ".refused" / f"{self.name}.txt"


def plan(source: Source) -> tuple[Made, ...]:
    """What to make from a clip: a re-encoded copy, forgeries, and the sham of one of those."""
    rng = source.rng(_PLAN)
    open_to_all = [method for method in OF_PICTURE if method != SWAP or source.donors]
    # One forgery of the sound at most: most of what is learned is in the picture.
    sounds = [str(rng.choice(OF_SOUND))] if has_sound(source.path) else []
    chosen = [str(method) for method in rng.permutation([*open_to_all, *sounds])[: source.forgeries]]
    # A re-dubbed clip with its own sound would be the re-encoded one.
    shams = [method for method in chosen if method != "re-dubbed"][:1]
    wanted = [(REENCODED, False), *((method, False) for method in chosen), *((method, True) for method in shams)]
    return tuple(Made(_name(source, method, sham), method, sham) for method, sham in wanted)


def make(source: Source, out: Path) -> None:
    """Make what is missing. What cannot be made has the reason written down instead, and is not tried again."""
    missing = [one for one in plan(source) if not one.place(out).exists() and not one.refusal(out).exists()]
    if not missing:
        return
    try:
        maker: _Maker | UnusableError = _Maker(source, read_footage(source.path, source.seconds))
    except UnusableError as error:
        maker = error
    for one in missing:
        try:
            if isinstance(maker, UnusableError):
                raise maker
            unfinished = out / ".unfinished" / one.name
            unfinished.parent.mkdir(parents=True, exist_ok=True)
            maker.write(one, unfinished)
            one.place(out).parent.mkdir(parents=True, exist_ok=True)
            unfinished.replace(one.place(out))
        except UnusableError as error:
            one.refusal(out).parent.mkdir(parents=True, exist_ok=True)
            one.refusal(out).write_text(str(error))


@dataclass(frozen=True)
class _Maker:
    source: Source
    footage: Footage

    @cached_property
    def _augmentation(self) -> VideoAugmentation:
        return draw_video_augmentation(self.footage, self.source.rng(_AUGMENTATION))

    @cached_property
    def _faces(self) -> Faces:
        return faces_of(self.footage, self.source.rng(_LANDMARKS))

    def write(self, made: Made, path: Path) -> None:
        write_clip(path, self._pictures(made), self._sound(made), self._augmentation)

    def _pictures(self, made: Made) -> Iterator[Pixels]:
        rng = self._rng(made)
        forgery = self._forgery(made, rng)
        for index in ticks(self.footage, self._augmentation.fps):
            whole = upright_rgb(self.footage.pictures[index])
            yield forged(self._faces, forgery, index, whole, rng) if forgery else whole

    def _forgery(self, made: Made, rng: np.random.Generator) -> Forgery | None:
        if made.method in OF_ONE_FACE:
            return OF_ONE_FACE[made.method](self._faces, rng, made.sham)
        if made.method == SWAP:
            return swapped_video(self._faces, None if made.sham else self._donor_face(), rng)
        return None

    def _donor_face(self) -> Portraits:
        donor = self.source.donor(SWAP)
        seen = portraits(donor.path, _DONOR_PICTURES) if donor else None
        if seen is None or not len(seen.points):
            raise UnusableError("The donor's face cannot be seen.")
        return seen

    def _sound(self, made: Made) -> Sound | None:
        own = self.footage.sound
        if made.method not in OF_SOUND:
            return own
        if own is None:
            raise UnusableError("Nothing is heard.")
        rng = self._rng(made)
        if made.method == "vocoded":
            return through_spectrum(own) if made.sham else vocoded(own, rng)
        donor = self.source.donor(made.method)
        return redubbed(own, read_sound(donor.path, self.footage.seconds) if donor else None, rng)

    def _rng(self, made: Made) -> np.random.Generator:
        return self.source.rng(_METHOD, METHODS.index(made.method)) if made.method in METHODS else self.source.rng()


def _name(source: Source, method: str, sham: bool) -> str:
    """Says what a clip is, and changes with everything it depends on."""
    donor = source.donor(method) if method in (SWAP, "re-dubbed") and not sham else None
    parts = (_LAYOUT, source.content, source.seed, source.seconds, method, sham, donor.content if donor else "")
    key = hashlib.sha256(repr(parts).encode()).hexdigest()[:12]
    stem = re.sub(r"[^A-Za-z0-9]+", "-", source.path.stem).strip("-")[:40]
    return f"{stem}.{'sham-' if sham else ''}{method}.{key}.mp4"
