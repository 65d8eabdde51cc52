"""What a forger makes of recordings: where a splice lies, what is heard, and what counts as found."""

from pathlib import Path

import numpy as np
import pytest
from notreally.v1.classifier_pb2 import VoiceModel

from tests.unit.training.voices.made import recording, small_weights, spoken, write_wav
from training.voices import dubs
from training.voices.augmentation import SAMPLE_RATE_HZ
from training.voices.dubs import Dub, Heard, hear, spliced, splices, whole_dubs
from training.voices.figures import called, marked, suspicion_limit
from training.voices.head import Head
from training.voices.network import export_encoder
from training.voices.recordings import Recording

VOICE = VoiceModel(slope=1.0, intercept=0.0, fake_above=0.9, suspicious_above=2.5)
"""A dub is called fake above log-odds of 2.2."""


def rows(*counts: tuple[str, str, int]) -> list[Recording]:
    return [
        recording(f"{page} {system} {number}", fake=bool(system), system=system, page=page)
        for page, system, count in counts
        for number in range(count)
    ]


def test_a_dub_is_of_one_page_and_all_real_or_by_one_system() -> None:
    made = whole_dubs(rows(("a", "", 7), ("a", "one", 3), ("a", "two", 2), ("b", "one", 30)))
    assert [(dub.page, dub.fake, len(dub.pieces)) for dub in made] == [
        *[("a", False, 3)] * 2,
        ("a", True, 3),
        *[("b", True, 3)] * 3,
    ]
    assert all(len({one.system for one in dub.pieces}) == 1 for dub in made)


def test_of_every_piece_with_a_splice_there_is_one_without() -> None:
    made = splices(rows(("a", "", 14), ("a", "one", 2), ("b", "", 7)))
    assert [dub.fake for dub in made] == [False, True, False, True, False]
    assert made[0].pieces == made[1].pieces
    assert made[1].splice != made[3].splice, "another each time"
    assert made[4].page == "b", "nothing there could be spliced in"


def test_a_splice_lies_where_it_is_said_and_away_from_the_ends() -> None:
    whole, splice = np.zeros(20 * SAMPLE_RATE_HZ, np.float32), np.ones(4 * SAMPLE_RATE_HZ, np.float32)
    places = set()
    for seed in range(5):
        sound, place = spliced(whole, splice, np.random.default_rng(seed))
        first, end = (np.flatnonzero(sound)[[0, -1]] + [0, 1]) / SAMPLE_RATE_HZ
        assert (first, end) == pytest.approx(tuple(place))
        assert len(sound) == len(whole)
        assert end - first == pytest.approx(3)
        assert 2 <= first < end <= 18
        places.add(first)
    assert len(places) == 5


def test_stretches_are_those_of_the_service_and_computed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export_encoder(small_weights(), tmp_path / "encoder.onnx", blocks=1)
    pieces = tuple(
        recording(str(write_wav(tmp_path / f"{seed}.wav", spoken(2.5, seed=seed)).with_suffix(""))) for seed in range(3)
    )
    dub = Dub(pieces[:2], pieces[2])
    (heard,) = hear([dub], tmp_path / "encoder.onnx", tmp_path / "cache", jobs=1)
    assert len(heard.values) == len(heard.start_s) > 1
    assert np.all(heard.end_s - heard.start_s == 2)
    assert heard.splice_s[1] - heard.splice_s[0] == pytest.approx(2.5)
    monkeypatch.setattr(dubs, "_hear_into", lambda *_: pytest.fail("made again"))
    (again,) = hear([dub], tmp_path / "encoder.onnx", tmp_path / "cache", jobs=1)
    assert again.values.tobytes() == heard.values.tobytes()


def scored(*log_odds: float, splice_s: tuple[float, float] = (np.nan, np.nan)) -> Heard:
    """Stretches of two seconds, a second apart, of which a head that passes on its input makes these."""
    start_s = np.arange(len(log_odds), dtype=np.float64)
    return Heard(np.array(log_odds, np.float32)[:, np.newaxis], start_s, start_s + 2, np.array(splice_s))


class PassedOn(Head):
    """Gives what it is shown."""

    def score(self, features: np.ndarray) -> np.ndarray:
        return np.asarray(features[:, 0], np.float64)


def heads(*pages: str) -> list[dict[str, Head]]:
    one = np.zeros(1, np.float32)
    return [dict.fromkeys(pages, PassedOn(one, one, one, 0.0))]


def test_a_dub_is_called_by_the_mean_of_its_limited_readings() -> None:
    real, fake = rows(("a", "", 1)), rows(("a", "one", 1))
    made = [Dub(tuple(fake))] * 3 + [Dub(tuple(real))] * 2
    heard = [scored(3.0, 2.0), scored(2.0, 2.0), scored(900.0, -8.0), scored(-1.0), scored(5.0)]
    assert called(made, heard, heads("a"), VOICE) == {
        "synthesised": 3,
        "real": 2,
        "synthesised called fake": pytest.approx(1 / 3),
        "real called fake": 0.5,
    }


def test_a_mark_counts_where_half_of_it_is_spliced() -> None:
    real, fake = rows(("a", "", 1)), rows(("a", "one", 1))[0]
    made = [Dub(tuple(real), fake)] * 3 + [Dub(tuple(real))]
    where = (3.0, 6.0)
    heard = [
        scored(0, 0, 3, 0, 0, splice_s=where),
        scored(0, 3, 0, 0, 0, splice_s=where),
        scored(0, 0, 0, 0, 0, splice_s=where),
        scored(0, 3, 0, 0, 0),
    ]
    assert marked(made, heard, heads("a"), VOICE) == {
        "spliced": 3,
        "real": 1,
        "marked in the splice": pytest.approx(1 / 3),
        "marked anywhere": pytest.approx(2 / 3),
        "real marked": 1.0,
    }


def test_one_in_ten_real_pieces_has_a_mark() -> None:
    real, fake = rows(("a", "", 1)), rows(("a", "one", 1))[0]
    made = [Dub(tuple(real))] * 100 + [Dub(tuple(real), fake)]
    heard = [scored(-1.0, number / 20) for number in range(100)] + [scored(7.0)]
    limit = suspicion_limit(made, heard, heads("a"))
    assert limit is not None
    assert sum(number / 20 > limit for number in range(100)) == 10
    assert suspicion_limit([], [], heads("a")) is None


def test_without_any_there_is_no_rate() -> None:
    assert np.isnan(called([], [], heads("a"), VOICE)["real called fake"])  # type: ignore[call-overload]
    assert np.isnan(marked([], [], heads("a"), VOICE)["marked anywhere"])  # type: ignore[call-overload]
