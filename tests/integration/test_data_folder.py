"""What is kept is for the user alone that runs the system."""

import os
from pathlib import Path

from client import NotReally
from tests.integration.stack import Stack


async def test_no_other_user_can_read_what_is_kept(client: NotReally, stack: Stack, silent: Path) -> None:
    assert os.umask(0o022) == 0o022  # which tests and shells have: the product closes its files itself
    await client.analyze(silent)
    folder = stack.home.folder.parent
    kept = [path for path in folder.rglob("*") if not path.is_symlink()]
    assert {"notreally.db", "media", "result"} <= {path.name for path in kept}
    assert [str(path) for path in kept if path.stat().st_mode & 0o077] == []
