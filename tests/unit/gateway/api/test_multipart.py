"""The file in a form, whatever pieces the form arrives in."""

import itertools
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.api.multipart import FilePart
from services.kit.errors import Refusal

TYPE = "multipart/form-data; boundary=XYZ"


def form(*parts: tuple[str, bytes]) -> bytes:
    body = b"".join(
        b"--XYZ\r\nContent-Disposition: form-data; "
        + head.encode()
        + b"\r\nContent-Type: video/mp4\r\n\r\n"
        + data
        + b"\r\n"
        for head, data in parts
    )
    return body + b"--XYZ--\r\n"


async def split(body: bytes, cuts: list[int]) -> AsyncIterator[bytes]:
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    for start, end in itertools.pairwise(edges):
        yield body[start:end]


async def read(part: FilePart, body: bytes, cuts: list[int] | None = None) -> bytes:
    return b"".join([piece async for piece in part.pieces(split(body, cuts or []))])


@given(st.binary(max_size=300), st.lists(st.integers(0, 700), max_size=6))
async def test_the_file_comes_out_whole(data: bytes, cuts: list[int]) -> None:
    part = FilePart(TYPE)
    body = form(('name="note"', b"hello"), ('name="file"; filename="me.mp4"', data), ('name="file"', b"another"))
    if b"--XYZ" in data:
        return
    assert await read(part, body, cuts) == data
    assert part.filename == "me.mp4"


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ("filename*=UTF-8''wedding%20%E2%82%AC.mp4", "wedding \u20ac.mp4"),
        ("filename=\"_.mp4\"; filename*=utf-8''%C3%A9t%C3%A9.mp4", "\u00e9t\u00e9.mp4"),
        ("filename*=utf-8'fr'%C3%A9t%C3%A9.mp4; filename=\"_.mp4\"", "\u00e9t\u00e9.mp4"),
        ("filename*=iso-8859-1''%E9t%E9.mp4", "\u00e9t\u00e9.mp4"),
        ("filename=\"me.mp4\"; filename*=klingon''a.mp4", "me.mp4"),
        ('filename="me.mp4"; filename*=nonsense', "me.mp4"),
        ("filename=\"a; filename*=UTF-8''b.mp4\"", "a; filename*=UTF-8''b.mp4"),
        ('filename="\u00e9t\u00e9.mp4"', "\u00e9t\u00e9.mp4"),
    ],
)
async def test_the_name_is_the_one_that_was_written(head: str, name: str) -> None:
    part = FilePart(TYPE)
    assert await read(part, form((f'name="file"; {head}', b"video"))) == b"video"
    assert part.filename == name


async def test_a_form_without_the_file_is_told_so() -> None:
    with pytest.raises(Refusal) as caught:
        await read(FilePart(TYPE), form(('name="video"', b"x")))
    assert caught.value.reason == "NO_FILE"


@pytest.mark.parametrize(
    "body", [b"no form at all", b"--XYZ\r\nbroken header\r\n\r\n", form(('name="file"', b"x"))[:-12]]
)
async def test_a_broken_form_is_refused(body: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        await read(FilePart(TYPE), body)
    assert caught.value.reason in ("BAD_MULTIPART", "NO_FILE")


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=" + "x" * 300])
def test_a_boundary_is_needed(content_type: str) -> None:
    with pytest.raises(Refusal) as caught:
        FilePart(content_type)
    assert caught.value.reason == "BAD_MULTIPART"
