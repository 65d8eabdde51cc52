"""What simpler models reach on the same folds, and what is learned from where a recording comes from alone."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from services.audio.signals import mfcc, rms_normalised
from training.voices.augmentation import SAMPLE_RATE_HZ, Sound
from training.voices.features import read_sound
from training.voices.recordings import Recording, may_learn

_RUMBLE_HZ = (31.0, 62.0)
_LEAST = 1e-9
_ORIGINAL = ("orig_codec", "orig_rate", "orig_bitrate")


def baselines(
    recordings: Sequence[Recording], fold: NDArray[np.intp], manifest: Path
) -> dict[str, NDArray[np.float64]]:
    """Held-out scores by name, each (n,); NaN where a recording cannot be read.

    Args:
        recordings: n of them.
        fold: (n,), of pages.
        manifest: its columns orig_codec, orig_rate and orig_bitrate, where it has them, say what a file was.
    """
    sounds = [read_sound(recording) for recording in recordings]
    heard = np.array([len(sound) > SAMPLE_RATE_HZ // 2 for sound in sounds])
    cepstra = np.array([_cepstra(sound) if known else np.zeros(24) for sound, known in zip(sounds, heard, strict=True)])
    origins = np.array([_origin(sound) if known else np.zeros(2) for sound, known in zip(sounds, heard, strict=True)])
    trivia = np.column_stack([origins, _originals(recordings, manifest)])
    fake = np.array([recording.fake for recording in recordings])
    found = {name: np.full(len(fake), np.nan) for name in ("MFCC, logistic regression", "Trivia, boosted trees")}
    for number in np.unique(fold).tolist():
        known, tested = may_learn(recordings, fold, number) & heard, (fold == number) & heard
        if not tested.any():
            continue
        line = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(cepstra[known], fake[known])
        trees = HistGradientBoostingClassifier(max_iter=60, max_depth=3, random_state=0).fit(trivia[known], fake[known])
        for name, model, values in zip(found, (line, trees), (cepstra, trivia), strict=True):
            found[name][tested] = model.predict_proba(values[tested])[:, 1]
    return found


def _cepstra(sound: Sound) -> NDArray[np.float64]:
    """Means and deviations of twelve MFCC."""
    coefficients = mfcc(rms_normalised(sound, np.ones(len(sound), np.bool_)))
    return np.concatenate([coefficients.mean(axis=0), coefficients.std(axis=0)]).astype(np.float64)


def _origin(sound: Sound) -> NDArray[np.float64]:
    """Level and rumble, in natural logarithms of power."""
    power = np.abs(np.fft.rfft(sound)) ** 2
    frequencies = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE_HZ)
    rumble = power[(frequencies >= _RUMBLE_HZ[0]) & (frequencies < _RUMBLE_HZ[1])].sum()
    return np.log([float(np.mean(sound**2)) + _LEAST, rumble / max(power.sum(), _LEAST) + _LEAST])


def _originals(recordings: Sequence[Recording], manifest: Path) -> NDArray[np.float64]:
    """What the files were: numbers as they are, names by their place among all; NaN where nothing is said."""
    with manifest.open(newline="", encoding="utf-8") as file:
        rows = {manifest.parent / row["file"]: row for row in csv.DictReader(file)}
    columns = []
    for name in _ORIGINAL:
        values = [rows.get(recording.path, {}).get(name, "") for recording in recordings]
        names = sorted(set(values))
        columns.append([_number(value) if _number(value) is not None else names.index(value) for value in values])
    return np.array(columns, np.float64).T


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
