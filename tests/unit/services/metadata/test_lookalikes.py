"""What is no video is called what it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.metadata.lookalikes import what_else


@pytest.mark.parametrize(
    ("head", "word"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "picture"),
        (b"\xff\xd8\xff\xe0", "picture"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "picture"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "picture"),
        (b"%PDF-1.7\n\x80\x81", "document"),
        (b"PK\x03\x04", "archive"),
        (b"#EXTM3U\nhttp://example.org/a.ts\n", "playlist"),
        (b"ffconcat version 1.0\n", "playlist"),
        (b'<?xml version="1.0"?>\n<MPD/>', "playlist"),
        (b"\xef\xbb\xbf<!DOCTYPE html><html>", "web page"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "drawing"),
        ("Liebe Grüße".encode(), "text"),
        ("ü".encode() * 600, "text"),
    ],
)
def test_a_lookalike_is_named(head: bytes, word: str) -> None:
    sentence = what_else(head)
    assert sentence is not None
    assert word in sentence


@pytest.mark.parametrize(
    "head",
    [b"", b"   ", b"\0\0\0\x18ftypmp42", b"\x1a\x45\xdf\xa3", b"RIFF\x10\0\0\0AVI ", bytes(range(256)), b"FLV\x01"],
)
def test_what_may_be_a_video_is_left_alone(head: bytes) -> None:
    assert what_else(head) is None


@given(st.binary(max_size=2000))
def test_any_bytes_get_a_sentence_or_none(head: bytes) -> None:
    sentence = what_else(head)
    assert sentence is None or sentence.endswith(".")
