"""Names of files, as text."""

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from client.names import text_of


def test_a_name_that_is_no_text_is_shown_as_far_as_it_is() -> None:
    assert text_of(Path("videos/clip é.mp4")) == "videos/clip é.mp4"
    assert text_of(Path(os.fsdecode(b"vid\xe9o.mp4"))) == "vid\ufffdo.mp4"


@given(st.binary(min_size=1))
def test_any_name_becomes_text(name: bytes) -> None:
    text_of(Path(os.fsdecode(name))).encode()
