"""The same voice in other channels, at the same rate, has the same features: each beside the voice in mono."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from services.audio import decoding
from services.audio.extraction import WindowSound, describe
from services.audio.mixing import Heard
from services.audio.signals import SAMPLE_RATE_HZ, Samples
from services.audio.spans import Span
from services.audio.voice.network import VoiceNetwork
from services.kit.media.process import ProcessLimits

MakeFile = Callable[..., Path]

SPAN = Span(0, 0.0, 4.0)


@pytest.fixture(scope="module")
def mono(make_file: MakeFile, speech: Samples, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of speech in one channel."""
    raw = tmp_path_factory.mktemp("speech") / "speech.f32"
    raw.write_bytes(speech[: 4 * SAMPLE_RATE_HZ].tobytes())
    return make_file(
        "mono.mka", "-f", "f32le", "-ar", str(SAMPLE_RATE_HZ), "-ac", "1", "-i", str(raw), "-c:a", "pcm_f32le"
    )


def heard(path: Path, limits: ProcessLimits, network: VoiceNetwork) -> WindowSound:
    stream = decoding.find_stream(lambda: False, path, limits)
    assert stream is not None
    window = describe(SPAN, decoding.decode(lambda: False, path, stream, SPAN.start_s, SPAN.end_s, limits), network)
    assert isinstance(window, WindowSound)
    return window


def features(window: WindowSound) -> NDArray[np.float64]:
    """Mean and spread of the coefficients, and seconds of voice."""
    assert window.voiced_s > 1
    return np.array([window.mfcc.mean(), window.mfcc.std(axis=0).mean(), window.voiced_s])


def wrapped(make_file: MakeFile, mono: Path, name: str, filters: str, *codec: str) -> Path:
    return make_file(name, "-i", str(mono), "-filter:a", filters, *(codec or ("-c:a", "pcm_f32le")))


