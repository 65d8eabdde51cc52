"""Signals as messages: nothing is lost, and the voice's readings name the network that gave them."""

import numpy as np
import pytest

from services.audio.decoding import Sound
from services.audio.extraction import Progress, SilentWindow, WindowSound, describe
from services.audio.messages import response
from services.audio.signals import SAMPLE_RATE_HZ, Samples
from services.audio.spans import Span
from services.audio.voice.network import VoiceNetwork


def spoken(samples: Samples, network: VoiceNetwork, start_s: float = 0.0) -> WindowSound:
    seconds = samples.size / SAMPLE_RATE_HZ
    window = describe(
        Span(3, start_s, start_s + seconds), Sound(samples[:, None], np.ones(samples.size, np.bool_)), network
    )
    assert isinstance(window, WindowSound)
    return window


def test_readings_of_the_voice_are_told_with_the_network_that_gave_them(speech: Samples, network: VoiceNetwork) -> None:
    samples = speech[: 4 * SAMPLE_RATE_HZ]
    window = spoken(samples, network, start_s=8.0)
    message = response(window).window
    assert message.voice_network == network.version
    assert len(message.voice) > 1
    for told, reading in zip(message.voice, window.voice, strict=True):
        assert (told.start_s, told.end_s, told.log_odds) == (reading.start_s, reading.end_s, reading.log_odds)
        assert 8 <= told.start_s < told.end_s <= 12
        first, end = (round((time_s - 8) * SAMPLE_RATE_HZ) for time_s in (told.start_s, told.end_s))
        assert told.log_odds == pytest.approx(network.log_odds(samples[first:end]))


def test_without_voice_no_network_is_named(network: VoiceNetwork) -> None:
    noise = np.random.default_rng(0).standard_normal(3 * SAMPLE_RATE_HZ).astype(np.float32)
    message = response(spoken(0.1 * noise, network)).window
    assert message.has_audio
    assert not message.voice
    assert message.voice_network == ""


def test_silent_windows_and_progress(network: VoiceNetwork) -> None:
    silent = response(SilentWindow(Span(1, 0.0, 1.0))).window
    assert not silent.has_audio
    assert silent.window.index == 1
    assert response(Progress(0.5, "half")).progress.text == "half"
