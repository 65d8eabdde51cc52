"""What the appearance network is shown of a video."""

import numpy as np
import pytest

from services.face.networks.crops import SIDE
from tests.unit.training.forgeries.conftest import Face
from training.appearance.pictures import Kind, forged, pictures_of
from training.data.crops import Portraits
from training.forgeries.masks import REGIONS


def test_a_real_video_is_shown_forged_beside_its_twins(portraits: Portraits) -> None:
    made = pictures_of(portraits, fake=False, augmentation_id=1, seed=0)
    assert made.pixels.shape == (len(made.kind), SIDE, SIDE, 3)
    assert [np.sum(made.kind == kind) for kind in Kind] == [3, 3, 3, 3]
    twins = np.flatnonzero(made.kind == Kind.TWIN)
    assert (made.kind[twins + 1] == Kind.FORGED).all()
    for twin in twins:
        real, fake = made.pixels[[twin, twin + 1]].astype(float)
        # The same light, place and compression, and yet not the same picture.
        assert np.corrcoef(real.ravel(), fake.ravel())[0, 1] > 0.9
        assert np.abs(real - fake).mean() > 0.05


def test_a_fake_video_is_not_forged_again(portraits: Portraits) -> None:
    made = pictures_of(portraits, fake=True, augmentation_id=1, seed=0)
    assert set(made.kind.tolist()) == {Kind.PLAIN, Kind.AUGMENTED}


def test_the_members_of_a_pair_are_augmented_alike(portraits: Portraits) -> None:
    real, fake = (pictures_of(portraits, label, augmentation_id=7, seed=0) for label in (False, True))
    other = pictures_of(portraits, fake=True, augmentation_id=8, seed=0)
    of_real, of_fake, of_other = (one.pixels[one.kind == Kind.AUGMENTED] for one in (real, fake, other))
    np.testing.assert_array_equal(of_real, of_fake)
    assert np.any(of_real != of_other)


def test_a_video_without_a_face_gives_nothing(portraits: Portraits) -> None:
    nothing = Portraits(portraits.pixels[:0], portraits.points[:0], portraits.scale[:0])
    assert len(pictures_of(nothing, fake=False, augmentation_id=1, seed=0).kind) == 0


@pytest.mark.parametrize("region", list(REGIONS))
def test_a_forgery_changes_its_region_and_nothing_else(face: Face, region: str) -> None:
    inside, outside = [], []
    for seed in range(8):
        target, made = forged(face.pixels, face.points, region, np.random.default_rng(seed))
        changed = np.abs(made.astype(float) - target).mean(axis=2)
        outline = face.points[np.array(REGIONS[region])]
        low, high = outline.min(axis=0).astype(int), outline.max(axis=0).astype(int)
        middle = changed[low[1] : high[1], low[0] : high[0]]
        inside.append(middle.mean())
        outside.append(changed[:20].mean())
    assert np.mean(inside) > 0.3
    assert max(outside) < 0.05
