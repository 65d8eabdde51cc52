"""Nothing is sent anywhere, and nothing is kept outside the data folder: every process is traced over an analysis."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from client import NotReally
from tests.integration.stack import FEW_WORKERS, running_stack

pytestmark = pytest.mark.skipif(
    shutil.which("strace") is None, reason="strace is not installed: deploy/system-packages.sh strace"
)

# Where one of these is set, libraries take the machine for one that builds software, and keep still by themselves.
BUILD_MACHINES = (
    *("APPVEYOR", "BUILDKITE", "CI", "CIRCLECI", "CODEBUILD_BUILD_ID", "GITHUB_ACTIONS", "GITLAB_CI", "JENKINS_URL"),
    *("TEAMCITY_VERSION", "TF_BUILD", "TRAVIS"),
)
# What says "send nothing" must be set by the product, not by who runs it.
CHOICES = ("DO_NOT_TRACK", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME", "MPLCONFIGDIR", "NUMBA_CACHE_DIR")

_SENDING = "connect,sendto,sendmsg,sendmmsg"
_WRITING = (
    "creat,link,linkat,mkdir,mkdirat,mknod,mknodat,open,openat,openat2,rename,renameat,renameat2,symlink,symlinkat"
)

_CALL = re.compile(r"^\d+ +(?:<\.\.\. )?(\w+)[ (](.*)$")
_PATH = re.compile(r'(?:AT_FDCWD|\d+)(?:<([^>]*)>)?, "((?:[^"\\]|\\.)*)"|"((?:[^"\\]|\\.)*)"')
_LOOPBACK = re.compile(r'inet_addr\("127\.|"::1"|"::ffff:127\.')


def addresses(trace: str) -> Iterator[str]:
    """Calls that name an address which is not of this machine alone, in a trace by strace."""
    for name, arguments in _calls(trace):
        if name in _SENDING.split(",") and (family := re.search(r"sa_family=(AF_\w+)", arguments)):
            # Netlink is the kernel, of which Envoy asks what interfaces there are.
            if family[1] in ("AF_UNSPEC", "AF_NETLINK"):
                continue
            # A socket in the file system is this machine's own; but the name service looks up hosts for others.
            if family[1] == "AF_UNIX" and "nscd" not in arguments:
                continue
            if not _LOOPBACK.search(arguments):
                yield f"{name}({arguments}"


def files(trace: str) -> Iterator[Path]:
    """Files and folders that were to be made or written, whether or not that was refused, in a trace by strace."""
    for name, arguments in _calls(trace):
        if name not in _WRITING.split(","):
            continue
        if name.startswith("open") and not re.search("O_WRONLY|O_RDWR|O_CREAT", arguments):
            continue
        for folder, relative, absolute in _PATH.findall(arguments):
            yield Path(folder, relative or absolute)


def _calls(trace: str) -> Iterator[tuple[str, str]]:
    for line in trace.splitlines():
        if found := _CALL.match(line):
            yield found[1], found[2]


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder with a short name: Envoy's socket lies in it, and Linux takes 107 characters for one."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


async def test_nothing_is_sent_and_nothing_is_kept_outside_the_data_folder(talking: Path, place: Path) -> None:
    data, home, temporary, log = (place / name for name in ("data", "home", "temporary", "trace"))
    for folder in (data, home, temporary):
        folder.mkdir()
    settings = {
        **dict.fromkeys((*BUILD_MACHINES, *CHOICES), ""),
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "NOTREALLY_DATA_DIR": str(data),
        # Beside the code, and of the code: it says nothing about any video.
        "PYTHONDONTWRITEBYTECODE": "1",
        "NOTREALLY_FACE_WORKERS": "1",
    }
    # As a grandchild (-D): what is started here is then the product itself, and hears the signal that stops it.
    tracer = ("strace", "-D", "-f", "--seccomp-bpf", "-qq", "-y", "-o", str(log), "-e", f"trace={_SENDING},{_WRITING}")
    with running_stack(data, (), tracer, **FEW_WORKERS, **settings) as stack:
        async with NotReally(stack.target) as client:
            result = (await client.analyze(talking)).result
    assert result.features.face_networks  # the networks ran
    trace = log.read_text(errors="replace")
    assert list(addresses(trace)) == []
    written = set(files(trace))
    assert any(path.is_relative_to(data / "media") for path in written), "the trace shows no file at all"
    assert sorted(path for path in written if not _may_be_written(path, data, temporary)) == []
    assert list(home.iterdir()) == []
    assert list(temporary.iterdir()) == []


def _may_be_written(path: Path, data: Path, temporary: Path) -> bool:
    if path.is_relative_to(data) or path == Path("/dev/null"):
        return True
    # Python tries out the folder for temporary files; the supervisor keeps Envoy's configuration there while it runs.
    if path.parent == temporary and re.fullmatch(r"notreally-\w+|\w{8}", path.name):
        return True
    if path.is_relative_to(temporary):
        return path.parent.name.startswith("notreally-")
    # The process's own priority when memory is short, and the names of its threads.
    return re.fullmatch(r"/proc/self/(oom_score_adj|task/\d+/comm)", str(path)) is not None
