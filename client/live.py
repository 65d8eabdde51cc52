"""A live session: segments sent as they come, events as they are found, over a connection that may break."""

import asyncio
import uuid
from collections.abc import AsyncIterator

import google_crc32c
import grpc
from notreally.v1 import live_pb2, live_pb2_grpc

from client.errors import ServiceError, translated
from client.patience import Patience

_CALL_TIMEOUT_S = 30.0

ENDED = frozenset({live_pb2.LIVE_STATE_ENDED, live_pb2.LIVE_STATE_FAILED})


class Live:
    """One live session at a server; `client.NotReally.live` begins it.

    Methods raise `client.ServiceError` as those of `client.NotReally` do, and likewise try again by themselves.
    """

    def __init__(
        self, stub: "live_pb2_grpc.LiveServiceAsyncStub", session: live_pb2.LiveSession, patience: Patience
    ) -> None:
        """Use `start`."""
        self._stub = stub
        self._patience = patience
        self._sequence = session.acknowledged_sequence
        self.session = session
        """As the server last said it is: its name and its limits."""

    @classmethod
    async def start(cls, channel: grpc.aio.Channel, patience: Patience) -> "Live":
        """Begin a session."""
        stub: live_pb2_grpc.LiveServiceAsyncStub = live_pb2_grpc.LiveServiceStub(channel)
        request = live_pb2.StartLiveRequest(request_id=str(uuid.uuid4()))

        async def attempt() -> live_pb2.LiveSession:
            with translated():
                return await stub.StartLive(request, timeout=_CALL_TIMEOUT_S)

        return cls(stub, await patience.persist(attempt), patience)

    async def send(self, data: bytes, start_s: float, header_bytes: int = 0) -> live_pb2.LiveSession:
        """Send the next segment; once this returns, the server has it.

        Args:
            data: A small file that begins with a keyframe.
            start_s: When it begins, seconds since the session did.
            header_bytes: How many of its first bytes all segments share; see the contract.
        """
        request = live_pb2.SendSegmentRequest(
            name=self.session.name,
            sequence=self._sequence + 1,
            data=data,
            crc32c=google_crc32c.value(data),
            start_s=start_s,
            header_bytes=header_bytes,
        )

        async def attempt() -> live_pb2.LiveSession:
            with translated():
                return await self._stub.SendSegment(request, timeout=_CALL_TIMEOUT_S)

        self.session = await self._patience.persist(attempt)
        self._sequence += 1
        return self.session

    async def events(self, after: int = 0) -> AsyncIterator[live_pb2.LiveEvent]:
        """Events after the one with this sequence, each once and in order, until the session has ended."""
        pauses = self._patience.pauses()
        while True:
            stream = self._stub.WatchLive(live_pb2.WatchLiveRequest(name=self.session.name, after_sequence=after))
            failure: ServiceError | None = None
            try:
                with translated():
                    async for event in stream:
                        if event.sequence <= after:
                            continue
                        after, pauses = event.sequence, self._patience.pauses()
                        yield event
                        if event.state in ENDED:
                            return
            except ServiceError as error:
                failure = error
            finally:
                stream.cancel()
            if failure is None:
                return
            pause = next(pauses, None) if failure.transient else None
            if pause is None:
                raise failure
            await asyncio.sleep(pause)

    async def end(self) -> live_pb2.LiveSession:
        """Send no more; the last event has the verdict on the whole."""
        request = live_pb2.EndLiveRequest(name=self.session.name)

        async def attempt() -> live_pb2.LiveSession:
            with translated():
                return await self._stub.EndLive(request, timeout=_CALL_TIMEOUT_S)

        self.session = await self._patience.persist(attempt)
        return self.session