LAYOUTS: dict[str, tuple[str, Heard]] = {
    "dual mono": ("pan=stereo|FL=c0|FR=c0", Heard.ALL),
    "left alone": ("pan=stereo|FL=c0", Heard.ALL),
    "right alone": ("pan=stereo|FR=c0", Heard.ALL),
    "one side quieter": ("pan=stereo|FL=0.3*c0|FR=c0", Heard.ALL),
    "opposite phase": ("pan=stereo|FL=c0|FR=-1*c0", Heard.LOUDEST),
    "nearly opposite phase": ("pan=stereo|FL=c0|FR=-0.9*c0", Heard.LOUDEST),
    "centre of 5.1": ("pan=5.1|FC=c0", Heard.ALL),
    "low frequencies' channel": ("pan=5.1|LFE=c0", Heard.ALL),
    "centre of 7.1": ("pan=7.1|FC=c0", Heard.ALL),
    "side of 7.1": ("pan=7.1|SR=c0", Heard.ALL),
    "all of 7.1": ("pan=7.1|FL=c0|FR=c0|FC=c0|LFE=c0|BL=c0|BR=c0|SL=c0|SR=c0", Heard.ALL),
    "twelfth of sixteen": ("pan=hexadecagonal|c12=c0", Heard.ALL),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_voice_in_any_channel_is_the_voice(
    make_file: MakeFile, limits: ProcessLimits, network: VoiceNetwork, mono: Path, name: str
) -> None:
    filters, kind = LAYOUTS[name]
    window = heard(wrapped(make_file, mono, f"{name}.mka", filters), limits, network)
    assert features(window) == pytest.approx(features(heard(mono, limits, network)), rel=0.02)
    assert window.heard is kind
    assert window.log_rms == pytest.approx(heard(mono, limits, network).log_rms, abs=0.02)


def test_dual_mono_is_mono_bit_for_bit(
    make_file: MakeFile, limits: ProcessLimits, network: VoiceNetwork, mono: Path
) -> None:
    both = wrapped(make_file, mono, "both.mka", "pan=stereo|FL=c0|FR=c0")
    assert heard(both, limits, network).mfcc.tobytes() == heard(mono, limits, network).mfcc.tobytes()


@pytest.mark.parametrize(
    ("name", "filters", "codec"),
    [
        ("dialogue.mkv", "aformat=channel_layouts=mono,pan=5.1|FC=c0", "ac3"),
        ("right.m4a", "pan=stereo|FR=c0", "aac"),
        ("right.ogg", "pan=stereo|FR=c0", "libvorbis"),
        ("opposite.mov", "pan=stereo|FL=c0|FR=-1*c0", "alac"),
        ("right.mka", "pan=stereo|FR=c0", "libopus"),
    ],
)
def test_a_coded_voice_is_the_voice(
    make_file: MakeFile, limits: ProcessLimits, network: VoiceNetwork, mono: Path, name: str, filters: str, codec: str
) -> None:
    rate = ("-ar", "48000", "-b:a", "192k")
    alone = wrapped(make_file, mono, f"mono-{name}", "anull", "-c:a", codec, *rate)
    window = heard(wrapped(make_file, mono, name, filters, "-c:a", codec, *rate), limits, network)
    assert features(window) == pytest.approx(features(heard(alone, limits, network)), rel=0.02)


def test_telephone_sound_in_one_channel_is_that_in_mono(
    make_file: MakeFile, limits: ProcessLimits, network: VoiceNetwork, mono: Path
) -> None:
    narrow = ("-ar", "8000", "-c:a", "pcm_s16le")
    alone = wrapped(make_file, mono, "narrow.mka", "anull", *narrow)
    window = heard(wrapped(make_file, mono, "narrow-right.mka", "pan=stereo|FR=c0", *narrow), limits, network)
    assert features(window) == pytest.approx(features(heard(alone, limits, network)), rel=0.02)


def test_amr_is_heard_as_its_decoder_gives_it(
    make_file: MakeFile, limits: ProcessLimits, network: VoiceNetwork, tmp_path: Path
) -> None:
    """Frames of noise: ffmpeg has a decoder for telephones' sound, and mostly no encoder."""
    noise = random.Random(5)
    raw = tmp_path / "noise.amr"
    raw.write_bytes(b"#!AMR\n" + b"".join(b"\x3c" + noise.randbytes(31) for _ in range(200)))
    phone = make_file("phone.3gp", "-i", str(raw), "-c:a", "copy")
    decoded = make_file("decoded.mka", "-i", str(raw), "-c:a", "pcm_f32le")
    found, expected = heard(phone, limits, network), heard(decoded, limits, network)
    assert np.nanmax(np.abs(found.log_rms - expected.log_rms)) < 0.02


def test_of_two_people_in_two_channels_both_are_heard(
    make_file: MakeFile, limits: ProcessLimits, network: VoiceNetwork, mono: Path
) -> None:
    """One speaks in the first half, on the left, the other in the second, on the right."""
    turns = "aeval=val(0)*lt(t\\,2)|val(0)*gte(t\\,2)"
    window = heard(wrapped(make_file, mono, "turns.mka", turns), limits, network)
    assert window.voiced_s == pytest.approx(heard(mono, limits, network).voiced_s, rel=0.02)


def test_the_smallest_input_is_heard(make_file: MakeFile, limits: ProcessLimits) -> None:
    path = make_file("right.mov", "-filter_complex", "aevalsrc=0|0.5*sin(600*PI*t):d=2", "-c:a", "pcm_s16le")
    stream = decoding.find_stream(lambda: False, path, limits)
    assert stream is not None
    sound = decoding.decode(lambda: False, path, stream, 0.5, 1.5, limits)
    assert np.abs(sound.mix.samples).max() == pytest.approx(0.5, abs=0.01)


# --- sound that cannot be decoded beside sound that can ---------------------------------------------------------------


def unknown_first(make_file: MakeFile, mono: Path, tmp_path: Path, *, second: bool = True) -> Path:
    """As telephones write it: the first track, marked as default, is of a codec that nobody here knows."""
    tracks = ("-map", "0", "-map", "0") if second else ("-map", "0")
    marks = ("-disposition:a", "0", "-disposition:a:0", "default")
    path = make_file("two.mov", "-i", str(mono), *tracks, "-c:a", "alac", *marks)
    data = path.read_bytes()
    at = data.index(b"alac", data.index(b"stsd"))
    unknown = tmp_path / "spatial.mov"
    unknown.write_bytes(data[:at] + b"xyzq" + data[at + 4 :])
    return unknown


def test_the_first_sound_that_can_be_decoded_is_heard(
    make_file: MakeFile, limits: ProcessLimits, network: VoiceNetwork, mono: Path, tmp_path: Path
) -> None:
    path = unknown_first(make_file, mono, tmp_path)
    assert decoding.find_stream(lambda: False, path, limits) == 1
    assert features(heard(path, limits, network)) == pytest.approx(features(heard(mono, limits, network)), rel=0.02)


def test_of_sounds_that_cannot_be_decoded_one_is_named_and_nothing_heard(
    make_file: MakeFile, limits: ProcessLimits, mono: Path, tmp_path: Path
) -> None:
    path = unknown_first(make_file, mono, tmp_path, second=False)
    assert decoding.find_stream(lambda: False, path, limits) == 0
    assert not decoding.decode(lambda: False, path, 0, 0.0, 4.0, limits).present.any()
