"""Calls of AccessService, with the key in NOTREALLY_KEY."""

import os
from collections.abc import Awaitable, Callable
from typing import TypeVar

from notreally.v1 import access_pb2_grpc

from client.channel import open_channel
from client.errors import translated

T = TypeVar("T")


async def ask(server: str, call: "Callable[[access_pb2_grpc.AccessServiceAsyncStub], Awaitable[T]]") -> T:
    """The answer of a server to one call.

    Raises:
        ServiceError: It refuses, or does not answer.
        ValueError: That is no address.
    """
    async with open_channel(server, os.environ.get("NOTREALLY_KEY", "")) as channel:
        stub: access_pb2_grpc.AccessServiceAsyncStub = access_pb2_grpc.AccessServiceStub(channel)
        with translated():
            return await call(stub)
