"""What all tests share."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import structlog
from xdist.scheduler import LoadFileScheduling

from services.kit import requests
from tests import budget
from tests.budget import pytest_fixture_setup, pytest_runtest_makereport
from tests.integration.stack import FEW_WORKERS, SERVICES, Stack, free_ports, running_stack
from tests.servers.collector import Collector, running_collector
from tests.servers.home import Home, cluster, laptop
from tests.servers.postgres import Postgres, running_postgres, server_program
from tests.servers.s3 import S3, running_s3

__all__ = ["pytest_fixture_setup", "pytest_runtest_makereport"]

# How long an example takes says something about the machine, not about the code.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


# Minutes together. Begun last, one of them would keep a process of its own busy while the others have ended.
_LONGEST = (
    "integration/test_analysis.py",
    "integration/test_two_gateways.py",
    "cluster/test_cluster.py",
    "e2e/test_upload.py",
    "integration/test_interruption.py",
    "integration/hostile/test_inputs.py",
    "integration/test_services_gone.py",
    "e2e/test_analysis.py",
    "integration/hostile/test_mutants.py",
    "e2e/test_dashboard.py",
    "integration/test_durability.py",
    "unit/training/test_train.py",
    "unit/training/networks/test_network.py",
    "unit/training/networks/test_texture.py",
    "unit/training/evaluation/test_out_of_fold.py",
)


@pytest.fixture(autouse=True)
def no_request() -> Iterator[None]:
    """Each test begins outside any request: ids and bound log values live in context variables."""
    token = requests._current.set("")
    structlog.contextvars.clear_contextvars()
    yield
    requests._current.reset(token)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server of our own."""
    if server_program("initdb") is None:
        pytest.skip("PostgreSQL is not installed: deploy/system-packages.sh postgres")
    with running_postgres() as running:
        yield running


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    """An S3 store of our own, which this process and its children find through their environment."""
    with running_s3() as running, running.in_environment():
        yield running


@pytest.fixture(params=["laptop", "cluster"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Home]:
    """A database and a media store: whatever holds for one kind must hold for the other."""
    if request.param == "laptop":
        yield laptop(tmp_path)
    else:
        with cluster(request.getfixturevalue("postgres"), request.getfixturevalue("s3")) as made:
            yield made


@pytest.fixture(scope="session")
def laptop_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One running system as on a laptop, for all tests that need one."""
    with running_stack(tmp_path_factory.mktemp("stack"), (), **FEW_WORKERS) as running:
        yield running


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    """A collector of traces."""
    with running_collector() as running:
        yield running


@pytest.fixture(scope="session")
def cluster_metrics() -> dict[str, str]:
    """Where the processes of `cluster_stack` tell their numbers."""
    return {name: f"127.0.0.1:{port}" for name, port in zip(SERVICES, free_ports(len(SERVICES)), strict=True)}


@pytest.fixture(scope="session")
def cluster_stack(postgres: Postgres, s3: S3, collector: Collector, cluster_metrics: dict[str, str]) -> Iterator[Stack]:
    """One running system that keeps things as in a cluster, and is watched as in one."""
    watched = {f"NOTREALLY_{name.upper()}_METRICS_LISTEN": address for name, address in cluster_metrics.items()}
    watched |= {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "200"}
    with cluster(postgres, s3) as home, running_stack(home, (), **FEW_WORKERS, **watched) as running:
        yield running


@pytest.fixture
def stack(request: pytest.FixtureRequest) -> Stack:
    """A running system: that of a laptop, unless a test asks for both with `tests.servers.home.BOTH`."""
    found: Stack = request.getfixturevalue(getattr(request, "param", "laptop_stack"))
    return found


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--long` runs what takes minutes, too."""
    parser.addoption("--long", action="store_true", help="also what is marked as long: make test-long")
    budget.pytest_addoption(parser)


class _ByFile(LoadFileScheduling):  # type: ignore[misc]
    """File by file, but all that need the servers of a cluster in one process: a second one would start them again."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, name = nodeid.partition("::")
        is_cluster = file.startswith("tests/cluster/") or "cluster" in name.partition("[")[2]
        return "cluster" if is_cluster and not file.startswith("tests/unit/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """How tests are shared out to processes."""
    return _ByFile(config, log)


@pytest.hookimpl(trylast=True)  # after the order was made random
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest files come first. Whatever needs the running system may have to wait for it to start."""
    rank = {Path(__file__).parent / name: number for number, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: rank.get(item.path, len(_LONGEST)))
    for item in items:
        if item.get_closest_marker("long") and not config.getoption("--long"):
            item.add_marker(pytest.mark.skip(reason="make test-long"))
        if "stack" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(240))
