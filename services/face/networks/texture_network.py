"""The texture network: scores snippets of a face.

A convolutional network, fine-tuned to say where a face is forged (`training/networks/network.py`), exported to ONNX.
Its output is one contribution per patch. The score is their mean, so the heat map explains it exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.face.networks.crops import FRAMES, SIDE
from services.face.networks.onnx_session import Spec, loaded

BATCH = 2
"""Snippets scored at once.

With more, activations no longer fit into the CPU cache: eight took 1.15 times as long for the same scores, and 170 MB
more in each worker.
"""


_TAKES = (Spec("moments", "tensor(uint8)", (SIDE, SIDE, FRAMES)),)
_GIVES = Spec("places", "tensor(float)", (None, None))


@dataclass(frozen=True)
class Scores:
    """Scores of n snippets.

    Attributes:
        log_odds: (n,) of being forged, before any calibration.
        patches: (n, side, side) log-odds contributed by each patch of the crop; their mean is `log_odds`.
    """

    log_odds: NDArray[np.float64]
    patches: NDArray[np.float64]


class TextureNetwork:
    """A loaded network. Scores do not depend on the rest of the batch."""

    def __init__(self, path: Path, content: bytes) -> None:
        """Load the content of an ONNX file that `make train` wrote.

        Raises:
            NetworkError: It is no such content.
        """
        self._session = loaded(path, content, takes=_TAKES, gives=_GIVES)

    def score(self, snippets: Sequence[NDArray[np.uint8]]) -> Scores:
        """Score snippets of (SIDE, SIDE, FRAMES) from `services.face.networks.crops.face_snippet`."""
        parts = [self._patches(snippets[start : start + BATCH]) for start in range(0, len(snippets), BATCH)]
        patches = np.concatenate(parts) if parts else np.empty((0, 1, 1))
        return Scores(patches.mean(axis=(1, 2)), patches)

    def _patches(self, snippets: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
        if any(snippet.shape != (SIDE, SIDE, FRAMES) for snippet in snippets):
            raise ValueError(f"snippets are {FRAMES} frames of {SIDE} by {SIDE} pixels")
        (patches,) = self._session.run(["places"], {"moments": np.stack(snippets)})
        return np.asarray(patches, dtype=np.float64)
