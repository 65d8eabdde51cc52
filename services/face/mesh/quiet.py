"""Silences MediaPipe, which prints useless messages while it is imported and loads its models."""

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from services.kit.imports import standing_in


@contextmanager
def quiet_import() -> Iterator[None]:
    """Import or load inside the block without its warnings and without what its C++ part writes to standard error.

    Its protobuf bridge complains that a method newer protobufs lack is gone (it does not need it: the output is
    bit-identical), and TensorFlow Lite and Abseil announce themselves, past Python's `sys.stderr`. Errors are raised,
    not written, so nothing is lost.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        with warnings.catch_warnings(), standing_in(_no_plotting()):
            warnings.simplefilter("ignore")
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _no_plotting() -> dict[str, ModuleType | None]:
    """Stand-ins for matplotlib.

    `import mediapipe` imports its drawing helpers, and they matplotlib: two thirds of the time that takes, and
    forty megabytes, for something never called.
    """
    package, pyplot = ModuleType("matplotlib"), ModuleType("matplotlib.pyplot")
    package.pyplot = pyplot  # type: ignore[attr-defined]
    return {"matplotlib": package, "matplotlib.pyplot": pyplot}
