"""With the login on, what belongs to an owner is for nobody else: over gRPC, grpc-web and REST alike."""

import asyncio
import json
import os
import struct
import sys
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message
from notreally.v1 import (
    access_pb2,
    access_pb2_grpc,
    analysis_pb2,
    analysis_pb2_grpc,
    batch_pb2,
    batch_pb2_grpc,
    live_pb2,
    live_pb2_grpc,
    rest_batch_pb2,
    rest_pb2,
)

from client import NotReally, ServiceError
from client.channel import open_channel
from client.errors import translated
from gateway.identity.subject import NEEDED, Scope
from tests.integration.edge import fetch
from tests.integration.login import Login, running_login
from tests.integration.stack import Stack

FILE = b"neither a video nor sound"


@pytest.fixture(scope="module")
async def login(laptop_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Login]:
    limits = {"NOTREALLY_QUOTA_VIDEOS_A_DAY": "5", "NOTREALLY_QUOTA_KEPT_MB": "1"}
    async with running_login(laptop_stack, tmp_path_factory.mktemp("login"), **limits) as running:
        yield running


@pytest.fixture(scope="module")
async def keys(login: Login) -> dict[str, str]:
    alice, bob = await asyncio.gather(login.key("alice"), login.key("bob"))
    return {"alice": alice, "bob": bob, "admin": await login.key("carol", "admin")}


@dataclass
class Things:
    """What alice has: an upload, an analysis that has ended, a batch, a live session."""

    upload: str
    analysis: str
    batch: str
    live: str

    def elsewhere(self) -> "Things":
        """The same names, of things that do not exist."""
        return Things(*(f"{name.partition('/')[0]}/{uuid.uuid4()}" for name in vars(self).values()))


