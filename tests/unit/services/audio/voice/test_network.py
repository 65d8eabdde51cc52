"""The voice network: what is taken for one, and that a score depends on its stretch alone."""

from pathlib import Path

import numpy as np
import pytest

from services.audio.signals import SAMPLE_RATE_HZ, Samples
from services.audio.voice.log_mel import log_mel
from services.audio.voice.network import VoiceNetwork
from services.kit.networks.network_file import NetworkError, version_of
from tests.synthetic.networks import brightness_network


def test_it_scores_the_spectra_of_a_stretch(network: VoiceNetwork, speech: Samples) -> None:
    stretch = speech[: 2 * SAMPLE_RATE_HZ]
    assert network.log_odds(stretch) == pytest.approx(float(log_mel(stretch).mean()), abs=1e-5)


def test_a_score_does_not_depend_on_what_was_scored_before(network_file: Path, speech: Samples) -> None:
    one, other = speech[:SAMPLE_RATE_HZ], speech[SAMPLE_RATE_HZ : 3 * SAMPLE_RATE_HZ]
    used, fresh = VoiceNetwork(network_file), VoiceNetwork(network_file)
    used.log_odds(one)
    assert used.log_odds(other) == fresh.log_odds(other)
    assert fresh.log_odds(one) == used.log_odds(one) != used.log_odds(other)


def test_its_version_is_that_of_its_file(network: VoiceNetwork, network_file: Path) -> None:
    assert network.version == version_of(network_file.read_bytes())


def test_another_kind_of_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match=r"^face\.onnx is a network for something else\."):
        VoiceNetwork(brightness_network(tmp_path / "face.onnx"))


def test_what_is_no_network_is_refused_by_its_settings_name(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="NOTREALLY_VOICE_MODEL"):
        VoiceNetwork(tmp_path / "missing.onnx")
    (tmp_path / "voice.onnx").write_bytes(b"no network")
    with pytest.raises(NetworkError, match=r"^voice\.onnx is broken"):
        VoiceNetwork(tmp_path / "voice.onnx")


@pytest.mark.parametrize("seconds", [0.5, 1.0, 4.0])
def test_stretches_of_any_length_are_scored(network: VoiceNetwork, seconds: float) -> None:
    noise = np.random.default_rng(0).standard_normal(round(seconds * SAMPLE_RATE_HZ)).astype(np.float32)
    assert np.isfinite(network.log_odds(0.1 * noise))
