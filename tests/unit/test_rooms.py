"""Folders stay small enough to be taken in at a glance; which may import which is for import-linter."""

import subprocess
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST_MODULES = 15


def test_no_folder_holds_more_modules_than_can_be_taken_in_at_a_glance() -> None:
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.py"], cwd=ROOT, capture_output=True)
    modules = [Path(line) for line in listed.stdout.decode().splitlines()]
    held = Counter(path.parent for path in modules if path.name != "__init__.py" and path.parts[0] != "tests")
    assert held, listed.stderr
    assert {str(folder): count for folder, count in held.items() if count > MOST_MODULES} == {}