@pytest.fixture(scope="module")
async def things(login: Login, keys: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Things:
    path = tmp_path_factory.mktemp("alice") / "secret.mp4"
    path.write_bytes(FILE)
    async with login.client(keys["alice"]) as alice, open_channel(login.target, keys["alice"]) as channel:
        analysed = await alice.create_analysis((await alice.upload(path)).name)
        async for _ in alice.watch([analysed.name]):
            pass
        path.write_bytes(FILE + b"!")
        upload = await alice.upload(path)
        batch = await batch_pb2_grpc.BatchServiceStub(channel).CreateBatch(batch_pb2.CreateBatchRequest())
        live = await live_pb2_grpc.LiveServiceStub(channel).StartLive(live_pb2.StartLiveRequest())
    return Things(upload.name, analysed.name, batch.name, live.name)


def calls(of: Things) -> dict[str, Message]:
    """One call of every method that takes the name of something."""
    segment = live_pb2.SendSegmentRequest(name=of.live, sequence=1, data=b"x")
    target = analysis_pb2.WatchTarget(name=of.analysis)
    shown = analysis_pb2.Analysis(name=of.analysis, note="mine")
    return {
        "AnalysisService/GetUpload": analysis_pb2.GetUploadRequest(name=of.upload),
        "AnalysisService/UploadChunk": analysis_pb2.UploadChunkRequest(name=of.upload, data=b"x"),
        "AnalysisService/CreateAnalysis": analysis_pb2.CreateAnalysisRequest(upload=of.upload),
        "AnalysisService/CreateAnalysis again": analysis_pb2.CreateAnalysisRequest(analysis=of.analysis),
        "AnalysisService/GetAnalysis": analysis_pb2.GetAnalysisRequest(name=of.analysis),
        "AnalysisService/ExportAnalysis": analysis_pb2.ExportAnalysisRequest(name=of.analysis),
        "AnalysisService/UpdateAnalysis": analysis_pb2.UpdateAnalysisRequest(analysis=shown),
        "AnalysisService/WatchAnalyses": analysis_pb2.WatchAnalysesRequest(targets=[target]),
        "AnalysisService/CancelAnalysis": analysis_pb2.CancelAnalysisRequest(name=of.analysis),
        "AnalysisService/DeleteAnalysis": analysis_pb2.DeleteAnalysisRequest(name=of.analysis),
        "AnalysisService/DownloadMedia": analysis_pb2.DownloadMediaRequest(name=of.analysis),
        "AnalysisService/ListAnalyses": analysis_pb2.ListAnalysesRequest(batch=of.batch),
        "BatchService/GetBatch": batch_pb2.GetBatchRequest(name=of.batch),
        "BatchService/UpdateBatch": batch_pb2.UpdateBatchRequest(name=of.batch, display_name="mine"),
        "BatchService/WatchBatch": batch_pb2.WatchBatchRequest(name=of.batch),
        "BatchService/CancelBatch": batch_pb2.CancelBatchRequest(name=of.batch),
        "BatchService/RenewBatch": batch_pb2.RenewBatchRequest(name=of.batch),
        "BatchService/DeleteBatch": batch_pb2.DeleteBatchRequest(name=of.batch),
        "BatchService/ExportBatch": batch_pb2.ExportBatchRequest(name=of.batch),
        "LiveService/GetLive": live_pb2.GetLiveRequest(name=of.live),
        "LiveService/SendSegment": segment,
        "LiveService/SendSegments": live_pb2.SendSegmentsRequest(segment=segment),
        "LiveService/WatchLive": live_pb2.WatchLiveRequest(name=of.live),
        "LiveService/EndLive": live_pb2.EndLiveRequest(name=of.live),
        "AccessService/ShareAnalysis": access_pb2.ShareAnalysisRequest(name=of.analysis),
    }


Answer = tuple[str, str, str]
"""Code, reason and sentence of a refusal."""


async def over_grpc(login: Login, key: str, method: str, request: Message) -> Answer:
    async with open_channel(login.target, key) as channel:
        path = f"/notreally.v1.{method.partition(' ')[0]}"
        streams = any(name in method for name in ("Watch", "Download", "ExportBatch"))
        streamed: Any = channel.stream_stream if "SendSegments" in method else channel.unary_stream
        make = streamed if streams or "SendSegments" in method else channel.unary_unary
        call: Any = make(path, lambda message: message.SerializeToString(), lambda data: data)
        try:
            with translated():
                if make is not streamed:
                    await call(request, timeout=20)
                else:
                    async for _ in call(iter([request]) if "SendSegments" in method else request, timeout=20):
                        pass
        except ServiceError as error:
            return error.code.name, error.reason, error.message
    return "OK", "", ""


async def over_grpc_web(login: Login, key: str, method: str, request: Message) -> Answer:
    data = request.SerializeToString()
    headers = {"content-type": "application/grpc-web+proto", **({"authorization": f"Bearer {key}"} if key else {})}
    path = f"/notreally.v1.{method.partition(' ')[0]}"
    reply = await fetch(login.port, "POST", path, headers, struct.pack(">BI", 0, len(data)) + data)
    trailers = dict(reply.headers)
    body = reply.body
    while body:
        flag, size = struct.unpack(">BI", body[:5])
        if flag & 0x80:
            lines = body[5 : 5 + size].decode().split("\r\n")
            trailers |= {
                name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
            }
        body = body[5 + size :]
    return trailers["grpc-status"], "", trailers.get("grpc-message", "")


async def test_to_a_second_owner_what_is_anothers_is_what_does_not_exist(
    login: Login, keys: dict[str, str], things: Things
) -> None:
    elsewhere = things.elsewhere()
    for method, request in calls(things).items():
        for ask in (over_grpc, over_grpc_web):
            if ask is over_grpc_web and "SendSegments" in method:
                continue  # no browser can stream requests
            there = await ask(login, keys["bob"], method, request)
            nowhere = await ask(login, keys["bob"], method, calls(elsewhere)[method])
            assert there == nowhere, method
            assert there[0] in ("NOT_FOUND", "5"), (method, there)


async def test_an_anonymous_caller_is_refused_whatever_they_ask(login: Login, things: Things) -> None:
    more = {
        "AnalysisService/ListAnalyses all": analysis_pb2.ListAnalysesRequest(),
        "AnalysisService/CreateUpload": analysis_pb2.CreateUploadRequest(filename="a", size_bytes=1),
        "BatchService/ListBatches": batch_pb2.ListBatchesRequest(),
        "BatchService/CreateBatch": batch_pb2.CreateBatchRequest(),
        "LiveService/StartLive": live_pb2.StartLiveRequest(),
        "AccessService/ListKeys": access_pb2.ListKeysRequest(all_owners=True),
        "AccessService/CreateKey": access_pb2.CreateKeyRequest(owner="alice"),
        "AccessService/ListOwners": access_pb2.ListOwnersRequest(),
        "AccessService/DeleteOwner": access_pb2.DeleteOwnerRequest(owner="alice"),
        "AccessService/ListAuditEvents": access_pb2.ListAuditEventsRequest(),
        "AccessService/CreateSession": access_pb2.CreateSessionRequest(),
    }
    for method, request in (calls(things) | more).items():
        code, reason, _ = await over_grpc(login, "", method, request)
        assert (code, reason) == ("UNAUTHENTICATED", "LOGIN_REQUIRED"), method
        if "SendSegments" not in method:
            assert (await over_grpc_web(login, "", method, request))[0] == "16", method
    for method, path in (("POST", "/api/analyze"), ("GET", f"/api/results/{things.analysis.partition('/')[2]}")):
        reply = await fetch(login.port, method, path, body=FILE if method == "POST" else None)
        assert reply.status == 401, path
        assert reply.json()["details"][0]["reason"] == "LOGIN_REQUIRED"


async def test_a_header_that_claims_to_be_somebody_is_not_believed(login: Login, things: Things) -> None:
    claims = dict.fromkeys(
        ("x-notreally-owner", "x-forwarded-user", "x-remote-user", "x-auth-request-user", "remote-user"), "alice"
    )
    path = f"/api/results/{things.analysis.partition('/')[2]}"
    assert (await fetch(login.port, "GET", path, claims)).status == 401
    forged = {"authorization": "Basic YWxpY2U6YWxpY2U=", "cookie": "notreally_session=alice"}
    assert (await fetch(login.port, "GET", path, forged)).status == 401


async def test_over_rest_the_same_holds(login: Login, keys: dict[str, str], things: Things) -> None:
    def shown(name: str) -> dict[str, str]:
        return {"authorization": f"Bearer {keys[name]}"}

    path = f"/api/results/{things.analysis.partition('/')[2]}"
    assert (await fetch(login.port, "GET", path, shown("alice"))).status == 200
    foreign = await fetch(login.port, "GET", path, shown("bob"))
    nowhere = await fetch(login.port, "GET", f"/api/results/{uuid.uuid4()}", shown("bob"))
    assert (foreign.status, foreign.body) == (nowhere.status, nowhere.body) == (404, foreign.body)
    for method, end in (("GET", ""), ("GET", "/export"), ("POST", "/cancel"), ("POST", "/renew"), ("DELETE", "")):
        one, other = (f"/api/batches/{of.batch.partition('/')[2]}{end}" for of in (things, things.elsewhere()))
        foreign, nowhere = [await fetch(login.port, method, path, shown("bob")) for path in (one, other)]
        assert (foreign.status, foreign.body) == (nowhere.status, nowhere.body) == (404, foreign.body), (method, end)
    posted = await fetch(login.port, "POST", "/api/analyze?filename=b.mp4", shown("bob"), FILE)
    assert posted.status == 200
    own = await fetch(login.port, "GET", f"/api/results/{posted.json()['job_id']}", shown("bob"))
    assert own.json()["filename"] == "b.mp4"


async def test_lists_and_copies_of_a_file_are_ones_own(
    login: Login, keys: dict[str, str], things: Things, tmp_path: Path
) -> None:
    path = tmp_path / "other name.mp4"
    path.write_bytes(FILE)  # what alice has had analysed
    async with login.client(keys["bob"]) as bob, login.client(keys["alice"]) as alice:
        assert things.analysis not in {analysis.name async for analysis in bob.list()}
        sha256 = (await alice.get_analysis(things.analysis)).media.sha256
        async with open_channel(login.target, keys["bob"]) as channel:
            stub = analysis_pb2_grpc.AnalysisServiceStub(channel)
            upload = await bob.upload(path)
            made = await stub.CreateAnalysis(analysis_pb2.CreateAnalysisRequest(upload=upload.name, reuse=True))
            assert made.name != things.analysis
            page = await stub.ListAnalyses(analysis_pb2.ListAnalysesRequest(sha256=sha256))
            assert {one.name for one in page.analyses} >= {made.name}
            assert things.analysis not in {one.name for one in page.analyses}
            gone = await stub.DeleteAnalyses(analysis_pb2.DeleteAnalysesRequest(names=[things.analysis, made.name]))
        assert gone.deleted == 1
        # Another's copy of the file is not theirs to delete.
        assert b"".join([piece async for piece in alice.download(things.analysis)]) == FILE


async def test_request_ids_of_two_owners_do_not_meet(login: Login, keys: dict[str, str]) -> None:
    request = analysis_pb2.CreateUploadRequest(filename="a.mp4", size_bytes=3, request_id=str(uuid.uuid4()))
    made = []
    for owner in ("alice", "alice", "bob"):
        async with open_channel(login.target, keys[owner]) as channel:
            made.append((await analysis_pb2_grpc.AnalysisServiceStub(channel).CreateUpload(request)).name)
    assert made[0] == made[1] != made[2]


async def test_an_admin_sees_counts_and_no_contents(login: Login, keys: dict[str, str], things: Things) -> None:
    async with open_channel(login.target, keys["admin"]) as channel:
        stub = access_pb2_grpc.AccessServiceStub(channel)
        counts = {one.owner: one for one in (await stub.ListOwners(access_pb2.ListOwnersRequest())).owners}
        assert counts["alice"].analyses >= 1
        assert counts["alice"].kept_bytes >= len(FILE)
        events = (await stub.ListAuditEvents(access_pb2.ListAuditEventsRequest(owner="alice", page_size=1000))).events
    assert {(event.action, event.target) for event in events} >= {
        ("CreateAnalysis", things.analysis),
        ("CreateUpload", things.upload),
    }
    assert {event.address for event in events} <= {"127.0.0.1", "this machine"}
    assert b"secret.mp4" not in b"".join(event.SerializeToString() for event in events)
    answer = await over_grpc(
        login, keys["admin"], "AnalysisService/GetAnalysis", calls(things)["AnalysisService/GetAnalysis"]
    )
    assert answer[1] == "SCOPE_MISSING"


async def test_a_key_may_what_its_scopes_say_until_it_is_revoked(
    login: Login, keys: dict[str, str], things: Things
) -> None:
    async with open_channel(login.target, keys["alice"]) as channel:
        stub = access_pb2_grpc.AccessServiceStub(channel)
        reads = await stub.CreateKey(access_pb2.CreateKeyRequest(scopes=[access_pb2.SCOPE_READ], valid_days=1))
        assert reads.key.owner == "alice"
        listed = (await stub.ListKeys(access_pb2.ListKeysRequest())).keys
        assert reads.secret.rpartition("_")[2] not in str(listed)
        assert {key.owner for key in listed} == {"alice"}
        asked = calls(things)
        get, delete = "AnalysisService/GetAnalysis", "AnalysisService/DeleteAnalysis"
        assert (await over_grpc(login, reads.secret, get, asked[get]))[0] == "OK"
        assert (await over_grpc(login, reads.secret, delete, asked[delete]))[1] == "SCOPE_MISSING"
        more = access_pb2.CreateKeyRequest(scopes=[access_pb2.SCOPE_ANALYSE])
        assert (await over_grpc(login, reads.secret, "AccessService/CreateKey", more))[1] == "SCOPE_MISSING"
        for other in (
            access_pb2.CreateKeyRequest(owner="bob"),
            access_pb2.CreateKeyRequest(scopes=[access_pb2.SCOPE_ADMIN]),
        ):
            assert (await over_grpc(login, keys["alice"], "AccessService/CreateKey", other))[1] == "SCOPE_MISSING"
        revoke = access_pb2.RevokeKeyRequest(name=reads.key.name)
        assert (await over_grpc(login, keys["bob"], "AccessService/RevokeKey", revoke))[1] == "KEY_NOT_FOUND"
        await stub.RevokeKey(revoke)
        assert (await over_grpc(login, reads.secret, get, asked[get]))[:2] == ("UNAUTHENTICATED", "BAD_KEY")
    never = keys["alice"][:-1] + ("a" if keys["alice"][-1] != "a" else "b")
    assert (await over_grpc(login, never, get, asked[get]))[1] == "BAD_KEY"


async def test_a_link_opens_one_analysis_until_it_is_revoked(
    login: Login, keys: dict[str, str], things: Things
) -> None:
    async with open_channel(login.target, keys["alice"]) as channel:
        stub = access_pb2_grpc.AccessServiceStub(channel)
        shared = await stub.ShareAnalysis(access_pb2.ShareAnalysisRequest(name=things.analysis))
        asked = calls(things)
        for method, request in asked.items():
            opens = any(name in method for name in ("GetAnalysis", "WatchAn", "ExportAn", "DownloadM"))
            code, reason, _ = await over_grpc(login, shared.secret, method, request)
            assert (code, reason) == (("OK", "") if opens else ("PERMISSION_DENIED", "SCOPE_MISSING")), method
        async with login.client(keys["alice"]) as alice:
            other = (await alice.create_analysis(things.upload)).name
        request = analysis_pb2.GetAnalysisRequest(name=other)
        assert (await over_grpc(login, shared.secret, "AnalysisService/GetAnalysis", request))[
            1
        ] == "ANALYSIS_NOT_FOUND"
        await stub.RevokeKey(access_pb2.RevokeKeyRequest(name=shared.key.name))
    get = "AnalysisService/GetAnalysis"
    assert (await over_grpc(login, shared.secret, get, asked[get]))[1] == "BAD_KEY"


async def test_a_browser_signs_in_and_out_by_a_cookie(login: Login, keys: dict[str, str], things: Things) -> None:
    shown = {"content-type": "application/grpc-web+proto", "authorization": f"Bearer {keys['alice']}"}
    empty = struct.pack(">BI", 0, 0)
    reply = await fetch(login.port, "POST", "/notreally.v1.AccessService/CreateSession", shown, empty)
    cookie, *attributes = reply.headers["set-cookie"].split("; ")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(attributes)
    path = f"/api/results/{things.analysis.partition('/')[2]}"
    assert (await fetch(login.port, "GET", path, {"cookie": f"other=1; {cookie}"})).status == 200
    out = {"content-type": "application/grpc-web+proto", "cookie": cookie}
    await fetch(login.port, "POST", "/notreally.v1.AccessService/DeleteSession", out, empty)
    assert (await fetch(login.port, "GET", path, {"cookie": cookie})).status == 401
    # The key itself was not revoked.
    assert (await fetch(login.port, "GET", path, {"authorization": f"Bearer {keys['alice']}"})).status == 200


async def test_beyond_a_quota_there_is_a_reason_and_a_time_to_come_back(login: Login, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"of eve")
    eve = await login.key("eve")
    async with login.client(eve) as client:
        upload = (await client.upload(path)).name
        for _ in range(5):
            await client.create_analysis(upload)
        with pytest.raises(ServiceError) as refused:
            await client.create_analysis(upload)
    assert (refused.value.reason, refused.value.code) == ("DAILY_QUOTA", grpc.StatusCode.RESOURCE_EXHAUSTED)
    async with open_channel(login.target, eve) as channel:
        caller = await access_pb2_grpc.AccessServiceStub(channel).GetCaller(access_pb2.GetCallerRequest())
    assert (caller.usage.videos_today, caller.usage.videos_a_day, caller.usage.kept_bytes) == (5, 5, 6)
    large = analysis_pb2.CreateUploadRequest(filename="a", size_bytes=1_000_000)
    assert (await over_grpc(login, eve, "AnalysisService/CreateUpload", large))[1] == "STORAGE_QUOTA"
    shown = {"authorization": f"Bearer {eve}"}
    for body, reason in ((b"x", "DAILY_QUOTA"), (b"x" * 1_000_000, "STORAGE_QUOTA")):
        reply = await fetch(login.port, "POST", "/api/analyze?filename=a.mp4", shown, body)
        assert (reply.status, reply.json()["details"][0]["reason"]) == (429, reason)
        assert int(reply.headers["retry-after"]) > 0


async def test_the_command_line_shows_its_key(login: Login, keys: dict[str, str], things: Things) -> None:
    async def run(key: str, *arguments: str) -> tuple[int | None, str]:
        environment = {**os.environ, **login.environment, "NOTREALLY_SERVER": login.target, "NOTREALLY_KEY": key}
        command = (sys.executable, "-m", "cli.main", *arguments)
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=pipe, stderr=pipe)
        out, error = await process.communicate()
        return process.returncode, out.decode() + error.decode()

    (_, first), (_, made), (refused, said), (_, log) = await asyncio.gather(
        run("", "keys", "create", "--local", "--owner", "frank", "--scope", "read"),
        run(keys["admin"], "keys", "create", "--owner", "grace"),
        run(keys["alice"], "owners", "list"),
        run(keys["admin"], "audit", "--owner", "alice", "--json"),
    )
    assert (refused, "scope" in said) == (2, True)
    assert things.analysis in log
    (_, who), (_, whose), (code, link) = await asyncio.gather(
        run(first.strip(), "keys", "quota"),
        run(made.strip(), "keys", "quota", "--json"),
        run(keys["alice"], "share", things.analysis),
    )
    assert "frank" in who
    assert json.loads(whose)["owner"] == "grace"
    assert (code, link.split("#share=nr_")[0]) == (0, f"http://{login.target}/analysis/?id={things.analysis[9:]}")


