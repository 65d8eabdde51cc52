"""The channel to a server: retries, keepalive and limits in one place."""

import json
import uuid
from urllib.parse import SplitResult, urlsplit

import grpc

from client.keys import shown_key

_SERVICE = "notreally.v1.AnalysisService"
_LIVE = "notreally.v1.LiveService"

# Methods may be sent twice: reads change nothing, creations carry a request id, a chunk its offset, a segment its
# number, and what is cancelled or ended stays so. UNAVAILABLE means that no answer came.
_SERVICE_CONFIG = {
    "methodConfig": [
        # Deleting twice says "not found", and that is no failure where the first one did it. A retry in here would not
        # be seen by `NotReally.delete`, which makes its own.
        {"name": [{"service": _SERVICE, "method": "DeleteAnalysis"}]},
        {
            "name": [{"service": _SERVICE}, {"service": _LIVE}],
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.1s",
                "maxBackoff": "1s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        },
    ]
}

_PORTS = {"http": 80, "https": 443}

# A server that a network has cut off is given up after the sum of both, and what was watched is asked for again.
_PING_EVERY_MS = 30_000
_PING_TIMEOUT_MS = 10_000

_MAX_RECEIVE_BYTES = 64 * 1024 * 1024
"""A result with the series of a long video is large."""


def open_channel(server: str, key: str = "") -> grpc.aio.Channel:
    """An HTTP/2 channel to a server; see `address_of`. Each call on it shows the API key, if there is one.

    Over TLS the server's certificate must lead to an authority that gRPC brings along, or to one in the file that
    GRPC_DEFAULT_SSL_ROOTS_FILE_PATH names.

    Raises:
        ValueError: It is no address.
    """
    target, secure = address_of(server)
    options = [
        # A server that is busy takes turns between its callers, and this is how it tells them apart.
        ("grpc.primary_user_agent", f"notreally-client/{uuid.uuid4().hex[:12]}"),
        ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
        ("grpc.keepalive_time_ms", _PING_EVERY_MS),
        ("grpc.keepalive_timeout_ms", _PING_TIMEOUT_MS),
        # Where something on the way still acknowledges packets, only this helps; by default it is a minute.
        ("grpc.http2.ping_timeout_ms", _PING_TIMEOUT_MS),
        # Without it, two pings in a row are followed by one a minute: who watches sends nothing.
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.max_receive_message_length", _MAX_RECEIVE_BYTES),
        # A server that restarts is back in seconds; the default backoff grows to two minutes.
        ("grpc.initial_reconnect_backoff_ms", 200),
        ("grpc.max_reconnect_backoff_ms", 2_000),
        # A proxy for the web has no business between a person and their own server.
        ("grpc.enable_http_proxy", 0),
    ]
    if secure:
        return grpc.aio.secure_channel(target, grpc.ssl_channel_credentials(), options, interceptors=shown_key(key))
    return grpc.aio.insecure_channel(target, options, interceptors=shown_key(key))


def address_of(server: str) -> tuple[str, bool]:
    """``host:port`` of a server, and whether it is spoken to over TLS.

    Args:
        server: ``localhost:52513``, or a URL: ``http://…`` in plain text, ``https://notreally.example`` over TLS.

    Raises:
        ValueError: It is neither. The message is for a person.
    """
    try:
        parts = urlsplit(server if "://" in server else f"//{server}")
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:  # brackets that do not match, or a port that is no number
        port = None
    if not port or not parts.hostname or parts.scheme not in ("", *_PORTS) or _more_than_a_place(parts):
        raise ValueError(f"{server!r} is no address of a server. Write host:port, or https://host.")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{host}:{port}", parts.scheme == "https"


def _more_than_a_place(parts: SplitResult) -> bool:
    return bool(parts.username or parts.path.strip("/") or parts.query or parts.fragment)
