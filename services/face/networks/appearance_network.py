"""The appearance network: scores portraits of a face.

The image encoder of CLIP ViT-B/16 with two logistic regressions on its tokens (`training/appearance`), exported to
ONNX: whether a face was synthesised, and whether it was blended into another picture. The output is one contribution
per patch to each. A score is their mean, so the heat map explains it exactly.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.face.networks.crops import SIDE
from services.face.networks.encoder_file import weights_for
from services.kit.networks.network_file import NetworkError
from services.kit.networks.onnx_session import Spec, loaded

FEATURES = ("face_appearance_log_odds", "face_blending_log_odds")
"""What the scores are averaged into over a video, in the order of the output."""

TAKES = (Spec("pictures", "tensor(uint8)", (SIDE, SIDE, 3)),)
_GIVES = Spec("places", "tensor(float)", (len(FEATURES), None, None))


class AppearanceNetwork:
    """A loaded network."""

    def __init__(self, path: Path, content: bytes, encoder: bytes) -> None:
        """Load the content of an ONNX file that `make train` wrote, and of that with the encoder's matrices.

        Raises:
            NetworkError: They are no such contents.
        """
        try:
            held = weights_for(content, encoder)
        except ValueError as error:
            raise NetworkError("The encoder's file is broken: it holds no matrices. Fetch it again.") from error
        self._session = loaded(path, content, takes=TAKES, gives=_GIVES, held=held)

    def patches(self, portrait: NDArray[np.uint8]) -> NDArray[np.float64]:
        """(2, side, side) log-odds that each patch contributes; their means are the portrait's, before any calibration.

        One portrait at a time: activations are quantised with one scale for all that is in a batch, and a score must
        depend on nothing but its portrait.

        Args:
            portrait: (SIDE, SIDE, 3) RGB from `services.face.networks.crops.face_portrait`.
        """
        if portrait.shape != (SIDE, SIDE, 3):
            raise ValueError(f"portraits are {SIDE} by {SIDE} pixels in colour")
        (patches,) = self._session.run(["places"], {"pictures": portrait[np.newaxis]})
        return np.asarray(patches[0], dtype=np.float64)
