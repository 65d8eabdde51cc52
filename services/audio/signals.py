"""Sound to numbers: loudness envelope and cepstral coefficients, as pure functions of samples.

Every function takes 16 kHz mono samples, full scale 1. Frames are 40 ms long, 10 ms apart and lie wholly inside the
window, so that nothing is measured on samples that are not there.
"""

import numpy as np
import numpy.typing as npt

from services.audio import spectra

SAMPLE_RATE_HZ = 16_000
FRAME_SAMPLES = 640
HOP_SAMPLES = 160
ENVELOPE_STEP_SAMPLES = 640
COEFFICIENTS = 12

_MEL_BANDS = 40
_LOUDNESS_FLOOR = 1e-5

# scipy.signal.get_window("hann", FRAME_SAMPLES) to the bit. librosa would ask for it by its name, and that package
# takes a worker most of a second to load.
_HANN = (0.5 + 0.5 * np.cos(np.linspace(-np.pi, np.pi, FRAME_SAMPLES + 1)))[:-1]

Samples = npt.NDArray[np.float32]
Channels = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


def frame_count(samples: int) -> int:
    """Number of whole frames in that many samples."""
    return 0 if samples < FRAME_SAMPLES else 1 + (samples - FRAME_SAMPLES) // HOP_SAMPLES


def frames_of(values: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """A read-only view of `values`, shape (n,), as frames, shape (frame_count(n), FRAME_SAMPLES)."""
    if values.size < FRAME_SAMPLES:
        return np.empty((0, FRAME_SAMPLES), values.dtype)
    return np.lib.stride_tricks.sliding_window_view(values, FRAME_SAMPLES)[::HOP_SAMPLES]


def frame_times_s(count: int) -> Floats:
    """Middle of each of the first `count` frames, seconds from the first sample; shape (count,)."""
    return (np.arange(count) * HOP_SAMPLES + FRAME_SAMPLES / 2) / SAMPLE_RATE_HZ


def log_rms(samples: Samples, present: Mask) -> Floats:
    """Loudness 25 times a second.

    Returns:
        Shape (n // 640,): natural log of the root mean square of samples [640 k, 640 (k + 1)), floored at log(1e-5).
        Value k therefore speaks for the moment 0.04 k + 0.02 s, and is NaN where a sample of its step is missing:
        nothing was recorded, which is not silence. An incomplete last step is left out.
    """
    steps = samples.size // ENVELOPE_STEP_SAMPLES
    shape, whole = (steps, ENVELOPE_STEP_SAMPLES), steps * ENVELOPE_STEP_SAMPLES
    blocks = samples[:whole].astype(np.float64).reshape(shape)
    loudness = np.log(np.maximum(np.sqrt(np.mean(blocks**2, axis=1)), _LOUDNESS_FLOOR))
    return np.where(present[:whole].reshape(shape).all(axis=1), loudness, np.nan)


def rms_normalised(samples: Samples, present: Mask) -> Samples:
    """`samples` scaled so that those that are present have a root mean square of 1.

    Loudness depends on the microphone and the platform, not on the voice. Silence is given back as it is.
    """
    power = float(np.mean(samples[present].astype(np.float64) ** 2)) if present.any() else 0.0
    if power < _LOUDNESS_FLOOR**2:
        return samples
    return np.asarray(samples / np.sqrt(power), np.float32)


def mfcc(samples: Samples) -> npt.NDArray[np.float32]:
    """Mel-frequency cepstral coefficients c1 to c12 of every frame (Davis and Mermelstein 1980, as librosa does it).

    c0 is loudness and is left out.

    Returns:
        Shape (frame_count(n), 12).
    """
    if samples.size < FRAME_SAMPLES:
        return np.empty((0, COEFFICIENTS), np.float32)
    coefficients = spectra.mfcc(
        y=samples,
        sr=SAMPLE_RATE_HZ,
        n_mfcc=COEFFICIENTS + 1,
        n_fft=FRAME_SAMPLES,
        hop_length=HOP_SAMPLES,
        center=False,
        window=_HANN,
        n_mels=_MEL_BANDS,
    )
    return np.ascontiguousarray(coefficients[1:].T, dtype=np.float32)
