"""The head finds what is in the features, whichever kind of picture it is in, and weighs sources evenly."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from training.appearance.encoder import WIDTH
from training.appearance.features import Features
from training.appearance.head import Head, Settings, fit_head
from training.appearance.pictures import Kind
from training.data.clips import Clip

SETTINGS = Settings(strength=0.1)


def clip(number: int, *, fake: bool, source: str = "page") -> Clip:
    return Clip(Path(f"{number}.mp4"), fake, f"person {number}", "studio", "swap" if fake else "none", source)


def features(number: int, *, fake: bool, labelled: int = 0, forged: int = 1) -> Features:
    """Fakes are higher in one column of the class token, what is forged in one of the patches."""
    rng = np.random.default_rng([number, fake])
    kind = np.array([Kind.PLAIN, Kind.AUGMENTED] + ([] if fake else [Kind.TWIN, Kind.FORGED]))
    of_class, of_patches = rng.normal(size=(2, len(kind), WIDTH)).astype(np.float32)
    of_class[:, 10:] = of_patches[:, 10:] = 0.0  # a few clips cannot tell so much noise from a mark
    of_class[:, labelled] += 4.0 * fake
    of_patches[:, forged] += 4.0 * (kind == Kind.FORGED)
    return Features(of_class, of_patches, kind)


def fitted(*numbers: int) -> tuple[Head, list[Clip], list[Features]]:
    """Every other clip is fake."""
    clips = [clip(number, fake=number % 2 == 1) for number in numbers]
    shown = [features(number, fake=one.fake) for number, one in zip(numbers, clips, strict=True)]
    return fit_head(clips, shown, SETTINGS), clips, shown


def gaps(head: Head, mark: int = 0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """By how much each line scores unseen fakes above real ones, and forged pictures above their twins."""
    fakes, reals = (
        [features(number, fake=fake, labelled=mark) for number in range(500, 540)] for fake in (True, False)
    )

    def mean(of: list[Features], kind: Kind) -> NDArray[np.float64]:
        return np.asarray(np.mean([head.score(one)[:, one.of(kind)].mean(axis=1) for one in of], axis=0))

    return mean(fakes, Kind.PLAIN) - mean(reals, Kind.PLAIN), mean(reals, Kind.FORGED) - mean(reals, Kind.TWIN)


def test_each_line_learns_what_it_is_for() -> None:
    head, _, _ = fitted(*range(40))
    labelled, forged = gaps(head)
    assert labelled[0] > 2 * abs(labelled[1])
    assert forged[1] > 2 * abs(forged[0])
    assert head.score(features(99, fake=False)).shape == (2, 4)


def test_a_fake_of_somebody_of_whom_there_is_a_real_clip_says_nothing_of_synthesis() -> None:
    _, clips, shown = fitted(*range(40))
    numbers = range(100, 140, 2)
    swapped = [dataclasses.replace(clip(number, fake=True), group=f"person {number - 100}") for number in numbers]
    marked = [features(number, fake=True, labelled=7) for number in numbers]
    head = fit_head([*clips, *swapped], [*shown, *marked], SETTINGS)
    assert gaps(head)[0][0] > 2 * abs(gaps(head, mark=7)[0][0])
    # Where there are no other fakes, these are learned from.
    only = fit_head([*clips[::2], *swapped], [*shown[::2], *marked], SETTINGS)
    assert gaps(only, mark=7)[0][0] > 2 * abs(gaps(only, mark=0)[0][0])


def test_clips_without_a_face_are_passed_over() -> None:
    nothing = Features(np.empty((0, 0), np.float32), np.empty((0, 0), np.float32), np.empty(0, np.int64))
    clips = [clip(0, fake=False), clip(1, fake=True)]
    shown = [features(0, fake=False), features(1, fake=True)]
    with_it = fit_head([*clips, clip(2, fake=True)], [*shown, nothing], SETTINGS)
    # It counts as one more of its method, and the weights of a class are evened out.
    for one, other in zip(with_it, fit_head(clips, shown, SETTINGS), strict=True):
        assert np.isfinite(one.bias)
        np.testing.assert_allclose(one.of_class, other.of_class, atol=1e-6)


def test_a_page_of_many_videos_does_not_decide_alone() -> None:
    # Thirty real videos of one page share a mark with no fake; four of other pages have none.
    clips = [clip(number, fake=False, source="large") for number in range(30)]
    clips += [clip(number, fake=False, source=f"small {number}") for number in range(30, 34)]
    clips += [clip(number, fake=True) for number in range(34, 64)]
    shown = [features(number, fake=one.fake) for number, one in enumerate(clips)]
    for one in shown[:30]:
        one.of_class[:, 5] -= 8.0
    evened = fit_head(clips, shown, SETTINGS)
    alike = fit_head([clip(number, fake=one.fake) for number, one in enumerate(clips)], shown, SETTINGS)
    # A step along the mark.
    assert 0 < evened.appearance.of_class[5] < 0.8 * alike.appearance.of_class[5]


@pytest.mark.parametrize("fake", [False, True])
def test_without_a_class_there_is_nothing_to_learn(fake: bool) -> None:
    head = fit_head([clip(1, fake=fake)], [features(1, fake=fake)], SETTINGS)
    assert not head.appearance.of_class.any()
    assert head.blending.of_patches.any() != fake
    assert head.score(features(2, fake=False))[0].tolist() == [0.0] * 4
