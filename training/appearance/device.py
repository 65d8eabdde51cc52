"""Where networks are trained."""

import torch

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
"""The GPU where there is one."""
