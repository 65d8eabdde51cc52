"""`notreally model` as a program, of a server that may be elsewhere."""

import asyncio
import io
import json
import os
import sys
from collections.abc import AsyncIterator

import pytest
from notreally.v1 import classifier_pb2
from rich.console import Console

from cli.model import print_model
from services.classifier.model import load
from services.classifier.settings import SHIPPED_MODEL
from services.classifier.vector import FEATURE_NAMES
from tests.servers.ports import free_ports
from tests.unit.client.peer import running_peer


@pytest.fixture
async def target() -> AsyncIterator[str]:
    """A server with the model that ships."""
    async with running_peer() as peer:
        peer.model = load(SHIPPED_MODEL).description
        yield peer.address


async def told(target: str, *options: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", "model", *options),
        env={**os.environ, "NOTREALLY_SERVER": target, "COLUMNS": "80"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_a_person_reads_which_model_it_is(target: str) -> None:
    code, out, err = await told(target)
    assert (code, err) == (0, "")
    model = load(SHIPPED_MODEL).description
    assert model.version in out
    assert model.sha256 in "".join(out.split())  # folded, and never cut off
    assert all(name in out for name in FEATURE_NAMES)


async def test_a_program_gets_the_contract(target: str) -> None:
    code, out, _ = await told(target, "--json")
    assert code == 0
    document = json.loads(out)
    assert document["version"] == load(SHIPPED_MODEL).description.version
    assert [feature["feature"] for feature in document["features"]] == list(FEATURE_NAMES)


@pytest.mark.parametrize(("given", "words"), [(None, "notreally serve"), ("nowhere", "host:port")])
async def test_without_a_server_it_says_what_to_do(given: str | None, words: str) -> None:
    code, out, err = await told(given or f"127.0.0.1:{free_ports(1)[0]}")
    assert (code, out) == (2, "")
    assert words in err


@pytest.mark.parametrize(
    ("band", "words"),
    [
        ((0.2, 0.7), "real below 0.20, fake above 0.70, else inconclusive"),
        ((0.0, 0.7), "never real, fake above 0.70, else inconclusive"),
        ((0.2, 1.0), "real below 0.20, never fake, else inconclusive"),
        ((0.0, 1.0), "always inconclusive"),
    ],
)
def test_a_verdict_that_is_never_given_is_said_so(band: tuple[float, float], words: str) -> None:
    console = Console(file=io.StringIO(), width=100)
    print_model(console, classifier_pb2.Model(version="1", real_below=band[0], fake_above=band[1]))
    assert isinstance(console.file, io.StringIO)
    assert words in console.file.getvalue()


def test_the_voice_has_a_band_of_its_own() -> None:
    def printed(model: classifier_pb2.Model) -> str:
        console = Console(file=io.StringIO(), width=100)
        print_model(console, model)
        assert isinstance(console.file, io.StringIO)
        return " ".join(console.file.getvalue().split())

    curve = classifier_pb2.VoiceModel(
        network="a", real_below=0.1, fake_above=0.8, training_clips=321, held_out_auc=0.9876
    )
    text = printed(classifier_pb2.Model(version="1", real_below=0.2, fake_above=0.7, voice=curve))
    assert "face real below 0.20, fake above 0.70, else inconclusive" in text
    assert "voice real below 0.10, fake above 0.80, else inconclusive" in text
    assert "recordings of voices 321 held-out AUC of voices 0.988" in text
    assert "verdict on the voice none assumed" in printed(classifier_pb2.Model(version="1"))
