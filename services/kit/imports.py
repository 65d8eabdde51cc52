"""Importing a library without what it imports and nothing here calls."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def standing_in(stand_ins: Mapping[str, ModuleType | None]) -> Iterator[None]:
    """Have imports inside the block find stand-ins in the place of modules, unless one of these is there already.

    Args:
        stand_ins: by name of the module; None for one that is found not to be installed.
    """
    left_out = {} if stand_ins.keys() & sys.modules.keys() else stand_ins
    # None is what importing finds for a module that is known not to be there.
    sys.modules.update(left_out)  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in left_out:
            del sys.modules[name]
