"""Small pictures of faces."""

import av
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.face.pixels.frames import picture_of
from services.face.pixels.thumbnails import face_thumbnail, shares, times_within
from tests.synthetic.videos import FaceVideo, images


@pytest.mark.parametrize(("box_side", "pixels"), [(300.0, 160), (50.0, 70)])
def test_a_thumbnail_is_a_small_jpeg_of_the_face(box_side: float, pixels: int) -> None:
    image = next(images(FaceVideo()))
    frame = av.VideoFrame.from_ndarray(image, format="rgb24")
    box = np.array([320 - box_side / 2, 240 - box_side / 2, 320 + box_side / 2, 240 + box_side / 2])
    jpeg = cv2.imdecode(np.frombuffer(face_thumbnail(picture_of(frame), box), np.uint8), cv2.IMREAD_COLOR)
    assert jpeg is not None
    assert jpeg.shape == (pixels, pixels, 3)
    half = round(0.7 * box_side)
    shown = image[max(0, 240 - half) : 240 + half, 320 - half : 320 + half].mean(axis=(0, 1))
    assert jpeg[..., ::-1].mean(axis=(0, 1)) == pytest.approx(shown, abs=6)


@given(st.integers(0, 8), st.integers(1, 200))
def test_shares_add_up_and_are_even(total: int, windows: int) -> None:
    split = shares(total, windows)
    assert (len(split), sum(split)) == (windows, total)
    assert max(split) - min(split) <= 1


def test_times_are_spread_over_the_window() -> None:
    assert times_within(4.0, 8.0, 2) == [5.0, 7.0]
    assert times_within(4.0, 8.0, 0) == []
