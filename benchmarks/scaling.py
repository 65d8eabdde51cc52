"""One face replica and two: how much more gets done, and what a video costs.

`python -m benchmarks.scaling [videos]`: runs the cluster of the tests (PostgreSQL, S3, Envoy) with one single-threaded
face replica and with two, each held to a core of its own.

First the face service alone: runs of windows are asked of it as a gateway asks, which keeps all replicas busy; how many
videos a minute? The others are idle meanwhile: on two cores there is no third for them. Then whole analyses: processor
seconds by service, memory, bytes and requests to and from the bucket, transactions, for a video each.

Ends with 1 when two face replicas do less than 1.6 times the work of one, or a video costs more than 1.15 times as much
processor time.
"""

import asyncio
import dataclasses
import hashlib
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import psutil
import sqlalchemy as sa
from notreally.v1 import face_pb2, face_pb2_grpc, media_pb2

from benchmarks.processes import Usage, usage
from benchmarks.workloads import all_workloads
from client import NotReally, Patience
from services.kit.serving.channels import open_channel
from tests.cluster.fleet import COUNTS, Fleet, running_fleet
from tests.servers.home import cluster, connected
from tests.servers.postgres import Postgres, running_postgres
from tests.servers.s3 import S3, running_s3

LEAST_GAIN, MOST_COST = 1.6, 1.15
_WARM_UP = 2
_WINDOWS = ((0.0, 3.34), (3.34, 6.67), (6.67, 10.0))


@dataclasses.dataclass(frozen=True)
class Measured:
    """Of one run, for a video each where nothing else is said."""

    faces_a_minute: float
    """Videos a minute that the face service alone goes through."""
    videos_a_minute: float
    """Whole analyses, all sent at once."""
    cpu_s: Mapping[str, float]
    """Processor seconds by service."""
    memory_mib: Mapping[str, float]
    """Of a replica of each service, after the run."""
    moved: Mapping[str, float]
    """From and to the bucket, in megabytes and in requests; and transactions of the database, polling included."""

    @property
    def total_cpu_s(self) -> float:
        """Of our own processes; the database is somebody else's machine."""
        return sum(seconds for name, seconds in self.cpu_s.items() if name != "postgres")


def measure(postgres: Postgres, s3: S3, video: Path, videos: int, faces: int) -> Measured:
    """Run a fleet with so many face replicas."""

    def on_its_core(replica: str) -> tuple[str, ...]:
        service, _, number = replica.partition("-")
        return ("taskset", "--cpu-list", str(int(number) - 1)) if service == "face" else ()

    counts = {**dict.fromkeys(COUNTS, 1), "face": faces}
    told = {"NOTREALLY_CONCURRENCY": "4", "NOTREALLY_PARALLEL_RUNS": "2"}
    with cluster(postgres, s3) as home, running_fleet(home, counts, on_its_core, **told) as fleet:
        asyncio.run(_analyze(fleet, video, _WARM_UP))
        before, moved_before = _usage(fleet, postgres), _moved(s3, home.database_url)
        began = time.perf_counter()
        asyncio.run(_analyze(fleet, video, videos))
        wall_s = time.perf_counter() - began
        after, moved_after = _usage(fleet, postgres), _moved(s3, home.database_url)
        faces_s = asyncio.run(_faces_alone(fleet, hashlib.sha256(video.read_bytes()).hexdigest(), videos))
    return Measured(
        60 * videos / faces_s,
        60 * videos / wall_s,
        {name: (after[name].cpu_s - before[name].cpu_s) / videos for name in after},
        {name: used.memory_bytes / 2**20 / counts.get(name, 1) for name, used in after.items()},
        {name: (moved_after[name] - moved_before[name]) / videos for name in moved_after},
    )


async def _analyze(fleet: Fleet, video: Path, count: int) -> None:
    async with NotReally(fleet.target, Patience(attempts=100)) as client:
        names = [(await client.create_analysis((await client.upload(video)).name)).name for _ in range(count)]
        async for _ in client.watch(names):
            pass
        for name in names:
            assert (await client.result(name)).result.summary


