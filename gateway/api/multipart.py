"""The file in a `multipart/form-data` body, piece by piece, without holding it."""

import re
from collections.abc import AsyncIterator
from urllib.parse import unquote_to_bytes

import grpc
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from services.kit.errors import Refusal

FIELD = b"file"

_QUOTED = re.compile(rb'"(?:[^"\\]|\\.)*"')
# As RFC 5987 writes a name that is not ASCII. RFC 7578 does without it in forms, and some clients do not.
_EXTENDED = re.compile(
    rb";\s*filename\*\s*=\s*([A-Za-z0-9_.-]{1,40})'[A-Za-z0-9-]{0,40}'([!#$&+.^_`|~%0-9A-Za-z-]+)", re.IGNORECASE
)


class FilePart:
    """Reads the part named ``file`` out of a multipart body.

    `filename` is known once the first piece has come out of `pieces`.

    Args:
        content_type: The request's Content-Type, with the boundary.

    Raises:
        Refusal: INVALID_ARGUMENT, BAD_MULTIPART.
    """

    def __init__(self, content_type: str) -> None:
        """Prepare to read."""
        try:
            _, options = parse_options_header(content_type)
        except UnicodeError:  # the parser takes Latin-1 alone
            raise _bad() from None
        boundary = options.get(b"boundary")
        if not boundary or len(boundary) > 200:
            raise _bad()
        self.filename = ""
        self._found = False
        self._inside = False
        self._out: list[bytes] = []
        self._header_name = b""
        self._header_value = b""
        self._disposition = b""
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._on_part_begin,
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": self._on_part_data,
                "on_part_end": self._on_part_end,
            },
        )

    async def pieces(self, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The bytes of the file.

        Raises:
            Refusal: BAD_MULTIPART for a malformed body, NO_FILE when no part is named ``file``.
        """
        try:
            async for data in body:
                self._parser.write(data)
                out, self._out = self._out, []
                for piece in out:
                    yield piece
            self._parser.finalize()
        except FormParserError:
            raise _bad() from None
        if not self._found:
            raise Refusal(
                grpc.StatusCode.INVALID_ARGUMENT,
                "NO_FILE",
                "The form has no field named `file`. Send the video as: curl -F file=@video.mp4 …",
            )
        if self._inside:  # the body ended before the part did
            raise _bad()

    def _on_part_begin(self) -> None:
        self._disposition = b""

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _on_header_end(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = self._header_value
        self._header_name = self._header_value = b""

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        # Only the first part of that name: a second one would be another video.
        self._inside = options.get(b"name") == FIELD and not self._found
        if self._inside:
            self._found = True
            self.filename = _extended_filename(self._disposition) or options.get(b"filename", b"").decode(
                "utf-8", "replace"
            )

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._inside:
            self._out.append(data[start:end])

    def _on_part_end(self) -> None:
        self._inside = False


def _extended_filename(disposition: bytes) -> str:
    """The name in ``filename*=UTF-8''…``; empty when there is none, or of letters nobody knows."""
    # A quoted value may hold anything, this too.
    found = _EXTENDED.search(_QUOTED.sub(b'""', disposition))
    if found is None:
        return ""
    try:
        return unquote_to_bytes(found[2]).decode(found[1].decode("ascii"), "replace")
    except LookupError:
        return ""


def _bad() -> Refusal:
    return Refusal(grpc.StatusCode.INVALID_ARGUMENT, "BAD_MULTIPART", "The form could not be read. Send it again.")
