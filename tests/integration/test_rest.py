"""Plain HTTP, as `curl` would speak it, through the real edge."""

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

from tests.integration.stack import Stack, wait_for


def curl(*arguments: str) -> tuple[int, Any]:
    """HTTP status and JSON body of what curl gets."""
    command = ["curl", "--silent", "--show-error", "--write-out", "\n%{http_code}", *arguments]
    output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    body, _, status = output.rpartition("\n")
    return int(status), json.loads(body)


async def ask(*arguments: str) -> tuple[int, Any]:
    return await asyncio.to_thread(curl, *arguments)


async def finished(stack: Stack, job_id: str) -> dict[str, Any]:
    latest: dict[str, Any] = {}

    def done() -> bool:
        status, document = curl(f"{stack.url}/api/results/{job_id}")
        assert status == 200
        assert document["progress"] >= latest.get("progress", 0)
        latest.update(document)
        return bool(document["status"] != "processing")

    await asyncio.to_thread(wait_for, done, 60.0)
    return latest


async def test_a_form_is_accepted_and_its_result_polled(stack: Stack, lively: Path) -> None:
    status, accepted = await ask("-F", f"file=@{lively};filename=me at home.mp4", f"{stack.url}/api/analyze")
    assert (status, accepted["status"]) == (200, "processing")
    document = await finished(stack, accepted["job_id"])
    assert (document["status"], document["stage"], document["progress"]) == ("completed", "completed", 100)
    assert document["filename"] == "me at home.mp4"
    assert document["error"] is None
    results = document["results"]
    assert results["verdict"] in ("likely_real", "likely_fake", "inconclusive", "insufficient")
    assert len(results["features"]) == 10
    assert all(value is not None for value in results["features"].values())
    assert results["metadata"]["audio"]["codec"] == "aac"
    assert set(results["timings"]) == {"reading_metadata", "analyzing_video", "analyzing_audio", "finalizing"}


async def test_a_raw_body_is_accepted_with_its_name(stack: Stack, silent: Path) -> None:
    status, accepted = await ask("--data-binary", f"@{silent}", f"{stack.url}/api/analyze?filename=raw.mp4")
    assert status == 200
    document = await finished(stack, accepted["job_id"])
    assert (document["status"], document["filename"]) == ("completed", "raw.mp4")
    assert document["results"]["features"]["mfcc_mean"] is None


async def test_what_is_no_video_fails_with_a_reason(stack: Stack) -> None:
    _, accepted = await ask("--data-binary", "this is no video", f"{stack.url}/api/analyze?filename=x.mp4")
    document = await finished(stack, accepted["job_id"])
    assert document["status"] == "failed"
    assert document["error"]["reason"] == "NOT_A_VIDEO"
    assert document["results"] is None


async def test_refusals_are_json_with_a_reason(stack: Stack) -> None:
    for arguments, expected, reason in (
        ([f"{stack.url}/api/results/nobody-knows-this"], 404, "ANALYSIS_NOT_FOUND"),
        (["-X", "POST", f"{stack.url}/api/analyze"], 400, "EMPTY_FILE"),
        (["-F", "video=text", f"{stack.url}/api/analyze"], 400, "NO_FILE"),
    ):
        status, document = await ask(*arguments)
        assert status == expected
        assert document["details"][0]["reason"] == reason
        assert document["message"]


async def test_health_and_the_list_of_endpoints(stack: Stack) -> None:
    status, health = await ask(f"{stack.url}/api/health")
    assert (status, health["status"]) == (200, "healthy")
    status, listing = await ask(f"{stack.url}/")
    assert status == 200
    assert "POST /api/analyze" in listing["endpoints"]
