"""The motion network: scores how the parts of a face move.

An ensemble of small perceptrons over the numbers of `services.face.signals.movement`, exported to ONNX
(`training/networks/motion.py`). Inside, it subtracts the effect of frame rate and face size on those numbers and
projects out the nuisance directions of re-compression.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.face.signals.movement import VALUES, Movement
from services.kit.networks.onnx_session import Spec, loaded

_TAKES = (Spec("values", "tensor(float)", (VALUES,)), Spec("conditions", "tensor(float)", (2,)))
_GIVES = Spec("log_odds", "tensor(float)", ())


class MotionNetwork:
    """A loaded network. Scores do not depend on the rest of the batch, except for the last digits."""

    def __init__(self, path: Path, content: bytes) -> None:
        """Load the content of an ONNX file that `make train` wrote.

        Raises:
            NetworkError: It is no such content.
        """
        self._session = loaded(path, content, takes=_TAKES, gives=_GIVES)

    def score(self, movements: Sequence[Movement]) -> NDArray[np.float64]:
        """Log-odds of being forged, before any calibration, of each span; (n,)."""
        if not movements:
            return np.empty(0)
        values = np.array([one.values for one in movements], dtype=np.float32)
        conditions = np.array([(one.fps, one.iod_px) for one in movements], dtype=np.float32)
        (log_odds,) = self._session.run(["log_odds"], {"values": values, "conditions": conditions})
        return np.asarray(log_odds, dtype=np.float64)
