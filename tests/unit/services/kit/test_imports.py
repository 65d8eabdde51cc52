"""Stand-ins for what a library imports and nobody calls."""

import sys
from types import ModuleType

import pytest

from services.kit.imports import standing_in

ABSENT = "notreally_absent"


def test_imports_find_the_stand_in_inside_the_block_alone() -> None:
    stand_in = ModuleType(ABSENT)
    with standing_in({ABSENT: stand_in}):
        assert __import__(ABSENT) is stand_in
    with standing_in({ABSENT: None}), pytest.raises(ImportError, match=ABSENT):
        __import__(ABSENT)
    assert ABSENT not in sys.modules


def test_what_is_there_already_stays() -> None:
    with standing_in({"sys": None, ABSENT: ModuleType(ABSENT)}):
        assert sys.modules["sys"] is sys
        assert ABSENT not in sys.modules
    assert sys.modules["sys"] is sys
