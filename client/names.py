"""Names of files, as text."""

import os
from pathlib import Path


def text_of(path: Path | str) -> str:
    """A path as text. Any bytes may be a name, and only text can be sent or printed."""
    return os.fsencode(path).decode("utf-8", "replace")
