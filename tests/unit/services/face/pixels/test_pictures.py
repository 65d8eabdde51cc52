"""Looking at a frame: views, turns, colours."""

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from services.face.pixels.frames import picture_of
from services.face.pixels.pictures import Picture, seen_from, view_of

UPRIGHT = np.array([[1.0, 0, 0], [0, 1, 0]])


@pytest.fixture(scope="module")
def photograph() -> NDArray[np.uint8]:
    """A smooth photograph, wider than high."""
    image: NDArray[np.uint8] = data.astronaut()[:400]  # type: ignore[no-untyped-call]
    return image


def picture(image: NDArray[np.uint8], pixel_format: str = "yuv444p") -> Picture:
    """An RGB image as a decoder would give it."""
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24").reformat(format=pixel_format)
    return picture_of(frame)


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p", "yuv444p", "yuvj420p", "yuv420p10le", "gbrp"])
def test_colours_come_back(photograph: NDArray[np.uint8], pixel_format: str) -> None:
    seen = picture(photograph, pixel_format).rgb(UPRIGHT, (512, 400))
    assert seen.shape == photograph.shape
    assert np.abs(seen.astype(int) - photograph).mean() < 4


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_turns_are_counter_clockwise(photograph: NDArray[np.uint8], turns: int) -> None:
    stored = picture(photograph)
    turned = Picture(stored.luma, stored.blue, stored.red, stored.colour, turns)
    upright = np.rot90(stored.rgb(UPRIGHT, (512, 400)), turns)
    assert turned.size == (upright.shape[1], upright.shape[0])
    # Sampling at whole pixels from the other side may round the other way.
    assert np.abs(turned.rgb(UPRIGHT, turned.size).astype(int) - upright).max() <= 2


def test_a_view_shows_its_square(photograph: NDArray[np.uint8]) -> None:
    view = view_of((300.0, 200.0), 100.0, 0.0, 100)
    seen = picture(photograph).lightness(view, (100, 100))
    shown = picture(photograph).luma[150:250, 250:350].astype(int)
    shifted = picture(photograph).luma[150:250, 251:351].astype(int)
    assert 3 * np.abs(seen - shown).mean() < np.abs(shifted - shown).mean()


def test_a_view_turns_clockwise_about_its_centre() -> None:
    view = view_of((50.0, 80.0), 20.0, np.pi / 2, 10)
    # The right edge of the crop is what lies below the centre in the frame.
    assert seen_from(view, np.array([[5.0, 5.0], [10.0, 5.0]])) == pytest.approx(np.array([[50, 80], [50, 90]]))


def test_beyond_the_border_the_border_repeats(photograph: NDArray[np.uint8]) -> None:
    seen = picture(photograph).lightness(view_of((0.0, 0.0), 40.0, 0.0, 40), (40, 40))
    assert (seen[:20, :20] == seen[0, 0]).all()


def test_making_smaller_averages_instead_of_skipping() -> None:
    board = (np.indices((256, 256)).sum(axis=0) % 2 * 255).astype(np.uint8)
    grey = np.full((256, 256), 128, np.uint8)
    seen = Picture(board, grey, grey, np.eye(3, 4, dtype=np.float32)).lightness(
        view_of((128, 128), 256, 0, 64), (64, 64)
    )
    assert np.abs(seen[8:-8, 8:-8].astype(int) - 127).max() <= 2


def test_a_shrunk_picture_shows_the_same(photograph: NDArray[np.uint8]) -> None:
    small = picture(photograph, "yuv420p").shrunk(128)
    assert small.size == (128, 100)
    assert np.abs(small.rgb(UPRIGHT, (128, 100)).mean(axis=(0, 1)) - photograph.mean(axis=(0, 1))).max() < 3


def test_a_small_picture_is_not_enlarged(photograph: NDArray[np.uint8]) -> None:
    assert picture(photograph).shrunk(4000).size == (512, 400)


@pytest.mark.parametrize(("aspect", "size"), [(1.0, (64, 48)), (2.0, (128, 48)), (0.5, (64, 96))])
def test_pixels_that_are_not_square_are_drawn_out(aspect: float, size: tuple[int, int]) -> None:
    assert picture_of(av.VideoFrame(64, 48, "yuv420p"), aspect).size == size
