"""Who is calling, for fairness between callers: by the address that the edge vouches for, and by the program there."""

import hashlib
import ipaddress
from collections.abc import Iterable
from typing import TypeAlias

from gateway.store import owners

Metadata: TypeAlias = Iterable[tuple[str, str | bytes]] | None

_SHARER_DIGITS = 24
_PROGRAM_DIGITS = 8
# Whoever has one address of such a network has all of it.
_IPV6_NETWORK = 64


def sharer_of(metadata: Metadata, peer: str) -> str:
    """Whose share of what there is for all a call takes: a digest of its address, which it does not reveal.

    Args:
        metadata: Of the call. The last address in ``x-forwarded-for`` is the one the edge vouches for.
        peer: As gRPC names it, such as ``ipv4:127.0.0.1:50123``; used where no edge is in front.
    """
    return _digest(_network(address_of(metadata, peer)), _SHARER_DIGITS)


def caller_of(metadata: Metadata, peer: str) -> str:
    """A digest that is the same for all calls of one program at one address; it begins with that of its sharer.

    With a login the sharer is the owner, wherever they call from.

    It is no identity: whoever wants to can look like many programs. What the rest of it decides is only whose turn
    comes first within a share.

    Args:
        metadata: As for `sharer_of`.
        peer: Likewise.
    """
    found = {key: value for key, value in metadata or () if isinstance(value, str)}
    program = found.get("x-user-agent", "") + found.get("user-agent", "")
    owner = owners.current()
    sharer = _digest(f"owner {owner}", _SHARER_DIGITS) if owner else sharer_of(metadata, peer)
    return sharer + _digest(f"{address_of(metadata, peer)}\n{program}", _PROGRAM_DIGITS)


def sharer_in(caller: str) -> str:
    """The sharer that `caller_of` began a digest with; empty for none."""
    return caller[:_SHARER_DIGITS]


def address_of(metadata: Metadata, peer: str) -> str:
    """The address that the edge vouches for, or the peer where no edge is in front."""
    found = {key: value for key, value in metadata or () if isinstance(value, str)}
    return found.get("x-forwarded-for", "").rpartition(",")[2].strip() or peer.rpartition(":")[0]


def _network(address: str) -> str:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:  # a peer as gRPC names it
        return address
    return str(ipaddress.ip_network((ip, _IPV6_NETWORK), strict=False)) if ip.version == 6 else str(ip)


def _digest(text: str, digits: int) -> str:
    return hashlib.blake2b(text.encode(), digest_size=digits // 2).hexdigest()
