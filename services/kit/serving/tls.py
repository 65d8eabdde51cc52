"""Mutual TLS between services: each shows a certificate of one authority, and believes no other.

A folder holds ``tls.crt``, ``tls.key`` and ``ca.crt``, as a Kubernetes secret does that cert-manager has made.
"""

from pathlib import Path

import grpc
import structlog

log = structlog.get_logger()

_FILES = ("tls.key", "tls.crt", "ca.crt")


def server_credentials(folder: Path) -> grpc.ServerCredentials:
    """For a port at which only certificates of the authority are let in; renewed files count from the next connection.

    Raises:
        OSError: A file is missing or cannot be read.
    """
    given = _read(folder)

    def renewed() -> "grpc.ServerCertificateConfiguration | None":
        nonlocal given
        try:
            found = _read(folder)
        except OSError:
            log.warning("certificates cannot be read anew", exc_info=True)
            return None
        if found == given:
            return None
        given = found
        log.info("certificates were renewed")
        return _configuration(given)

    # None is for "as before"; the types know nothing of it.
    return grpc.dynamic_ssl_server_credentials(
        _configuration(given),
        renewed,  # type: ignore[arg-type]
        require_client_authentication=True,
    )


def channel_credentials(folder: Path) -> grpc.ChannelCredentials:
    """For calls to such a port. The name in the target must be one of the server's certificate.

    Raises:
        OSError: A file is missing or cannot be read.
    """
    key, certificate, authority = _read(folder)
    return grpc.ssl_channel_credentials(authority, key, certificate)


def _read(folder: Path) -> tuple[bytes, bytes, bytes]:
    key, certificate, authority = ((folder / name).read_bytes() for name in _FILES)
    return key, certificate, authority


def _configuration(given: tuple[bytes, bytes, bytes]) -> grpc.ServerCertificateConfiguration:
    key, certificate, authority = given
    return grpc.ssl_server_certificate_configuration([(key, certificate)], authority)
