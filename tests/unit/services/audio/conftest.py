"""Sounds with known contents, and files that hold them."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from services.audio.voice.network import VoiceNetwork
from services.kit.media.process import ProcessLimits
from tests.synthetic.networks import voice_network

MakeFile = Callable[..., Path]


@pytest.fixture(scope="session")
def limits() -> ProcessLimits:
    """Limits no test reaches by itself."""
    return ProcessLimits(seconds=30, memory_bytes=2 << 30)


@pytest.fixture(scope="session")
def make_file(tmp_path_factory: pytest.TempPathFactory) -> MakeFile:
    """Make a file with ffmpeg: `make_file("name.mp4", *arguments)`."""
    folder = tmp_path_factory.mktemp("sounds")

    def make(name: str, *arguments: str) -> Path:
        path = folder / name
        subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *arguments, str(path)], check=True)
        return path

    return make


@pytest.fixture(scope="session")
def speech() -> npt.NDArray[np.float32]:
    """About four seconds of spoken words with pauses, 16 kHz, made by ffmpeg's own synthesiser."""
    source = "flite=text='Here is some speech. Nobody said it. It was made by a machine. Is it real?':voice=slt"
    command = ["ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", source, "-ar", "16000", "-ac", "1"]
    output = subprocess.run([*command, "-f", "f32le", "pipe:"], check=True, capture_output=True).stdout
    return np.frombuffer(output, "<f4").copy()


@pytest.fixture(scope="session")
def network_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small voice network, which hears how bright the sound is."""
    return voice_network(tmp_path_factory.mktemp("network") / "voice.onnx")


@pytest.fixture(scope="session")
def network(network_file: Path) -> VoiceNetwork:
    """The same, loaded."""
    return VoiceNetwork(network_file)
