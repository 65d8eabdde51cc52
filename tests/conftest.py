"""What all tests share."""

from collections.abc import Iterator

import hypothesis
import pytest
import structlog

from services.kit import requests
from tests.integration.stack import Stack, running_stack

# How long an example takes says something about the machine, not about the code.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def no_request() -> Iterator[None]:
    """Each test begins outside any request: ids and bound log values live in context variables."""
    token = requests._current.set("")
    structlog.contextvars.clear_contextvars()
    yield
    requests._current.reset(token)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One running system for all tests that need one."""
    with running_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever needs the running system may have to wait for it to start."""
    for item in items:
        if "stack" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(240))
