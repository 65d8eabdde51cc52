"""What the voice network is worth: areas, verdicts and a band, on examples whose answers are known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.training.voices.made import recording
from training.fitting.calibration import Band
from training.voices import evaluation
from training.voices.evaluation import Scores, Verdicts
from training.voices.recordings import Recording


@pytest.fixture(autouse=True)
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals need no more here."""
    monkeypatch.setattr(evaluation, "_DRAWS", 60)


def told(labels: str, *, pages: int = 2) -> list[Recording]:
    """One recording for each letter: r is real, others are kinds of synthesis."""
    kinds = {"t": "tts", "v": "vocoder"}
    return [
        recording(str(i), fake=letter != "r", kind=kinds.get(letter, "real"), page=f"page {i % pages}")
        for i, letter in enumerate(labels)
    ]


def everything(recordings: list[Recording]) -> NDArray[np.bool_]:
    return np.ones(len(recordings), np.bool_)


def test_the_area_is_the_chance_to_rank_a_pair_rightly() -> None:
    recordings = told("rrtt")
    found = evaluation.area(recordings, np.array([0.0, 2.0, 1.0, 3.0]), everything(recordings))
    assert found.value == 0.75
    assert (found.real, found.fake) == (2, 2)
    assert found.low <= found.value <= found.high


def test_what_has_no_score_or_was_not_chosen_does_not_count() -> None:
    recordings = told("rrttr")
    scores = np.array([0.0, 2.0, 1.0, 3.0, np.nan])
    assert evaluation.area(recordings, scores, everything(recordings)).real == 2
    chosen = np.array([True, False, True, True, True])
    assert evaluation.area(recordings, scores, chosen).value == 1.0
    nobody = evaluation.area(recordings, scores, np.array([True, True, False, False, True]))
    assert np.isnan([nobody.value, nobody.low, nobody.high]).all()
    assert (nobody.real, nobody.fake) == (2, 0)


def test_pages_are_drawn_and_not_recordings() -> None:
    """A hundred recordings of one page are worth no more than the page."""
    rng = np.random.default_rng(0)
    labels = "rt" * 200
    narrow = evaluation.area(told(labels, pages=100), rng.normal(size=400), everything(told(labels)))
    few = told(labels, pages=4)
    page = np.array([int(one.page[-1]) for one in few])
    wide = evaluation.area(few, rng.normal(size=400) + np.where(page % 2, 2.0, -2.0) * (page < 2), everything(few))
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)


def test_each_kind_is_compared_with_all_real_ones() -> None:
    recordings = told("rrttvv")
    found = evaluation.by_kind(recordings, np.array([0.0, 1.0, 2.0, 3.0, 0.5, 0.5]), everything(recordings))
    assert set(found) == {"tts", "vocoder"}
    assert (found["tts"].value, found["vocoder"].value) == (1.0, 0.5)
    assert found["tts"].real == 2


def test_pages_of_the_same_scores_cannot_be_told_apart() -> None:
    recordings = told("r" * 40)
    same = np.repeat(np.arange(20.0), 2)
    assert evaluation.between_pages(recordings, same) == 0.5
    apart = np.tile([0.0, 1.0], 20)
    assert evaluation.between_pages(recordings, apart) == 1.0
    assert evaluation.between_pages(recordings, -apart) == 1.0
    fakes = told("t" * 40)
    assert np.isnan(evaluation.between_pages(fakes, apart)), "synthesised ones may differ"
    assert np.isnan(evaluation.between_pages(told("r" * 14), np.arange(14.0))), "too few to say"


def test_a_page_is_scored_by_what_was_fitted_to_the_other_folds_alone() -> None:
    recordings, fold = told("rtrtrt", pages=3), np.array([0, 1, 2, 0, 1, 2], np.intp)
    found = evaluation.held_out(recordings, fold, np.ndarray.tolist, lambda number: fold != number)
    assert found == {"page 0": [1, 2, 4, 5], "page 1": [0, 2, 3, 5], "page 2": [0, 1, 3, 4]}


def separable(overlap: float) -> tuple[list[Recording], Scores, NDArray[np.intp]]:
    recordings = told("rt" * 300, pages=6)
    rng = np.random.default_rng(0)
    fake = np.array([one.fake for one in recordings])
    scores = np.where(fake, 2.0, -2.0) + overlap * rng.normal(size=(1, 600))
    return recordings, scores, np.array([int(one.page[-1]) for one in recordings], np.intp)


def test_what_can_be_told_gets_verdicts_that_hold() -> None:
    recordings, scores, fold = separable(0.3)
    made = evaluation.verdicts(recordings, scores, fold)
    assert made.given > 0.95
    assert made.wrong_fake < 0.02
    assert made.wrong_real < 0.02
    assert made.caught > 0.95
    assert made.false_alarms < 0.02


def test_the_rates_are_those_of_the_verdicts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten real ones of which two are called fake and five real; five fakes of which three are called fake, one real."""
    recordings = told("r" * 10 + "t" * 5)
    called = np.array([1, 1, -1, -1, -1, -1, -1, 0, 0, 0, 1, 1, 1, -1, 0])

    class Told:
        def prob_fake(self, scores: Scores) -> Scores:
            return scores

        def called(self, scores: Scores) -> NDArray[np.intp]:
            return scores.astype(np.intp)

    monkeypatch.setattr(evaluation, "fitted", lambda *_: (Told(), Told()))
    made = evaluation.verdicts(recordings, called[np.newaxis].astype(float), np.arange(15) % 2)
    assert made.given == pytest.approx(11 / 15)
    assert made.false_alarms == pytest.approx(2 / 10)
    assert made.caught == pytest.approx(3 / 5)
    assert made.wrong_fake == pytest.approx((2 / 10) / (2 / 10 + 3 / 5)), "each class weighs half"
    assert made.wrong_real == pytest.approx((1 / 5) / (1 / 5 + 5 / 10))


def test_what_has_no_score_gets_no_verdict() -> None:
    recordings, scores, fold = separable(0.3)
    scores[0, :100] = np.nan
    made = evaluation.verdicts(recordings, scores, fold)
    assert made.given > 0.95
    assert made.caught > 0.95


def test_noise_gets_no_verdicts_that_would_hold() -> None:
    recordings, scores, fold = separable(50.0)
    _, band = evaluation.fitted(recordings, scores)
    kept = evaluation.proven(band, evaluation.verdicts(recordings, scores, fold))
    assert kept == Band(0.0, 1.0)


def test_a_side_that_was_wrong_too_often_or_never_tried_is_taken_away() -> None:
    good = Verdicts(given=0.5, wrong_fake=0.01, wrong_real=0.01, false_alarms=0.01, caught=0.5)
    band = Band(0.2, 0.9)
    assert evaluation.proven(band, good) == band
    assert evaluation.proven(band, Verdicts(0.5, 0.4, 0.01, 0.1, 0.5)) == Band(0.2, 1.0)
    assert evaluation.proven(band, Verdicts(0.5, 0.01, 0.4, 0.1, 0.5)) == Band(0.0, 0.9)
    assert evaluation.proven(band, Verdicts(0.0, np.nan, np.nan, 0.0, 0.0)) == Band(0.0, 1.0)


def test_the_curve_rises_and_crosses_a_half_between_the_classes() -> None:
    recordings, scores, _ = separable(1.0)
    curve, band = evaluation.fitted(recordings, scores)
    assert curve.slope > 0
    assert curve.prob_fake(np.array([0.0]))[0] == pytest.approx(0.5, abs=0.1)
    assert 0 <= band.real_below <= band.fake_above <= 1
