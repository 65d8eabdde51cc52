"""The channel to a server: retries, keepalive and limits in one place."""

import json
import uuid

import grpc

# Every method of AnalysisService may be sent twice: reads change nothing, creations carry a request id, a chunk its
# offset. UNAVAILABLE means that no answer came.
_SERVICE_CONFIG = {
    "methodConfig": [
        {
            "name": [{"service": "notreally.v1.AnalysisService"}],
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.1s",
                "maxBackoff": "1s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ]
}

_MAX_RECEIVE_BYTES = 64 * 1024 * 1024
"""A result with the series of a long video is large."""


def open_channel(target: str) -> grpc.aio.Channel:
    """A plaintext HTTP/2 channel to `target`, such as ``localhost:52513``."""
    return grpc.aio.insecure_channel(
        target,
        options=[
            # A server that is busy takes turns between its callers, and this is how it tells them apart.
            ("grpc.primary_user_agent", f"notreally-client/{uuid.uuid4().hex[:12]}"),
            ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
            ("grpc.keepalive_time_ms", 30_000),
            ("grpc.keepalive_timeout_ms", 10_000),
            ("grpc.max_receive_message_length", _MAX_RECEIVE_BYTES),
            # A server that restarts is back in seconds; the default backoff grows to two minutes.
            ("grpc.initial_reconnect_backoff_ms", 200),
            ("grpc.max_reconnect_backoff_ms", 2_000),
            # A proxy for the web has no business between a person and their own server.
            ("grpc.enable_http_proxy", 0),
        ],
    )
