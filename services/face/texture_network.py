"""The texture network: what it makes of face crops.

A convolutional network, fine-tuned to tell forged faces from real ones (`training/network.py`), exported to ONNX. Its
last layer is linear over the mean of what was found at each place, so what each place adds to the score is exact, and
comes with it: a class activation map (Zhou et al. 2016, *Learning Deep Features for Discriminative Localization*).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from services.face.crops import SIDE

SHIPPED_NETWORK = Path(__file__).resolve().parents[2] / "models" / "face_texture.onnx"
# Beyond this many at once memory grows and time does not fall.
_BATCH = 8


@dataclass(frozen=True)
class Scores:
    """What the network makes of n crops.

    Attributes:
        log_odds: (n,) of being forged, before any calibration.
        places: (n, side, side) log-odds that each place of the crop contributes; their mean is `log_odds`.
    """

    log_odds: NDArray[np.float64]
    places: NDArray[np.float64]


class TextureNetwork:
    """A loaded network. The same crops give the same scores, alone or among others."""

    def __init__(self, path: Path = SHIPPED_NETWORK, threads: int = 1) -> None:
        """Load an ONNX file that `make train` wrote.

        Args:
            path: the file.
            threads: of one inference.
        """
        content = path.read_bytes()
        self.version = hashlib.sha256(content).hexdigest()[:12]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Idle threads that wait by spinning would take the processor from the decoder.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])

    def score(self, crops: Sequence[NDArray[np.uint8]]) -> Scores:
        """Score crops of (SIDE, SIDE, 3), RGB, from `services.face.crops.face_crop`."""
        parts = [self._places(crops[start : start + _BATCH]) for start in range(0, len(crops), _BATCH)]
        places = np.concatenate(parts) if parts else np.empty((0, 1, 1))
        return Scores(places.mean(axis=(1, 2)), places)

    def _places(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
        if any(crop.shape != (SIDE, SIDE, 3) for crop in crops):
            raise ValueError(f"crops are {SIDE} × {SIDE} pixels")
        (places,) = self._session.run(["places"], {"crops": np.stack(crops)})
        return np.asarray(places, dtype=np.float64)
