"""From network scores of single snippets or spans to features of a video."""

import numpy as np

from gateway.features.signals import Floats

_SUREST = 8.0
"""Log-odds: 3000 to 1. Beyond it one snippet would outweigh all others."""


def mean_log_odds(log_odds: Floats) -> float:
    """Mean of the log-odds (k,) of being forged, each limited to ±8."""
    return float(np.mean(np.clip(log_odds, -_SUREST, _SUREST)))
