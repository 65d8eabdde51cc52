"""Starts images as a cluster would, without a container engine: buildah has their files, runc or crun runs them.

    python3 deploy/images/started.py [--tag TAG] SERVICE…         each by itself, until it is healthy
    python3 deploy/images/started.py [--tag TAG] --analyse VIDEO  all six on one loopback, and a video through the edge

Each has the image's own user, a read-only root, no rights, and no network but its loopback; it can write to /tmp alone,
and /media where a video goes through. Needs root.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

PORTS = {"gateway": 50051, "face": 50052, "audio": 50053, "metadata": 50054, "classifier": 50055, "edge": 52513}
PATIENCE_S = 120.0
RUNTIME = "runc" if shutil.which("runc") else "crun"
_PAGE = (
    "exec 3<>/dev/tcp/127.0.0.1/{port}; "
    r"printf 'GET / HTTP/1.1\r\nHost: edge\r\nAccept: text/html\r\nConnection: close\r\n\r\n' >&3; grep -q '200 OK' <&3"
)


def output(*command: str) -> str:
    """What a command prints."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def specification(
    image: dict[str, Any], root: str, variables: dict[str, str], media: Path | None, network: str
) -> dict[str, Any]:
    """How to run an image with this OCI configuration, unpacked at `root`.

    Args:
        image: The `config` of the image.
        root: Where its files are.
        variables: What its environment gets besides its own.
        media: The folder to mount at /media.
        network: The network namespace to join; a new one if empty.

    Raises:
        ValueError: A cluster would not run the image: it names no user, or root, or one by name.
    """
    user, _, group = image.get("User", "").partition(":")
    if not (user.isdecimal() and group.isdecimal() and int(user) > 0):
        raise ValueError(f"The image's user is {image.get('User')!r}, not two numbers above 0.")
    environment = dict(variable.split("=", 1) for variable in image.get("Env", []))
    safe = ["nosuid", "nodev"]
    mounts = [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755", "size=64k"]},
        {"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": [*safe, "mode=1777", "size=64m"]},  # noqa: S108
        {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": [*safe, "mode=1777", "size=2g"]},  # noqa: S108
    ]
    if media is not None:
        mounts.append({"destination": "/media", "type": "bind", "source": str(media), "options": [*safe, "rbind"]})
    namespaces: list[dict[str, str]] = [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")]
    namespaces.append({"type": "network", **({"path": network} if network else {})})
    return {
        "ociVersion": "1.0.0",
        "process": {
            "user": {"uid": int(user), "gid": int(group)},
            "args": [*image.get("Entrypoint", []), *image.get("Cmd", [])],
            "env": [f"{name}={value}" for name, value in (environment | variables).items()],
            "cwd": image.get("WorkingDir") or "/",
            "capabilities": {},
            "noNewPrivileges": True,
        },
        "root": {"path": root, "readonly": True},
        "hostname": "image",
        "mounts": mounts,
        "linux": {
            "namespaces": namespaces,
            "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list"],
            "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
        },
    }


class Started:
    """A service running from its image; what it says is in `log`."""

    def __init__(self, service: str, tag: str, media: Path | None = None, network: str = "", **variables: str) -> None:
        self._port = PORTS[service]
        self.service = service
        self._image = f"notreally/{service}:{tag}"
        self._arguments = (variables, media, network)
        self._name = f"notreally-{service}-{os.getpid()}"
        self._stack = ExitStack()

    def __enter__(self) -> "Started":
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            container = output("buildah", "from", "--pull-never", self._image)
            stack.callback(output, "buildah", "rm", container)
            image = json.loads(output("buildah", "inspect", container))["OCIv1"]["config"]
            written = specification(image, output("buildah", "mount", container), *self._arguments)
            (folder / "config.json").write_text(json.dumps(written))
            self.log = stack.enter_context((folder / "log").open("w+"))
            self._process = subprocess.Popen(
                [RUNTIME, "run", "--bundle", str(folder), self._name],
                stdin=subprocess.DEVNULL,
                stdout=self.log,
                stderr=self.log,
            )
            stack.callback(self._process.wait)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            subprocess.run([RUNTIME, "kill", self._name, "TERM"], check=False)
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:
                subprocess.run([RUNTIME, "kill", self._name, "KILL"], check=False)
        if kind is not None:
            self.log.seek(0)
            sys.stderr.write(f"--- {self.service} said:\n{self.log.read()}")
        self._stack.close()

    @property
    def network(self) -> str:
        """Its network namespace, for others to join."""
        return f"/proc/{json.loads(output(RUNTIME, 'state', self._name))['pid']}/ns/net"

    def wait(self) -> float:
        """Wait until it is healthy; gives how long that took.

        Raises:
            RuntimeError: It ended, or did not become healthy in time.
        """
        if self.service == "edge":
            probe = ["bash", "-c", _PAGE.format(port=self._port)]
        else:
            probe = ["python", "-P", "-m", "services.kit.probe", f"127.0.0.1:{self._port}"]
        begun = time.monotonic()
        while subprocess.run([RUNTIME, "exec", self._name, *probe], check=False, capture_output=True).returncode:
            if self._process.poll() is not None:
                raise RuntimeError(f"{self.service} ended.")
            if time.monotonic() - begun > PATIENCE_S:
                raise RuntimeError(f"{self.service} did not become healthy.")
            time.sleep(0.5)
        return time.monotonic() - begun


def alone(service: str, tag: str) -> None:
    """Start one service and wait until it is healthy."""
    with Started(
        service,
        tag,
        NOTREALLY_MEDIA_URL="file:///tmp/media",
        NOTREALLY_DB_PATH="/tmp/notreally.db",  # noqa: S108
    ) as started:
        print(f"{service} is healthy after {started.wait():.0f} s.")


def analyse(video: Path, tag: str) -> None:
    """Start all six as one machine's and analyse a video through the edge; prints the report."""
    variables = {"NOTREALLY_MEDIA_URL": "file:///media", "NOTREALLY_DB_PATH": "/tmp/notreally.db"}  # noqa: S108
    variables |= {f"NOTREALLY_{name.upper()}_TARGET": f"127.0.0.1:{port}" for name, port in PORTS.items()}
    variables |= {f"NOTREALLY_{name.upper()}_LISTEN": f"127.0.0.1:{port}" for name, port in PORTS.items()}
    with ExitStack() as stack:
        media = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        media.chmod(0o777)
        network = ""
        running = []
        for service in PORTS:
            running.append(stack.enter_context(Started(service, tag, media, network, **variables)))
            if not network:
                running[0].wait()
                network = running[0].network
        for started in running:
            started.wait()
        print("All six are healthy.", flush=True)
        command = ["nsenter", f"--net={network}", sys.executable, "-m", "cli.main", "analyze", "--server"]
        done = subprocess.run([*command, f"127.0.0.1:{PORTS['edge']}", str(video)], check=False)
        # Any verdict will do; 2 is an error, and what else there is means that the client ended otherwise.
        if done.returncode not in (0, 1, 3):
            raise RuntimeError(f"No verdict: the client ended with {done.returncode}.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("services", metavar="SERVICE", nargs="*")
    parser.add_argument("--tag", default="dev")
    parser.add_argument("--analyse", metavar="VIDEO", type=Path)
    options = parser.parse_args()
    if unknown := set(options.services) - PORTS.keys():
        parser.error(f"There is no service {unknown.pop()!r}.")
    for each in options.services:
        alone(each, options.tag)
    if options.analyse:
        analyse(options.analyse.absolute(), options.tag)
