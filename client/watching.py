"""Watching analyses over a stream that may break."""

import asyncio
from collections.abc import AsyncIterator, Mapping

from notreally.v1 import analysis_pb2, analysis_pb2_grpc

from client.errors import ServiceError, translated
from client.patience import Patience

ENDED = frozenset(
    {
        analysis_pb2.ANALYSIS_STATE_SUCCEEDED,
        analysis_pb2.ANALYSIS_STATE_FAILED,
        analysis_pb2.ANALYSIS_STATE_CANCELLED,
    }
)


async def watch(
    stub: "analysis_pb2_grpc.AnalysisServiceAsyncStub",
    after: Mapping[str, int],
    *,
    patience: Patience,
    include_series: bool = False,
) -> AsyncIterator[analysis_pb2.AnalysisEvent]:
    """Events of several analyses until each has ended; see `client.NotReally.watch`.

    Args:
        stub: The service.
        after: For each analysis, the sequence of the last event already seen; 0 for none.
        patience: When to give up on a connection that stays broken.
        include_series: Also get partial series.

    Raises:
        ServiceError: The server refused, or stayed away for longer than patience lasts.
    """
    seen = dict(after)
    pauses = patience.pauses()
    while seen:
        request = analysis_pb2.WatchAnalysesRequest(
            targets=[analysis_pb2.WatchTarget(name=name, after_sequence=last) for name, last in seen.items()],
            include_series=include_series,
        )
        failure: ServiceError | None = None
        stream = stub.WatchAnalyses(request)
        try:
            with translated():
                async for event in stream:
                    # Sequence 0 is a snapshot outside the record; anything else is given once.
                    if event.analysis not in seen or 0 < event.sequence <= seen[event.analysis]:
                        continue
                    pauses = patience.pauses()
                    seen[event.analysis] = max(seen[event.analysis], event.sequence)
                    if event.state in ENDED:
                        del seen[event.analysis]
                    yield event
        except ServiceError as error:
            failure = error
        finally:
            stream.cancel()
        # Ended in good order, the stream says that all analyses have ended: also those whose end was seen before.
        if failure is None:
            return
        if not failure.transient:
            raise failure
        pause = next(pauses, None)
        if pause is None:
            raise failure
        await asyncio.sleep(pause)
