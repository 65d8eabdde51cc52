"""The description of REST: valid, true of real answers, and enough to generate a client from."""

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from notreally.v1 import rest_batch_pb2, rest_pb2
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from tests.integration.stack import Stack
from tests.integration.test_rest import ask, finished

ROOT = Path(__file__).parents[2]
GENERATOR = ROOT / ".venv" / "generator" / "bin"
NOBODY = "00000000-0000-4000-8000-000000000000"


class Described:
    """REST as it describes itself; remembers what was tried."""

    def __init__(self, stack: Stack, document: dict[str, Any]) -> None:
        self.stack = stack
        self.document = document
        self.tried: set[str] = set()

    async def call(self, method: str, path: str, *arguments: str, query: str = "", **ids: str) -> dict[str, Any]:
        """The answer of a call, which is as the description says."""
        operation = self.document["paths"][path][method.lower()]
        url = self.stack.url + path.format(**ids) + query
        status, answer = await ask("-X", method, *arguments, url)
        schema = operation["responses"]["200" if status == 200 else "default"]["content"]["application/json"]["schema"]
        whole = {**schema, "components": self.document["components"]}
        jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker()).validate(answer)
        if status == 200:
            self.tried.add(operation["operationId"])
        assert isinstance(answer, dict)
        return answer


@pytest.fixture
async def described(stack: Stack) -> Described:
    _, document = await ask(f"{stack.url}/api/openapi.json")
    return Described(stack, document)


def test_it_is_valid(described: Described) -> None:
    validate(described.document, cls=OpenAPIV31SpecValidator)
    methods = [
        *rest_pb2.DESCRIPTOR.services_by_name["RestService"].methods_by_name,
        *rest_batch_pb2.DESCRIPTOR.services_by_name["RestBatchService"].methods_by_name,
    ]
    named = [one["operationId"] for path in described.document["paths"].values() for one in path.values()]
    assert sorted(named) == sorted(name[0].lower() + name[1:] for name in methods)


async def test_every_answer_is_as_described(described: Described, stack: Stack, silent: Path, tmp_path: Path) -> None:
    call = described.call
    batch = await call("POST", "/api/batches", query="?name=described&expected=2")
    batch_id = batch["batch_id"]
    sent = [
        await call("POST", "/api/analyze", "-F", f"file=@{path}", query=f"?batch_id={batch_id}")
        for path in (silent, Path(__file__))
    ]
    good, bad = (one["job_id"] for one in sent)
    await call("GET", "/api/results/{job_id}", job_id=good)
    for job_id in (good, bad):
        await finished(stack, job_id)
        await call("GET", "/api/results/{job_id}", job_id=job_id)

    listed = await call("GET", "/api/results", query=f"?batch_id={batch_id}&status=completed&page_size=1")
    assert [(one["job_id"], one["filename"]) for one in listed["results"]] == [(good, silent.name)]
    assert listed["results"][0]["prob_fake"] is not None
    failed = await call("GET", "/api/results", query=f"?batch_id={batch_id}&status=failed")
    assert [one["error"]["reason"] for one in failed["results"]] == ["NOT_A_VIDEO"]
    verdict = listed["results"][0]["verdict"]
    page = await call("GET", "/api/results", query=f"?verdict={verdict}&query={silent.name}&page_size=1")
    assert page["results"][0]["verdict"] == verdict
    for wrong in ("status=done", "verdict=perhaps", "sha256=1"):
        refused = await call("GET", "/api/results", query=f"?{wrong}")
        assert refused["details"][0]["reason"] == "BAD_FILTER"

    media = tmp_path / "media"
    address = f"{stack.url}/api/results/{good}/media"
    fetched = ("curl", "-sf", "-o", str(media), f"{address}?offset=100")
    await asyncio.to_thread(subprocess.run, fetched, check=True)
    assert await asyncio.to_thread(media.read_bytes) == (await asyncio.to_thread(silent.read_bytes))[100:]
    described.tried.add("getMedia")

    assert (await call("POST", "/api/results/{job_id}/cancel", job_id=good))["status"] == "completed"
    await call("GET", "/api/batches", query="?page_size=1")
    await call("GET", "/api/batches/{batch_id}", batch_id=batch_id)
    await call("POST", "/api/batches/{batch_id}/renew", batch_id=batch_id)
    await call("POST", "/api/batches/{batch_id}/cancel", batch_id=batch_id)
    await call("DELETE", "/api/results/{job_id}", job_id=bad)
    for method, rest in (("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/media")):
        for job_id in (bad, NOBODY):
            status, gone = await ask("-X", method, f"{stack.url}/api/results/{job_id}{rest}")
            assert (status, gone["details"][0]["reason"]) == (404, "ANALYSIS_NOT_FOUND")
    await call("DELETE", "/api/batches/{batch_id}", batch_id=batch_id)
    assert (await call("GET", "/api/results/{job_id}", job_id=good))["code"] == 5
    await call("GET", "/api/health")
    await call("GET", "/")
    every = {one["operationId"] for path in described.document["paths"].values() for one in path.values()}
    assert every - described.tried == {"getOpenApi", "exportRestBatch"}  # the one that is read here; lines, not JSON


PROGRAM = """
import sys
from pathlib import Path
from rest import Client
from rest.api.default import analyze, get_results, list_results
from rest.models import AnalyzeFilesBody, Results, ResultsPage
from rest.types import File

client = Client(sys.argv[1])
with Path(sys.argv[2]).open("rb") as video:
    accepted = analyze.sync(client=client, body=AnalyzeFilesBody(file=File(video, "clip.mp4", "video/mp4")))
results = get_results.sync(accepted.job_id, client=client)
assert isinstance(results, Results), results
assert isinstance(list_results.sync(client=client, page_size=1), ResultsPage)
print(results.job_id, results.filename, results.status.value)
"""


@pytest.mark.skipif(not GENERATOR.exists(), reason="the generator is not installed: make .venv/.generator")
async def test_a_generated_client_makes_calls(described: Described, stack: Stack, silent: Path, tmp_path: Path) -> None:
    command = (GENERATOR / "openapi-python-client", "generate", "--url", f"{stack.url}/api/openapi.json")

    async def done(*parts: str | Path) -> str:
        ended = await asyncio.to_thread(
            subprocess.run, parts, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    said = await done(*command, "--meta", "none", "--output-path", tmp_path / "rest")
    assert "Unable to" not in said
    said = await done(GENERATOR / "python", "-c", PROGRAM, stack.url, silent)
    job_id, filename, status = said.split()
    assert filename == "clip.mp4"
    assert status in ("processing", "completed")
    assert (await finished(stack, job_id))["status"] == "completed"
