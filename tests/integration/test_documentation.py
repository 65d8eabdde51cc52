"""The program in docs/grpc.md, as somebody would copy it."""

import asyncio
import re
import shutil
import sys
from pathlib import Path

from tests.integration.stack import Stack

_PAGE = Path(__file__).parents[2] / "docs" / "grpc.md"


async def test_the_program_analyses_a_video_and_tells_of_a_refusal(stack: Stack, silent: Path, tmp_path: Path) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", _PAGE.read_text(), re.DOTALL)
    assert '"localhost:52513"' in program

    async def said_of(video: Path) -> list[str]:
        shutil.copy(video, tmp_path / "video.mp4")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", program.replace("localhost:52513", stack.target)),
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await process.communicate()
        assert process.returncode == 0
        return output.decode().splitlines()

    *progress, summary = await said_of(silent)
    assert progress[-1] == "100 %"
    assert len(set(progress)) > 2
    assert summary.endswith(".")

    (refusal,) = [line for line in await said_of(Path(__file__)) if not line.endswith(" %")]
    assert refusal.endswith("(NOT_A_VIDEO)")
