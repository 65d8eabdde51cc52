"""What all tests share."""

from collections.abc import Iterator

import pytest
import structlog

from services.kit import requests


@pytest.fixture(autouse=True)
def no_request() -> Iterator[None]:
    """Each test begins outside any request: ids and bound log values live in context variables."""
    token = requests._current.set("")
    structlog.contextvars.clear_contextvars()
    yield
    requests._current.reset(token)
