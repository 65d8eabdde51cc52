"""Identity of callers, for fairness between them: a digest of address and program."""

import hashlib
from collections.abc import Iterable


def caller_of(metadata: Iterable[tuple[str, str | bytes]] | None, peer: str) -> str:
    """A digest that is the same for all calls of one program at one address, and does not reveal the address.

    It is no identity: whoever wants to can look like many. What it decides is only whose turn comes first.

    Args:
        metadata: Of the call. The last address in ``x-forwarded-for`` is the one the edge vouches for.
        peer: As gRPC names it, such as ``ipv4:127.0.0.1:50123``; used where no edge is in front.
    """
    found = {key: value for key, value in metadata or () if isinstance(value, str)}
    address = found.get("x-forwarded-for", "").rpartition(",")[2].strip() or peer.rpartition(":")[0]
    program = found.get("x-user-agent", "") + found.get("user-agent", "")
    return hashlib.blake2b(f"{address}\n{program}".encode(), digest_size=16).hexdigest()
