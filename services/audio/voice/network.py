"""The voice network: scores stretches of sound.

The first blocks of the encoder of Whisper base, pooled over time, beside statistics of the fine spectrum, and small
networks on both (`training/voices`), exported to ONNX.
"""

from pathlib import Path

from services.audio.signals import Samples
from services.audio.voice.log_mel import BANDS, log_mel
from services.audio.voice.shipped import SETTING
from services.audio.voice.statistics import COUNT, statistics
from services.kit.networks.network_file import read_network, version_of
from services.kit.networks.onnx_session import Spec, loaded

_TAKES = (Spec("spectra", "tensor(float)", (BANDS, None)), Spec("statistics", "tensor(float)", (COUNT,)))
_GIVES = Spec("log_odds", "tensor(float)", (1,))


class VoiceNetwork:
    """A loaded network.

    Attributes:
        version: of its file.
    """

    def __init__(self, path: Path) -> None:
        """Load an ONNX file that `make train-voice` wrote.

        Raises:
            NetworkError: It is no such file.
        """
        content = read_network(path, SETTING)
        self.version = version_of(content)
        self._session = loaded(path, content, takes=_TAKES, gives=_GIVES)

    def log_odds(self, samples: Samples) -> float:
        """Log-odds of being synthesised, before any calibration.

        Args:
            samples: (n,) at 16 kHz, half a second to four seconds.
        """
        shown = {"spectra": log_mel(samples)[None], "statistics": statistics(samples)[None]}
        (scores,) = self._session.run(["log_odds"], shown)
        return float(scores[0, 0])
