"""The texture network: what it makes of moments of a face.

A convolutional network, fine-tuned to say where a face is forged (`training/networks/network.py`), exported to ONNX.
It answers place by place, and the score is the mean of the answers: what each place adds is exact, and comes with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.face.networks.crops import FRAMES, SIDE
from services.face.networks.onnx_session import Spec, loaded

BATCH = 2
"""Moments scored at once.

Of more, what layers hand on no longer fits into a cache: eight took 1.15 times as long for the same scores, and 170 MB
more in each worker.
"""


_TAKES = (Spec("moments", "tensor(uint8)", (SIDE, SIDE, FRAMES)),)
_GIVES = Spec("places", "tensor(float)", (None, None))


@dataclass(frozen=True)
class Scores:
    """What the network makes of n moments.

    Attributes:
        log_odds: (n,) of being forged, before any calibration.
        places: (n, side, side) log-odds that each place of the crop contributes; their mean is `log_odds`.
    """

    log_odds: NDArray[np.float64]
    places: NDArray[np.float64]


class TextureNetwork:
    """A loaded network. The same moments give the same scores, alone or among others."""

    def __init__(self, path: Path, content: bytes) -> None:
        """Load the content of an ONNX file that `make train` wrote.

        Raises:
            NetworkError: It is no such content.
        """
        self._session = loaded(path, content, takes=_TAKES, gives=_GIVES)

    def score(self, moments: Sequence[NDArray[np.uint8]]) -> Scores:
        """Score moments of (SIDE, SIDE, FRAMES) from `services.face.networks.crops.face_moment`."""
        parts = [self._places(moments[start : start + BATCH]) for start in range(0, len(moments), BATCH)]
        places = np.concatenate(parts) if parts else np.empty((0, 1, 1))
        return Scores(places.mean(axis=(1, 2)), places)

    def _places(self, moments: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
        if any(moment.shape != (SIDE, SIDE, FRAMES) for moment in moments):
            raise ValueError(f"moments are {FRAMES} frames of {SIDE} by {SIDE} pixels")
        (places,) = self._session.run(["places"], {"moments": np.stack(moments)})
        return np.asarray(places, dtype=np.float64)
