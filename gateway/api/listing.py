"""Requests for lists of analyses, and the tokens by which their pages go on."""

import base64
import binascii
import datetime as dt
import json
import math
import uuid

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from notreally.v1 import analysis_pb2

from gateway.store.history import ORDERS, Position, Search
from services.kit.errors import Refusal

MAX_PAGE = 100
_DEFAULT_PAGE = 20
_LONGEST_QUERY = 200
_HASH_LENGTH = 64
# Of the columns.
_LARGEST = 2**31


def page_size(asked: int) -> int:
    """How many to give.

    Raises:
        Refusal: INVALID_ARGUMENT, BAD_PAGE_SIZE.
    """
    if asked < 0:
        raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "BAD_PAGE_SIZE", "The page size must not be negative.")
    return min(asked or _DEFAULT_PAGE, MAX_PAGE)


def search_of(request: analysis_pb2.ListAnalysesRequest, batch_id: str | None) -> Search:
    """What a request looks for.

    Raises:
        Refusal: INVALID_ARGUMENT, BAD_STATES or BAD_FILTER.
    """
    # There are few; a list of any length would become a question to the database of that length.
    if not set(request.states) <= set(analysis_pb2.AnalysisState.values()):
        raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "BAD_STATES", "Name states that there are.")
    if not set(request.verdicts) <= set(analysis_pb2.Verdict.values()) or request.order not in ORDERS:
        raise _bad_filter("Name verdicts and an order that there are.")
    if len(request.query) > _LONGEST_QUERY:
        raise _bad_filter(f"Search for at most {_LONGEST_QUERY} characters.")
    if "\0" in request.query:
        raise _bad_filter("No file name holds such a character.")
    if request.sha256 and (len(request.sha256) != _HASH_LENGTH or not request.sha256.isalnum()):
        raise _bad_filter("A SHA-256 has 64 hexadecimal digits.")
    return Search(
        states=sorted(set(request.states)),
        verdicts=sorted(set(request.verdicts)),
        query=request.query.strip(),
        created_from=_time(request.created_from) if request.HasField("created_from") else None,
        created_before=_time(request.created_before) if request.HasField("created_before") else None,
        batch_id=batch_id,
        sha256=request.sha256,
        reviewed=request.reviewed if request.HasField("reviewed") else None,
        order=request.order,
        ascending=request.ascending,
    )


def token_of(position: Position) -> str:
    """Where the next page begins: after a position."""
    value = position.value.isoformat() if isinstance(position.value, dt.datetime) else position.value
    return base64.urlsafe_b64encode(json.dumps([value, position.id]).encode()).decode()


def position_of_token(token: str, order: int) -> Position:
    """The position that `token_of` has written, in the same order.

    Raises:
        Refusal: INVALID_ARGUMENT, BAD_PAGE_TOKEN.
    """
    try:
        value, row_id = json.loads(base64.urlsafe_b64decode(token.encode()))
        if order == analysis_pb2.ANALYSIS_ORDER_UNSPECIFIED:
            value = dt.datetime.fromisoformat(value)
            is_usable = value.tzinfo is not None
        elif order == analysis_pb2.ANALYSIS_ORDER_FILENAME:
            is_usable = isinstance(value, str) and "\0" not in value and value.isascii() | bool(value.encode())
        elif order in (analysis_pb2.ANALYSIS_ORDER_PEOPLE, analysis_pb2.ANALYSIS_ORDER_VERDICT):
            is_usable = type(value) is int and abs(value) < _LARGEST
        else:
            is_usable = isinstance(value, (int, float)) and math.isfinite(value)
        if not is_usable:
            raise ValueError
        return Position(value, str(uuid.UUID(row_id)))
    except (ValueError, TypeError, AttributeError, OverflowError, binascii.Error, RecursionError):
        raise Refusal(
            grpc.StatusCode.INVALID_ARGUMENT, "BAD_PAGE_TOKEN", "The page token is not one this server gave."
        ) from None


def _time(stamp: Timestamp) -> dt.datetime:
    try:
        return stamp.ToDatetime(dt.UTC)
    except (ValueError, OverflowError):
        raise _bad_filter("That is no time.") from None


def _bad_filter(text: str) -> Refusal:
    return Refusal(grpc.StatusCode.INVALID_ARGUMENT, "BAD_FILTER", text)
