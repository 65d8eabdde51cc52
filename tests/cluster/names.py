"""A name server for the test's own names: several loopback addresses under one, as a headless service has."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

DOMAIN = "notreally.test"
_HEADER = struct.Struct("!6H")
_A, _IN = 1, 1
_ANSWER, _NO_SUCH_NAME = 0x8580, 0x8583
_TTL_S = 1


class Names:
    """Addresses by name; changed while it runs, as a scaled service's are."""

    def __init__(self) -> None:
        self.addresses: dict[str, list[str]] = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))

    @property
    def port(self) -> int:
        """Where it answers, by UDP."""
        return int(self._socket.getsockname()[1])

    def target(self, name: str, port: int) -> str:
        """A gRPC target that is looked up here."""
        return f"dns://127.0.0.1:{self.port}/{name}.{DOMAIN}:{port}"

    def serve(self) -> None:
        """Answer until the socket is closed."""
        while True:
            try:
                query, peer = self._socket.recvfrom(4096)
            except OSError:
                return
            if answer := self._answer(query):
                self._socket.sendto(answer, peer)

    def close(self) -> None:
        """End `serve`."""
        self._socket.close()

    def _answer(self, query: bytes) -> bytes | None:
        identifier, flags, questions, *_ = _HEADER.unpack_from(query)
        if flags & 0x8000 or questions != 1:
            return None
        labels, position = [], _HEADER.size
        while (length := query[position]) != 0:
            labels.append(query[position + 1 : position + 1 + length].decode("ascii").lower())
            position += 1 + length
        question = query[_HEADER.size : position + 5]
        kind = int.from_bytes(query[position + 1 : position + 3], "big")
        found = self.addresses.get(".".join(labels).removesuffix(f".{DOMAIN}"))
        if found is None:
            return _HEADER.pack(identifier, _NO_SUCH_NAME, 1, 0, 0, 0) + question
        records = [
            struct.pack("!HHHIH", 0xC000 | _HEADER.size, _A, _IN, _TTL_S, 4) + socket.inet_aton(address)
            for address in (found if kind == _A else ())
        ]
        return _HEADER.pack(identifier, _ANSWER, 1, len(records), 0, 0) + question + b"".join(records)


@contextmanager
def running_names() -> Iterator[Names]:
    """A name server for as long as the block lasts."""
    names = Names()
    thread = threading.Thread(target=names.serve, daemon=True)
    thread.start()
    try:
        yield names
    finally:
        names.close()
