"""Channels from one service to another: retries, keepalive, load balancing and limits in one place."""

import json
from pathlib import Path
from typing import Any

import grpc

from services.kit import requests
from services.kit.serving.tls import channel_credentials
from services.kit.settings import MEBIBYTE

# UNAVAILABLE means that no answer came. Refusals with this code say that they are not to be retried, see `boundary`.
_RETRY = {
    "maxAttempts": 4,
    "initialBackoff": "0.2s",
    "maxBackoff": "2s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"],
}

# A replica that a network has cut off is given up after the sum of both, and its calls go to another.
_PING_EVERY_MS = 10_000
_PING_TIMEOUT_MS = 5_000


def open_channel(
    target: str, *, tls_dir: Path | None = None, max_message_bytes: int = 8 * MEBIBYTE
) -> grpc.aio.Channel:
    """A channel to a service, spread over all addresses its name resolves to.

    Args:
        target: A gRPC target, such as ``127.0.0.1:50052`` or ``dns:///face:50052``.
        tls_dir: As `ServiceSettings.tls_dir`.
        max_message_bytes: Largest message accepted or sent.

    Raises:
        OSError: A certificate cannot be read.
    """
    config: dict[str, Any] = {
        "loadBalancingConfig": [{"round_robin": {}}],
        "methodConfig": [{"name": [{}], "retryPolicy": _RETRY}],
    }
    options: list[tuple[str, str | int]] = [
        ("grpc.service_config", json.dumps(config)),
        ("grpc.enable_retries", 1),
        ("grpc.keepalive_time_ms", _PING_EVERY_MS),
        ("grpc.keepalive_timeout_ms", _PING_TIMEOUT_MS),
        # Where something on the way still acknowledges packets, only this helps; by default it is a minute.
        ("grpc.http2.ping_timeout_ms", _PING_TIMEOUT_MS),
        # Without it, two pings in a row are followed by one a minute: a caller sends nothing while it waits.
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.max_receive_message_length", max_message_bytes),
        ("grpc.max_send_message_length", max_message_bytes),
        # A dead replica's address must be tried again soon, not after the default two minutes.
        ("grpc.max_reconnect_backoff_ms", 2_000),
        # Names are looked up again when a connection ends, but by default not twice in half a minute.
        ("grpc.dns_min_time_between_resolutions_ms", 2_000),
        # A connection per channel: two channels of one process to one address would otherwise share one.
        ("grpc.use_local_subchannel_pool", 1),
    ]
    interceptors = [requests.SendWithUnary(), requests.SendWithStream()]
    if tls_dir is None:
        return grpc.aio.insecure_channel(target, options, interceptors=interceptors)
    return grpc.aio.secure_channel(target, channel_credentials(tls_dir), options, interceptors=interceptors)
