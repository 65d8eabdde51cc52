"""Pictures of sounds whose looks are known."""

import numpy as np
import pytest

from services.audio import plots
from services.audio.signals import SAMPLE_RATE_HZ, Samples


def _sine(frequency_hz: float, seconds: float, amplitude: float) -> Samples:
    times = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return (amplitude * np.sin(2 * np.pi * frequency_hz * times)).astype(np.float32)


def test_the_outline_touches_the_peaks() -> None:
    outline = plots.outline(np.concatenate([_sine(400, 0.5, 0.25), np.zeros(8000, np.float32)]))
    assert outline.step_s == 0.01
    assert outline.low.size == outline.high.size == 100
    np.testing.assert_allclose(outline.high[:50], 0.25, atol=0.003)
    np.testing.assert_allclose(outline.low[:50], -0.25, atol=0.003)
    assert not outline.high[50:].any()


@pytest.mark.parametrize("frequency_hz", [300.0, 1000.0, 5000.0])
@pytest.mark.parametrize(("amplitude", "level"), [(1.0, 255), (0.1, 191), (0.001, 64)])
def test_a_sine_lights_its_own_band_at_its_own_level(frequency_hz: float, amplitude: float, level: int) -> None:
    image = plots.mel_image(_sine(frequency_hz, 1.0, amplitude))
    assert image.levels.shape == (25, 64)
    assert image.step_s == 0.04
    column = image.levels[12].astype(int)
    nearest = int(np.abs(image.frequencies_hz - frequency_hz).argmin())
    assert abs(int(column.argmax()) - nearest) <= 1
    assert column.max() == pytest.approx(level, abs=10)


def test_silence_is_dark() -> None:
    assert not plots.mel_image(np.zeros(3200, np.float32)).levels.any()


def test_what_is_shorter_than_a_step_gives_an_empty_picture() -> None:
    assert plots.mel_image(np.zeros(639, np.float32)).levels.shape == (0, 64)
    assert plots.outline(np.zeros(159, np.float32)).low.shape == (0,)


def test_the_ends_of_a_tone_are_no_clicks() -> None:
    tone = _sine(333.0, 1.02, 0.5)
    image = plots.mel_image(tone[np.flatnonzero(tone > 0.3)[0] :])
    far = np.abs(np.log2(image.frequencies_hz / 333.0)) > 2
    assert image.levels[[0, -1]][:, far].max() < 30