async def test_all_of_an_owner_goes_at_once(login: Login, keys: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"of dave alone")
    dave = await login.key("dave")
    async with login.client(dave) as client:
        analysis = await client.create_analysis((await client.upload(path)).name)
    async with open_channel(login.target, keys["bob"]) as channel:
        stub = access_pb2_grpc.AccessServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stub.DeleteOwner(access_pb2.DeleteOwnerRequest(owner="dave"))
        assert raised.value.code() == grpc.StatusCode.PERMISSION_DENIED
    async with open_channel(login.target, keys["admin"]) as channel:
        stub = access_pb2_grpc.AccessServiceStub(channel)
        removed = await stub.DeleteOwner(access_pb2.DeleteOwnerRequest(owner="dave"))
        assert (removed.analyses, removed.keys) == (1, 1)
        left = {one.owner for one in (await stub.ListOwners(access_pb2.ListOwnersRequest())).owners}
    assert "dave" not in left
    again = await login.key("dave")
    async with login.client(again) as client:
        assert [one async for one in client.list()] == []
        with pytest.raises(ServiceError):
            await client.get_analysis(analysis.name)


async def test_where_the_login_is_off_nobody_is_asked(stack: Stack, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"of everybody")
    async with NotReally(stack.target) as one, NotReally(stack.target, key="nr_of_somebody") as other:
        made = await one.create_analysis((await one.upload(path)).name)
        assert (await other.get_analysis(made.name)).name == made.name
        assert made.name in {analysis.name async for analysis in other.list()}
    async with open_channel(stack.target) as channel:
        stub = access_pb2_grpc.AccessServiceStub(channel)
        caller = await stub.GetCaller(access_pb2.GetCallerRequest())
        assert (caller.login, caller.owner) == (False, "")
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stub.ListKeys(access_pb2.ListKeysRequest())
        assert raised.value.code() == grpc.StatusCode.FAILED_PRECONDITION


def test_every_method_says_what_it_needs() -> None:
    files = [analysis_pb2, batch_pb2, live_pb2, access_pb2, rest_pb2, rest_batch_pb2]
    methods = {
        f"/{service.full_name}/{method.name}"
        for file in files
        for service in file.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }
    assert set(NEEDED) == methods
    assert {method.rpartition("/")[2] for method, scope in NEEDED.items() if scope is Scope.ANYBODY} == {
        *("GetServerInfo", "GetHealth", "ListEndpoints", "GetOpenApi", "GetCaller", "DeleteSession")
    }
