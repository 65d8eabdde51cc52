"""Forgeries of a moving face, and their shams."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from services.face.pixels.pictures import Picture
from tests.unit.training.forgeries.conftest import Face
from training.data.crops import Portraits
from training.forgeries.appearance import Pixels
from training.forgeries.faces import Faces, faces_of
from training.forgeries.footage import Footage, upright_rgb
from training.forgeries.moving import (
    OF_ONE_FACE,
    Forgery,
    LipPasted,
    Repainted,
    Swapped,
    Wavering,
    forged,
    swapped_video,
)

FRAMES = 24
UNSEEN = 20
every_method = pytest.mark.parametrize("method", [*OF_ONE_FACE, "face-swap"])


@pytest.fixture(scope="module")
def faces(picture: Picture, seen: NDArray[np.float64]) -> Faces:
    """The photograph for a second, ever brighter; in one picture the face is not found."""
    points = np.repeat(seen[np.newaxis], FRAMES, axis=0)
    points[UNSEEN] = np.nan
    pictures = tuple(
        replace(picture, luma=np.clip(picture.luma + np.float32(3 * (k // 8)), 0, 255).astype(np.uint8))
        for k in range(FRAMES)
    )
    footage = Footage(pictures, np.arange(FRAMES) / 25, 25.0, points, None)
    return faces_of(footage, np.random.default_rng(0))


def drawn(faces: Faces, face: Face, method: str, sham: bool, seed: int = 1) -> Forgery:
    rng = np.random.default_rng(seed)
    if method in OF_ONE_FACE:
        return OF_ONE_FACE[method](faces, rng, sham)
    donor = Portraits((255 - face.pixels)[np.newaxis], face.points[np.newaxis], np.ones(1))
    return swapped_video(faces, None if sham else donor, rng)


def shown(faces: Faces, forgery: Forgery, index: int) -> tuple[Pixels, Pixels]:
    """The picture as it was, and forged."""
    whole = upright_rgb(faces.footage.pictures[index])
    return whole, forged(faces, forgery, index, whole, np.random.default_rng(0))


def in_face(faces: Faces, index: int, one: Pixels, other: Pixels) -> float:
    """Mean difference in the middle of the face, grey levels."""
    x, y = np.nanmean(faces.points[index], axis=0).astype(int)
    reach = round(faces.footage.face_px / 4)
    place = (slice(y - reach, y + reach), slice(x - reach, x + reach))
    return float(np.abs(one[place].astype(int) - other[place]).mean())


@every_method
def test_a_forgery_shows_in_the_face_and_its_sham_does_not(faces: Faces, face: Face, method: str) -> None:
    for seed in range(3):
        differences = {}
        for sham in (False, True):
            whole, done = shown(faces, drawn(faces, face, method, sham, seed), 5)
            assert done.shape == whole.shape
            assert done.dtype == np.uint8
            differences[sham] = in_face(faces, 5, done, whole)
        assert differences[True] < 1.5
        assert differences[False] > differences[True]
        assert differences[False] > 0.4


@every_method
def test_a_picture_without_the_face_stays_as_it_is(faces: Faces, face: Face, method: str) -> None:
    whole, done = shown(faces, drawn(faces, face, method, False), UNSEEN)
    np.testing.assert_array_equal(done, whole)


@pytest.mark.parametrize("method", ["low-resolution", "lip-paste", "warp-flicker", "face-swap"])
def test_what_is_around_the_face_stays_as_it_is(faces: Faces, face: Face, method: str) -> None:
    whole, done = shown(faces, drawn(faces, face, method, False), 5)
    middle = np.nanmean(faces.points[5], axis=0)
    y, x = np.mgrid[: whole.shape[0], : whole.shape[1]]
    far = np.hypot(x - middle[0], y - middle[1]) > 1.2 * faces.footage.face_px
    np.testing.assert_array_equal(done[far], whole[far])


@pytest.mark.parametrize("method", ["self-blended", "low-resolution", "face-swap"])
def test_a_forgery_of_a_still_face_is_still(faces: Faces, face: Face, method: str) -> None:
    forgery = drawn(faces, face, method, False, seed=2)
    (before, first), (after, second) = shown(faces, forgery, 4), shown(faces, forgery, 5)
    assert in_face(faces, 5, before, after) == 0
    # The landmarks to build with wander a little; the change itself does not.
    assert in_face(faces, 5, first, second) < 2.5


def test_warp_and_flicker_move_from_picture_to_picture_but_not_without_memory(faces: Faces, face: Face) -> None:
    forgeries = [drawn(faces, face, "warp-flicker", False, seed) for seed in range(30)]
    light = np.concatenate([forgery.light for forgery in forgeries if isinstance(forgery, Wavering)])
    assert np.abs(np.diff(light, axis=0)).mean() > 0.1
    assert np.corrcoef(light[:-1, 0], light[1:, 0])[0, 1] > 0.3


def test_a_pasted_mouth_is_of_another_moment(faces: Faces, face: Face) -> None:
    forgery = drawn(faces, face, "lip-paste", False)
    assert isinstance(forgery, LipPasted)
    assert forgery.shift >= 10
    pixels, points = faces.cut(2)
    put_in, mask = forgery.layer(faces, 2, pixels, points, np.random.default_rng(0))
    lips = mask > 0.9
    # Later pictures are brighter.
    assert put_in[lips].astype(float).mean() > pixels[lips].astype(float).mean() + 1


def test_a_repainted_face_comes_down_to_what_such_models_give(faces: Faces) -> None:
    for seed in range(10):
        drawn_one = OF_ONE_FACE["low-resolution"](faces, np.random.default_rng(seed), False)
        assert isinstance(drawn_one, Repainted)
        factor = drawn_one.repaint.resampling.factor
        assert factor <= 0.6
        assert factor * faces.side / 1.625 <= 160


def test_a_donor_with_open_eyes_is_preferred(faces: Faces, face: Face) -> None:
    shut = face.points.copy()
    shut[[159, 386]] = shut[[145, 374]]
    donor = Portraits(
        np.stack([face.pixels, 255 - face.pixels]), np.stack([shut, face.points + np.float32(4)]), np.ones(2)
    )
    forgery = swapped_video(faces, donor, np.random.default_rng(0))
    assert isinstance(forgery, Swapped)
    assert forgery.donor is not None
    np.testing.assert_array_equal(forgery.donor[0], 255 - face.pixels)
