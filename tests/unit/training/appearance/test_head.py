"""The head finds what is in the features, whichever kind of picture it is in, and weighs sources evenly."""

from pathlib import Path

import numpy as np
import pytest

from training.appearance.encoder import WIDTH
from training.appearance.features import Features
from training.appearance.head import Settings, fit_head
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
    of_class[:, labelled] += 4.0 * fake
    of_patches[:, forged] += 4.0 * (kind == Kind.FORGED)
    return Features(of_class, of_patches, kind)


def test_what_labels_and_what_forgeries_tell_are_both_learned() -> None:
    numbers = range(40)
    clips = [clip(number, fake=number % 2 == 1) for number in numbers]
    head = fit_head(clips, [features(number, fake=number % 2 == 1) for number in numbers], SETTINGS)
    assert head.of_class[0] > 5 * np.abs(head.of_class[2:]).max()
    assert head.of_patches[1] > 5 * np.abs(head.of_patches[2:]).max()
    unseen = features(99, fake=False)
    scores = dict(zip(unseen.kind.tolist(), head.score(unseen).tolist(), strict=True))
    assert scores[Kind.FORGED] > scores[Kind.TWIN] + 0.5


def test_clips_without_a_face_are_passed_over() -> None:
    nothing = Features(np.empty((0, 0), np.float32), np.empty((0, 0), np.float32), np.empty(0, np.int64))
    clips = [clip(0, fake=False), clip(1, fake=True)]
    shown = [features(0, fake=False), features(1, fake=True)]
    with_it = fit_head([*clips, clip(2, fake=True)], [*shown, nothing], SETTINGS)
    assert np.isfinite(with_it.bias)
    # It counts as one more of its method, and the weights of a class are evened out.
    np.testing.assert_allclose(with_it.of_class, fit_head(clips, shown, SETTINGS).of_class, atol=1e-6)


def test_a_page_of_many_videos_does_not_decide_alone() -> None:
    # Thirty real videos of one page share a mark; the only other one has none.
    clips = [clip(number, fake=False, source="large") for number in range(30)]
    clips += [clip(30, fake=False, source="small"), *(clip(number, fake=True) for number in range(31, 61))]
    shown = [features(number, fake=one.fake) for number, one in enumerate(clips)]
    for one in shown[:30]:
        one.of_class[:, 5] -= 3.0
    evened = fit_head(clips, shown, SETTINGS)
    alike = fit_head([clip(number, fake=one.fake) for number, one in enumerate(clips)], shown, SETTINGS)
    assert evened.of_class[5] > alike.of_class[5]


def test_without_fakes_what_is_forged_is_learned_from() -> None:
    clips = [clip(number, fake=False) for number in range(10)]
    head = fit_head(clips, [features(number, fake=False) for number in range(10)], SETTINGS)
    assert np.argmax(head.of_patches) == 1


def test_without_real_videos_there_is_nothing_to_fit() -> None:
    with pytest.raises(ValueError, match="class"):
        fit_head([clip(1, fake=True)], [features(1, fake=True)], SETTINGS)
