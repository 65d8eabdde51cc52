"""The parts of librosa that are used, imported without numba.

librosa hands some of its functions to numba for compilation, and merely importing those compiles them: 25 seconds of
it, or two with a cache, and a hundred megabytes. What is used here calls none of them. So numba is left out, and a
function that would need it says so. Parts of SciPy are left out likewise, half of what importing librosa costs; SciPy
itself imports them when a function turns out to need them.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any

from services.kit.imports import standing_in


class NotCompiledError(Exception):
    """A function of librosa was called that numba would have had to compile."""


def _decorator(*arguments: Any, **options: Any) -> Any:
    """Stands for every decorator of numba: with options, or bare on a function."""
    if len(arguments) == 1 and callable(arguments[0]) and not options:
        return _uncompiled(arguments[0])
    return _uncompiled


def _uncompiled(function: Callable[..., Any]) -> Callable[..., Any]:
    def refuse(*_arguments: Any, **_options: Any) -> Any:
        raise NotCompiledError(f"{function.__module__}.{function.__name__} needs numba")

    return refuse


class _StandIn(ModuleType):
    """What librosa finds for numba: decorators, and types to name in their signatures."""

    jit = vectorize = guvectorize = stencil = staticmethod(_decorator)
    uint32 = None


_SCIPY = ("signal", "ndimage", "interpolate", "stats")

with standing_in({"numba": _StandIn("numba")}), standing_in({f"scipy.{name}": ModuleType(name) for name in _SCIPY}):
    from librosa import mel_frequencies
    from librosa.feature import mfcc
    from librosa.filters import mel as mel_bank

__all__ = ["NotCompiledError", "mel_bank", "mel_frequencies", "mfcc"]
