"""What of a face is covered: by a bar, a box or a mask, by dark glasses, or because it was blurred.

The mesh goes on there, and draws eyes that never close and lips that hardly move: what it draws is no measurement.
"""

import numpy as np

from gateway.features.signals import Bools, FaceSignals, Floats

_FLAT_EYES, _FLAT_MOUTH = 1.5, 3.0
"""Steps of 8-bit lightness. Lids, lashes and whites make ten times as much, and so do lips; small and soft pictures of
them still more than these."""

_DIM_EYES, _DARK = 5.0, 0.45
"""What shows through dark glasses, where the eyes are less than half as light as the cheeks."""

_LEAST_PICTURES = 3
_SHARE = 0.5


def eyes_covered(signals: FaceSignals) -> bool:
    """Whether an eye cannot be seen in most pictures."""
    textures = signals.textures
    flat = textures.eyes_contrast < _FLAT_EYES
    dark = (textures.eyes_contrast < _DIM_EYES) & (textures.eyes_lightness < _DARK)
    return _in_most(flat | dark, textures.eyes_contrast)


def mouth_covered(signals: FaceSignals) -> bool:
    """Whether the mouth cannot be seen in most pictures."""
    return _in_most(signals.textures.mouth_contrast < _FLAT_MOUTH, signals.textures.mouth_contrast)


def _in_most(covered: Bools, contrast: Floats) -> bool:
    known = np.isfinite(contrast)
    return int(known.sum()) >= _LEAST_PICTURES and bool(np.mean(covered[known]) > _SHARE)
