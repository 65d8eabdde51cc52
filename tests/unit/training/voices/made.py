"""Speech made in the tests, and small pretrained weights."""

from pathlib import Path

import av
import numpy as np

from training.voices.augmentation import SAMPLE_RATE_HZ, Sound
from training.voices.pretrained import Weights
from training.voices.recordings import Recording

WIDTH = 64


def spoken(seconds: float = 2.5, *, pitch_hz: float = 140.0, machine: bool = False, seed: int = 0) -> Sound:
    """Something like a vowel that comes and goes.

    Args:
        seconds: how long.
        pitch_hz: of the voice.
        machine: buzzes up to the highest frequency, without breath.
        seed: of breath, syllables and pitch.
    """
    rng = np.random.default_rng(seed)
    times_s = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    numbers = np.arange(1, int(7_500 / (1.1 * pitch_hz)))
    moving = pitch_hz * (1 + 0.05 * np.sin(2 * np.pi * rng.uniform(0.3, 0.8) * times_s + rng.uniform(0, 6)))
    phase = 2 * np.pi * np.cumsum(moving) / SAMPLE_RATE_HZ
    weights = 1 / numbers ** (0.3 if machine else 1.2)
    voice = (weights[:, np.newaxis] * np.cos(numbers[:, np.newaxis] * phase)).sum(axis=0)
    voice /= np.abs(voice).max()
    syllables = 0.55 + 0.45 * np.sin(2 * np.pi * rng.uniform(2, 4) * times_s + rng.uniform(0, 6))
    breath = 0 if machine else 0.1 * rng.standard_normal(times_s.size)
    return np.asarray(0.3 * syllables * (voice + breath), np.float32)


def write_wav(path: Path, sound: Sound) -> Path:
    """Write 16-bit PCM."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frame = av.AudioFrame.from_ndarray((32_767 * np.clip(sound, -1, 1)).astype(np.int16)[None], "s16", "mono")
    frame.sample_rate = SAMPLE_RATE_HZ
    with av.open(path, "w") as container:
        stream = container.add_stream("pcm_s16le", rate=SAMPLE_RATE_HZ, layout="mono")
        if sound.size:
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def recording(
    name: str = "a", *, fake: bool = False, kind: str = "", system: str = "", speaker: str = "", page: str = "page"
) -> Recording:
    """A recording of which only what is told matters."""
    return Recording(
        Path(f"{name}.wav"),
        fake,
        kind or ("tts" if fake else "real"),
        system or ("machine" if fake else ""),
        speaker or f"speaker of {name}",
        page,
    )


def small_weights(seed: int = 0) -> Weights:
    """An encoder of two blocks, 64 wide, that knows nothing."""
    rng = np.random.default_rng(seed)

    def some(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return np.asarray(rng.standard_normal(shape) / np.sqrt(shape[-1]), np.float32)

    made: Weights = {
        "conv1/weight": some(WIDTH, 80, 3),
        "conv1/bias": some(WIDTH),
        "conv2/weight": some(WIDTH, WIDTH, 3),
        "conv2/bias": some(WIDTH),
        "position_encodings/encodings": some(1500, WIDTH),
    }
    for block in range(2):
        for part, shapes in (
            ("self_attention", ((3 * WIDTH, WIDTH), (WIDTH, WIDTH))),
            ("ffn", ((4 * WIDTH, WIDTH), (WIDTH, 4 * WIDTH))),
        ):
            name = f"layer_{block}/{part}"
            made |= {f"{name}/layer_norm/gamma": np.ones(WIDTH, np.float32), f"{name}/layer_norm/beta": some(WIDTH)}
            for number, shape in enumerate(shapes):
                made |= {f"{name}/linear_{number}/weight": some(*shape), f"{name}/linear_{number}/bias": some(shape[0])}
    return made
