"""Silence while the models load."""

import os
import warnings

import pytest

from services.face.mesh.quiet import quiet_import


def test_standard_error_is_silent_inside_and_back_afterwards(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet_import():
        os.write(2, b"noise")
        warnings.warn("noise", stacklevel=1)
    os.write(2, b"signal")
    assert capfd.readouterr().err == "signal"


def test_errors_come_through() -> None:
    with pytest.raises(ImportError), quiet_import():
        raise ImportError("missing")
