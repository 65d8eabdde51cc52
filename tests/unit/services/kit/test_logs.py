"""Logs never get in the way of the work."""

import subprocess
import sys

WORK = """
import os, sys
import structlog
from services.kit import logs
logs.configure("face", "INFO")
sys.stdin.readline()
for _ in range(3):
    structlog.get_logger().info("step")
sys.stderr.write("went on")
sys.stderr.flush()
os._exit(0)
"""


def test_work_goes_on_when_nobody_reads_the_log_any_more() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WORK],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stderr.read() == "went on"
    assert process.returncode == 0
