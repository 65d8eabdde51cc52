"""What a web page does, with the library that it uses: grpc-web from Node through Envoy to the real services."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from tests.integration.stack import Stack

FRONTEND = Path(__file__).parents[2] / "frontend"


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
@pytest.mark.skipif(not (FRONTEND / "node_modules").is_dir(), reason="`npm ci` has not been run in frontend/")
@pytest.mark.skipif(not (FRONTEND / "gen").is_dir(), reason="`npm run proto` has not been run in frontend/")
async def test_a_page_sees_an_analysis_happen(stack: Stack, silent: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *("node", "checks/grpc-web.mjs", stack.url, str(silent)), cwd=FRONTEND, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(process.communicate(), 100)
    lines = [json.loads(line) for line in out.splitlines()]
    assert process.returncode == 0, lines
    recorded = [line for line in lines if line["kind"] == "event" and line["sequence"] > 0]
    assert [line["sequence"] for line in recorded] == list(range(1, len(recorded) + 1))
    percents = [line["percent"] for line in recorded]
    assert percents == sorted(percents)
    assert recorded[-1]["state"] == "SUCCEEDED"
    # They came while the work ran, not all at its end.
    assert len({line["at_ms"] // 100 for line in recorded}) >= 3
    assert {modality["modality"] for line in recorded for modality in line["modalities"]} >= {"FACE", "METADATA"}
    (result,) = [line for line in lines if line["kind"] == "result"]
    assert result["features"] == 10
