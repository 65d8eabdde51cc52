"""Labels and measurements come together; what cannot be learned from is left out, with a reason."""

from pathlib import Path

import numpy as np

from training.data.clips import Clip, Dataset
from training.data.vectors import FEATURE_NAMES, Row
from training.data.videos import APPEARANCE, BITS, BLENDING, MOTION, SOUND, assemble


def row(sha256: str, features: int = 10, insufficient: str = "") -> Row:
    values = {name: float(place) if place < features else None for place, name in enumerate(FEATURE_NAMES)}
    return {"sha256": sha256, **values, "insufficient": insufficient}


def clip(name: str, *, fake: bool) -> Clip:
    return Clip(Path(name), fake, f"person of {name}", "studio", "swap" if fake else "none", "page")


def test_rows_pairs_and_gaps_arrive_where_they_belong() -> None:
    clips = (clip("a", fake=False), clip("b", fake=True), clip("c", fake=False))
    dataset = Dataset(clips, ((Path("a"), Path("b")), (Path("c"), Path("gone"))), ())
    rows = {Path("a"): row("1"), Path("b"): row("2", features=7), Path("c"): row("3")}
    read = [np.array([[1.0, 2.0] * 3, [0.0, 1.0] * 3]), np.array([[-1.0] * 6, [9.0] * 6]), np.full((2, 1), 9.0)]
    spans = [np.array([0.5, 1.0]), np.array([20.0]), np.empty(0)]
    videos = assemble(dataset, rows, np.array([0, 1, 2]), read, spans).videos
    assert videos.fake.tolist() == [False, True, False]
    assert np.isnan(videos.features[1]).tolist() == [False] * 7 + [True] * 3
    others = np.setdiff1d(np.arange(10), [APPEARANCE, BLENDING, MOTION])
    assert videos.features[0, others].tolist() == others.tolist()
    assert videos.features[:2, APPEARANCE].tolist() == [1.5, -1.0]
    assert videos.features[:2, BLENDING].tolist() == [0.5, 8.0]
    assert videos.features[:2, MOTION].tolist() == [0.75, 8.0]
    # What the services' own networks said is not used; others scored too few portraits of the third, and no span.
    assert np.isnan(videos.features[2, [APPEARANCE, BLENDING, MOTION]]).all()
    assert videos.sources.tolist() == ["page"] * 3
    assert videos.fold.tolist() == [0, 1, 2]
    assert videos.clips.tolist() == [0, 1, 2]
    assert videos.pairs.tolist() == [[0, 1]]
    assert videos.paired.tolist() == [True, True, False]


def test_poor_vectors_are_left_out() -> None:
    clips = (clip("a", fake=False), clip("poor", fake=True), clip("unmeasured", fake=True))
    rows = {Path("a"): row("1"), Path("poor"): row("2", features=3)}
    read, spans = [np.empty((2, 0))] * len(clips), [np.empty(0)] * len(clips)
    assembled = assemble(Dataset(clips, ((Path("a"), Path("poor")),), ()), rows, np.arange(len(clips)), read, spans)
    assert len(assembled.videos) == 1
    assert {path.name: why for path, why in assembled.left_out.items()} == {"poor": "only 2 features could be measured"}
    assert assembled.videos.pairs.shape == (0, 2)


def test_evidence_too_small_for_a_verdict_is_remembered() -> None:
    clips = tuple(clip(name, fake=False) for name in "abc")
    rows = {
        Path("a"): row("1"),
        Path("b"): row("2", insufficient="TRACK_TOO_SHORT"),
        # With the scores of the services' own network there were five features; another scored too few portraits.
        Path("c"): row("3", features=6),
    }
    read = [np.zeros((2, 6)), np.zeros((2, 6)), np.zeros((2, 1))]
    videos = assemble(Dataset(clips, (), ()), rows, np.arange(3), read, [np.zeros(1)] * 3).videos
    assert videos.judged.tolist() == [True, False, False]


def test_the_columns_of_sound_and_bits_are_found_by_what_they_are() -> None:
    assert [FEATURE_NAMES[column] for column in SOUND] == ["voice_log_odds", "mfcc_mean", "mfcc_std", "av_sync_corr"]
    assert FEATURE_NAMES[BITS] == "log10_bits_per_pixel"
