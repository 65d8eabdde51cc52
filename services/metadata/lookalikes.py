"""Recognises files that are not videos by their first bytes, for a helpful message. Pure."""

_LOOKED_AT = 1024
HEAD_BYTES = _LOOKED_AT
"""How much of a file `what_else` reads."""

_PICTURE = "This file is a picture, not a video. Send a video that shows a face."
_MOVING_PICTURE = (
    "This file is an animated WebP picture, which cannot be read here. Save it as a video, such as an MP4, or as an "
    "animated GIF, and send that."
)
_ARCHIVE = "This file is an archive or an office document, not a video. Unpack it and send the video itself."
_DOCUMENT = "This file is a document, not a video. Send a video that shows a face."
_PLAYLIST = "This file is a playlist: it only names other files or addresses. Send the video itself."
_PAGE = "This file is a web page or a drawing, not a video. Send the video itself."
_TEXT = "This file is text, not a video. Send a video that shows a face."

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n", _PICTURE),
    (b"\xff\xd8\xff", _PICTURE),
    (b"GIF8", _PICTURE),
    (b"BM", _PICTURE),
    (b"II*\0", _PICTURE),
    (b"MM\0*", _PICTURE),
    (b"%PDF", _DOCUMENT),
    (b"{\\rtf", _DOCUMENT),
    (b"PK\x03\x04", _ARCHIVE),
    (b"Rar!", _ARCHIVE),
    (b"7z\xbc\xaf", _ARCHIVE),
    (b"\x1f\x8b", _ARCHIVE),
    (b"\xd0\xcf\x11\xe0", _ARCHIVE),
)
_WEBP_MOVES = 0x02  # a flag of the extended header
# HEIC and AVIF pictures are boxes, as MP4 is.
_PICTURE_BRANDS = (b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis")
_PLAYLISTS = ("#extm3u", "ffconcat", "<asx", "[playlist]", "<mpd", "v=0")
_PAGES = ("<!doctype", "<html", "<svg", "<?xml")


def what_else(head: bytes) -> str | None:
    """A sentence that says what a file is, from its first bytes; None when that cannot be told."""
    head = head[:_LOOKED_AT]
    for magic, sentence in _MAGIC:
        if head.startswith(magic):
            return sentence
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return _MOVING_PICTURE if head[12:16] == b"VP8X" and head[20:21] and head[20] & _WEBP_MOVES else _PICTURE
    if head[4:8] == b"ftyp" and head[8:12] in _PICTURE_BRANDS:
        return _PICTURE
    text = _text(head)
    if text is None:
        return None
    begins = text.lstrip("\ufeff \t\r\n").lower()
    if begins.startswith(_PLAYLISTS) or "<mpd" in begins:
        return _PLAYLIST
    return _PAGE if begins.startswith(_PAGES) else _TEXT


def _text(head: bytes) -> str | None:
    """The bytes as text, when they are that."""
    text = head.decode("utf-8", "ignore")
    # The end may cut a letter in two, but nothing else may be lost.
    if len(text.encode()) < len(head) - 3 or not text.strip():
        return None
    return text if all(letter.isprintable() or letter in "\t\r\n\f\ufeff" for letter in text) else None
