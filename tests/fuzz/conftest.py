"""A gateway of its own behind an edge of its own, in front of the running services: what is sent here is nobody's."""

import asyncio
import os
from collections.abc import Iterator

import hypothesis
import pytest

from tests.integration.edge import running_edge
from tests.integration.stack import Stack, free_ports, running_process

# The same examples each time, and few of them; `make fuzz` sets how many others there are to be.
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
FUZZ = hypothesis.settings(
    max_examples=EXAMPLES or 60,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)


@pytest.fixture(scope="session")
def edge(laptop_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of the edge."""
    (port,) = free_ports(1)
    folder = tmp_path_factory.mktemp("fuzz")
    # One address may ask as often as it likes here, and rows of others' tests stay as they are.
    settings = laptop_stack.gateway(folder, port, NOTREALLY_CALLER_SHARE="100", NOTREALLY_LIVE_SESSIONS="0")
    loop = asyncio.new_event_loop()
    with running_process("gateway", f"127.0.0.1:{port}", **settings):
        opened = running_edge(f"127.0.0.1:{port}")
        try:
            yield loop.run_until_complete(opened.__aenter__())
        finally:
            loop.run_until_complete(opened.__aexit__(None, None, None))
            loop.close()