async def _faces_alone(fleet: Fleet, sha256: str, count: int) -> float:
    """Seconds in which the face service goes through a video so many times, four at once."""
    request = face_pb2.FaceServiceExtractWindowsRequest(
        media=media_pb2.MediaRef(sha256=sha256),
        windows=[media_pb2.TimeWindow(index=i, start_s=s, end_s=e) for i, (s, e) in enumerate(_WINDOWS)],
    )
    turn = asyncio.Semaphore(4)
    async with open_channel(fleet.services["gateway"][0].environment["NOTREALLY_FACE_TARGET"]) as channel:
        stub = face_pb2_grpc.FaceServiceStub(channel)

        async def one() -> None:
            async with turn:
                answers = [answer async for answer in stub.ExtractWindows(request)]
            assert answers[-1].progress.fraction == 1.0

        channel.get_state(try_to_connect=True)
        await one()  # all connections are there
        began = time.perf_counter()
        await asyncio.gather(*(one() for _ in range(count)))
        return time.perf_counter() - began


def _usage(fleet: Fleet, postgres: Postgres) -> dict[str, Usage]:
    groups = {**fleet.services, "edge": [fleet.edge]}
    found = {name: _sum([replica.pid for replica in replicas]) for name, replicas in groups.items()}
    return {**found, "postgres": _sum([postgres.pid])}


def _sum(pids: list[int]) -> Usage:
    each = [usage(psutil.Process(pid)) for pid in pids]
    return Usage(sum(one.cpu_s for one in each), sum(one.memory_bytes for one in each))


def _moved(s3: S3, database: str) -> dict[str, float]:
    gets, puts = s3.answers_to(".", "GET"), s3.answers_to(".", "PUT")
    others = sum(len(s3.answers_to(".", method)) for method in ("HEAD", "DELETE", "POST"))
    with connected(database) as connection:
        commits = connection.execute(
            sa.text("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")
        ).scalar_one()
    return {
        "MB fetched": sum(answer["sent"] for answer in gets) / 1e6,
        "MB stored": sum(answer["received"] for answer in puts) / 1e6,
        "GET requests": len(gets),
        "PUT requests": len(puts),
        "other requests": others,
        "transactions": commits,
    }


def main() -> int:
    """Measure both, print, and say whether it is as it should be."""
    videos = int(sys.argv[1]) if len(sys.argv) > 1 else 12
    video = next(w.videos[0] for w in all_workloads() if re.fullmatch(r"10s-1080p", w.name))
    with running_postgres() as postgres, running_s3() as s3, s3.in_environment():
        one, two = (measure(postgres, s3, video, videos, faces) for faces in (1, 2))
    print(f"{videos} videos of {video.stat().st_size / 1e6:.1f} MB, all at once")
    print(f"{'':<28}{'one face replica':>20}{'two':>12}")
    for title, value in _rows(one).items():
        print(f"{title:<28}{value:>20.2f}{_rows(two)[title]:>12.2f}")
    gain, cost = two.faces_a_minute / one.faces_a_minute, two.total_cpu_s / one.total_cpu_s
    print(f"throughput of two face replicas: {gain:.2f} times that of one (at least {LEAST_GAIN})")
    print(f"processor time of a video: {cost:.2f} times (at most {MOST_COST})")
    return 0 if gain >= LEAST_GAIN and cost <= MOST_COST else 1


def _rows(measured: Measured) -> dict[str, float]:
    return {
        "videos a minute, face alone": measured.faces_a_minute,
        "videos a minute, in all": measured.videos_a_minute,
        **{f"cpu s, {name}": seconds for name, seconds in measured.cpu_s.items()},
        "cpu s, all of ours": measured.total_cpu_s,
        **{f"MiB, one {name}": size for name, size in measured.memory_mib.items()},
        **measured.moved,
    }


if __name__ == "__main__":
    sys.exit(main())
