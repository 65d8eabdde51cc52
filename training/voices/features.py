"""What is known of every recording, as it is and augmented: computed once, learned from in every training."""

from collections.abc import Sequence
from enum import IntEnum
from functools import cache as kept_in_memory
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from numpy.typing import NDArray

from services.audio.signals import HOP_SAMPLES
from services.audio.voice.log_mel import BANDS, log_mel
from services.audio.voice.statistics import statistics
from services.audio.voice.stretches import LEAST_S, LEAST_VOICED, stretches
from services.audio.voicing import voiced_frames
from services.kit.networks.onnx_session import Spec, loaded
from training.data.atomic import atomic_write
from training.data.processes import in_processes
from training.data.vectors import content_hash
from training.voices.augmentation import (
    LEVEL,
    SAMPLE_RATE_HZ,
    Sound,
    at_level,
    augment,
    decoded,
    draw_encoding,
    encoded,
)
from training.voices.recordings import Recording
from training.voices.vocoding import vocoded

FEATURES_LAYOUT = 2
"""Raised when recordings are augmented, or features are computed, differently."""

_AUGMENTED = 3
_MOST_S = 4.0
_SEARCHED_S = 20.0  # of a video, for voice
_LEAST_SAMPLES = round(LEAST_S * SAMPLE_RATE_HZ)


class Kind(IntEnum):
    """What is known of a stretch, whether it belongs to a real or a synthesised recording."""

    PLAIN = 0  # as the service would cut it
    RECODED = 1  # likewise, after a codec; these are for testing
    AUGMENTED = 2
    VOCODED = 3  # of a real recording through a vocoder: the synthesised twin of real speech


class Features(NamedTuple):
    """Of the stretches of one recording.

    Attributes:
        values: (n, features) float32: what the encoder gives, and then the statistics.
        kind: (n,) values of `Kind`.
    """

    values: NDArray[np.float32]
    kind: NDArray[np.int64]

    def of(self, kind: Kind) -> NDArray[np.float32]:
        """The features of the stretches of a kind."""
        chosen: NDArray[np.float32] = self.values[self.kind == kind]
        return chosen


class ExportedEncoder:
    """The encoder as it runs in service: what is learned from is what will be scored."""

    def __init__(self, path: Path) -> None:
        """Load what `training.voices.network.export_encoder` wrote."""
        takes, gives = (Spec("spectra", "tensor(float)", (BANDS, None)), Spec("encoded", "tensor(float)", (None,)))
        self._session = loaded(path, path.read_bytes(), takes=(takes,), gives=gives)

    def __call__(self, stretch: Sound) -> NDArray[np.float32]:
        """Features of one stretch."""
        encoded = self._session.run(["encoded"], {"spectra": log_mel(stretch)[np.newaxis]})[0][0]
        return np.concatenate([np.asarray(encoded, np.float32), statistics(stretch)])


encoder_at_hand = kept_in_memory(ExportedEncoder)
"""Once for each process."""


def make_features(
    recordings: Sequence[Recording], encoder: Path, cache: Path, *, seed: int, jobs: int
) -> list[Features]:
    """Features of every recording, in order; cached in `cache`.

    Of a recording that holds too little sound, or cannot be read, there are none.

    Args:
        recordings: real and synthesised.
        encoder: the file that `training.voices.network.export_encoder` wrote.
        cache: folder, for this encoder alone.
        seed: of all random draws.
        jobs: processes.
    """
    cache.mkdir(parents=True, exist_ok=True)
    # With its number, from which the random draws follow: see `codec_of`.
    found = [
        cache / f"{content_hash(one.path)}-{'fake' if one.fake else 'real'}-{FEATURES_LAYOUT}-{seed}-{number}.npz"
        for number, one in enumerate(recordings)
    ]
    tasks = [
        (path, encoder, one, number, seed)
        for number, (path, one) in enumerate(zip(found, recordings, strict=True))
        if not path.exists()
    ]
    in_processes(_make_into, tasks, jobs)
    return [_read(path) for path in found]


def read_sound(recording: Recording) -> Sound:
    """Four seconds of a recording, 16 kHz mono; of a video, where it has voice first. Empty where there is none."""
    try:
        with av.open(recording.path) as container:
            sound = decoded(container, _SEARCHED_S if recording.track else _MOST_S)
    except (av.error.FFmpegError, IndexError):
        return np.empty(0, np.float32)
    if recording.track:
        sound = sound[_first_voiced(sound) :]
    return sound[: round(_MOST_S * SAMPLE_RATE_HZ)]


def _first_voiced(sound: Sound) -> int:
    """Where the first stretch begins that the service would score; the end of the sound if there is none."""
    voiced = voiced_frames(sound, np.ones(sound.size, np.bool_))
    for first, end in stretches(sound.size):
        if voiced[first // HOP_SAMPLES : end // HOP_SAMPLES].mean() >= LEAST_VOICED:
            return first
    return sound.size


def stretches_of(sound: Sound, fake: bool, rng: np.random.Generator) -> list[tuple[Kind, Sound]]:
    """What is learned from one recording, and what tests it."""
    # The codec is drawn first: see `codec_of`.
    made = [(Kind.PLAIN, stretch) for stretch in cut(sound)]
    made += [(Kind.RECODED, stretch) for stretch in cut(encoded(at_level(sound, LEVEL), draw_encoding(rng)))]
    made += [(Kind.AUGMENTED, augment(sound, rng)) for _ in range(_AUGMENTED)]
    if not fake:
        made.append((Kind.VOCODED, augment(vocoded(sound, rng), rng)))
    return made


def cut(sound: Sound) -> list[Sound]:
    """As the service cuts a window; voice is in most of a recording of speech."""
    return [sound[first:end] for first, end in stretches(sound.size)]


def _read(path: Path) -> Features:
    with np.load(path) as held:
        return Features(held["values"], held["kind"])


def codec_of(number: int, seed: int) -> str:
    """By which codec the recording with that number is encoded to be tested."""
    return draw_encoding(_draws(number, seed)).codec.name


def _draws(number: int, seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, number])


def _make_into(path: Path, encoder: Path, recording: Recording, number: int, seed: int) -> None:
    sound = read_sound(recording)
    heard = len(sound) >= _LEAST_SAMPLES
    made = stretches_of(sound, recording.fake, _draws(number, seed)) if heard else []
    run = encoder_at_hand(encoder)
    values = np.array([run(stretch) for _, stretch in made], np.float32)
    with atomic_write(path) as fresh, fresh.open("wb") as file:
        np.savez(file, values=values, kind=np.array([kind for kind, _ in made], np.int64))
