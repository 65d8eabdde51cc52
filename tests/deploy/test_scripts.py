"""The scripts and the workflow that set a machine up and bring a release out, as far as they go without one."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.deploy.manifests import ROOT

BASH = shutil.which("bash") or "/bin/bash"


def program(folder: Path, name: str, code: int, says: str = "") -> None:
    path = folder / name
    path.write_text(f"#!{BASH}\necho '{says}'\nexit {code}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(("python", "there"), [(0, True), (1, False)])
def test_the_part_of_python_that_makes_environments_is_asked_for(python: int, there: bool, tmp_path: Path) -> None:
    program(tmp_path, "python3", python)
    program(tmp_path, "apt-get", 0)
    program(tmp_path, "id", 0, "1000")
    done = subprocess.run(
        [BASH, str(ROOT / "deploy" / "system-packages.sh"), "python3-venv"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) is there
    assert ("sudo apt-get install python3-venv" in done.stderr) is not there


def test_before_an_environment_is_made_what_makes_it_is_there() -> None:
    rule = (ROOT / "Makefile").read_text().partition("\n.uv/bin/uv:\n")[2].partition("\n\n")[0]
    assert rule.index("deploy/system-packages.sh python3-venv") < rule.index("python3 -m venv")


def test_a_release_refuses_names_that_no_image_has() -> None:
    done = subprocess.run(
        [BASH, str(ROOT / "deploy" / "k8s" / "release.sh"), "ghcr.io/Some/NotReally", "1.2.3"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "write ghcr.io/some/notreally" in done.stderr


def test_the_workflow_writes_the_names_of_images_small(tmp_path: Path) -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())
    steps = [step.get("run", "") for step in workflow["jobs"]["image"]["steps"]]
    (naming,) = (step for step in steps if "IMAGES=" in step)
    said = tmp_path / "environment"
    subprocess.run(
        [BASH, "-euc", naming],
        env={
            "PATH": os.defpath,
            "REGISTRY": workflow["env"]["REGISTRY"],
            "GITHUB_REPOSITORY": "Some/NotReally",
            "GITHUB_ENV": str(said),
        },
        check=True,
    )
    assert said.read_text() == "IMAGES=ghcr.io/some/notreally\n"
    deploying = workflow["jobs"]["deploy"]["steps"][-1]["run"]
    assert 'release.sh "$REGISTRY/${GITHUB_REPOSITORY,,}" ' in deploying


def test_actions_are_named_by_what_is_in_them() -> None:
    # A tag can be moved to other code, the hash of a commit cannot.
    used = [
        line.partition("uses:")[2].strip()
        for path in (ROOT / ".github" / "workflows").glob("*.yml")
        for line in path.read_text().splitlines()
        if "uses:" in line
    ]
    assert used
    assert [one for one in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}  # v?[\d.]+", one)] == []
