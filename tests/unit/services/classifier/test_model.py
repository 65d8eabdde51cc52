"""The model file: what is accepted, what is refused, and what a score is made of."""

import hashlib
import itertools
import json
import math
import pickle
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import xgboost
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st
from notreally.v1 import classifier_pb2
from numpy.typing import NDArray
from scipy.special import logsumexp

from services.classifier.model import (
    CALIBRATION_ATTRIBUTE,
    DESCRIPTION_ATTRIBUTE,
    NETWORKS_ATTRIBUTE,
    ModelError,
    TrainedModel,
    load,
)
from services.classifier.soft_maximum import SoftMaximum, Term
from services.classifier.vector import FEATURE_NAMES

SLOPE, INTERCEPT = 0.5, 0.25


def description() -> classifier_pb2.Model:
    model = classifier_pb2.Model(
        version="test", schema_version=2, real_below=0.4, fake_above=0.6, prior_fake=0.5, training_videos=200
    )
    model.trained_time.FromDatetime(datetime(2024, 1, 1, tzinfo=UTC))
    for name in FEATURE_NAMES:
        model.features.append(
            classifier_pb2.FeatureSummary(feature=name, p01=-2, p05=-1.5, p50=0, p95=1.5, p99=2, min=-3, max=3)
        )
    return model


def booster(names: tuple[str, ...] = FEATURE_NAMES, **parameters: str) -> xgboost.Booster:
    """Trees that look at the second feature alone: the larger, the more fake."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(200, len(names)))
    fake = features[:, 1] > 0
    features[:, np.arange(len(names)) != 1] = 0.0
    matrix = xgboost.DMatrix(features, fake, feature_names=list(names), nthread=1)
    settings = {"objective": "binary:logistic", "max_depth": 2, "nthread": 1, **parameters}
    return xgboost.train(settings, matrix, num_boost_round=10)


NETWORKS = ("face_appearance_log_odds", "face_blending_log_odds", "face_motion_log_odds")
TERM = {"usual": 0.5, "spread": 2.0, "unknown": 0.3}
FLAT = {"slope": 0.0, "intercept": 0.0, "terms": {}}


def write(
    path: Path,
    *,
    trees: xgboost.Booster | None = None,
    described: classifier_pb2.Model | None = None,
    calibration: object = None,
    networks: object = None,
) -> Path:
    trees = trees or booster()
    trees.set_attr(
        **{
            DESCRIPTION_ATTRIBUTE: json_format.MessageToJson(described or description()),
            NETWORKS_ATTRIBUTE: json.dumps(FLAT if networks is None else networks),
            CALIBRATION_ATTRIBUTE: json.dumps(calibration or {"slope": SLOPE, "intercept": INTERCEPT}),
        }
    )
    trees.save_model(path)
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> TrainedModel:
    return load(write(tmp_path_factory.mktemp("model") / "model.json"))


def steeper(slope: float = 1.5, intercept: float = 0.0) -> dict[str, object]:
    """A soft maximum of three networks' scores, which are 0.5 ± 2 on real videos, and 1.1 where they are missing."""
    return {"slope": slope, "intercept": intercept, "terms": dict.fromkeys(NETWORKS, TERM)}


def row(**values: float) -> NDArray[np.float64]:
    return np.array([values.get(name, math.nan) for name in FEATURE_NAMES])


def test_the_contributions_and_the_bias_sum_to_the_log_odds_of_the_trees(model: TrainedModel) -> None:
    values = row(nose_jitter=0.7, face_appearance_log_odds=0.0)
    score = model.score(values)
    matrix = xgboost.DMatrix(values[np.newaxis], feature_names=list(FEATURE_NAMES))
    expected = float(booster().predict(matrix, output_margin=True)[0])
    assert score.bias + score.contributions.sum() == pytest.approx(score.raw_log_odds, abs=1e-12)
    assert score.raw_log_odds == pytest.approx(expected, abs=1e-5)


def test_each_feature_says_whether_it_can_move_the_score(model: TrainedModel, tmp_path: Path) -> None:
    def used(of: TrainedModel) -> set[str]:
        return {feature.feature for feature in of.description.features if feature.used}

    assert used(model) == {"nose_jitter"}
    assert used(load(write(tmp_path / "m.json", networks=steeper()))) == {"nose_jitter", *NETWORKS}


def test_the_networks_add_a_soft_maximum_to_what_the_trees_say(model: TrainedModel, tmp_path: Path) -> None:
    steep = load(write(tmp_path / "m.json", networks=steeper(intercept=0.25)))
    values = row(nose_jitter=0.7, **dict(zip(NETWORKS, (4.5, -1.5, 0.5), strict=True)))
    plain, added = model.score(values), steep.score(values)
    # In standard deviations of real videos: 2, -1 and 0.
    wanted = 0.25 + 1.5 * math.log((math.exp(2) + math.exp(-1) + 1) / 3)
    assert added.raw_log_odds == pytest.approx(plain.raw_log_odds + wanted)
    assert added.bias == pytest.approx(plain.bias + 0.25 + 1.5 * 0.3)
    difference = added.contributions - plain.contributions
    assert difference.sum() == pytest.approx(wanted - 0.25 - 1.5 * 0.3)
    assert set(np.flatnonzero(difference)) == {FEATURE_NAMES.index(name) for name in NETWORKS}
    assert difference[FEATURE_NAMES.index(NETWORKS[0])] > 0 > difference[FEATURE_NAMES.index(NETWORKS[1])]


def test_networks_that_say_the_same_have_the_same_share(model: TrainedModel, tmp_path: Path) -> None:
    steep = load(write(tmp_path / "m.json", networks=steeper()))
    values = row(nose_jitter=0.7, **dict.fromkeys(NETWORKS, 2.5))
    difference = steep.score(values).contributions - model.score(values).contributions
    assert difference[[FEATURE_NAMES.index(name) for name in NETWORKS]] == pytest.approx([0.5 * (1 - 0.3)] * 3)


@given(st.lists(st.floats(-8, 8), min_size=3, max_size=3))
def test_contributions_are_shapley_values(scores: list[float]) -> None:
    """Over all orders, what each adds when it comes after those before it."""
    known = SoftMaximum(1.5, 0.0, {name: Term(0.5, 2.0, 0.3) for name in NETWORKS})
    z = {name: (score - 0.5) / 2 for name, score in zip(NETWORKS, scores, strict=True)}
    totals = dict.fromkeys(NETWORKS, 0.0)
    for order in itertools.permutations(NETWORKS):
        shown = dict.fromkeys(NETWORKS, 0.3)
        for name in order:
            before = logsumexp(list(shown.values()))
            shown[name] = z[name]
            totals[name] += 1.5 * (logsumexp(list(shown.values())) - before) / 6
    assert known.contributions(dict(zip(NETWORKS, scores, strict=True))) == pytest.approx(totals, abs=1e-9)


@pytest.mark.parametrize("reading", NETWORKS)
def test_a_missing_network_feature_adds_nothing(tmp_path: Path, reading: str) -> None:
    steep = load(write(tmp_path / "m.json", networks=steeper()))
    others = {name: 3.0 for name in NETWORKS if name != reading}
    missing, unknown = (steep.score(row(nose_jitter=0.7, **others, **own)) for own in ({}, {reading: 1.1}))
    assert missing.raw_log_odds == pytest.approx(unknown.raw_log_odds)
    assert missing.contributions[FEATURE_NAMES.index(reading)] == 0


@pytest.mark.parametrize("reading", NETWORKS)
def test_a_network_feature_that_the_trees_do_not_use_can_be_out_of_range(
    model: TrainedModel, tmp_path: Path, reading: str
) -> None:
    steep = load(write(tmp_path / "m.json", networks=steeper()))
    assert steep.score(row(**{reading: 9.0})).out_of_range
    assert not model.score(row(**{reading: 9.0})).out_of_range


@pytest.mark.parametrize(
    "networks",
    [
        {},
        [1, 2],
        "x",
        {**FLAT, "terms": {"unheard_of": TERM}},
        {**FLAT, "terms": dict.fromkeys(FEATURE_NAMES, TERM)},
        {**FLAT, "terms": {NETWORKS[0]: {**TERM, "spread": 0.0}}},
        {**FLAT, "terms": {NETWORKS[0]: {**TERM, "usual": math.inf}}},
        {**FLAT, "terms": {NETWORKS[0]: 3}},
        {**FLAT, "slope": -1.0},
        {**FLAT, "intercept": math.nan},
    ],
)
def test_a_soft_maximum_that_is_none_is_refused(tmp_path: Path, networks: object) -> None:
    with pytest.raises(ModelError, match=r"soft maximum|networks that this service does not know"):
        load(write(tmp_path / "m.json", networks=networks))


def test_the_probability_is_the_calibrated_log_odds(model: TrainedModel) -> None:
    score = model.score(row(nose_jitter=0.7))
    assert score.prob_fake == pytest.approx(1 / (1 + math.exp(-(SLOPE * score.raw_log_odds + INTERCEPT))))


@pytest.mark.parametrize(("slope", "expected"), [(1e6, 1.0), (0.0, 1 / (1 + math.exp(-0.25)))])
def test_an_extreme_calibration_stays_a_probability(tmp_path: Path, slope: float, expected: float) -> None:
    model = load(write(tmp_path / "m.json", calibration={"slope": slope, "intercept": INTERCEPT}))
    assert model.score(row(nose_jitter=1.0)).prob_fake == pytest.approx(expected)
    assert 0 <= model.score(row(nose_jitter=-1.0)).prob_fake <= 1


def test_the_band_follows_the_probability(model: TrainedModel) -> None:
    assert model.score(row(nose_jitter=1.0)).band == "fake"
    assert model.score(row(nose_jitter=-1.0)).band == "real"


@pytest.mark.parametrize(("real_below", "fake_above"), [(0.0, 1.0), (0.1, 0.99)])
def test_between_the_thresholds_nothing_is_decided(tmp_path: Path, real_below: float, fake_above: float) -> None:
    wide = description()
    wide.real_below, wide.fake_above = real_below, fake_above
    model = load(write(tmp_path / "m.json", described=wide))
    assert {model.score(row(nose_jitter=x)).band for x in (-1.0, 0.0, 1.0)} == {"inconclusive"}


def test_only_the_feature_that_is_looked_at_contributes(model: TrainedModel) -> None:
    contributions = model.score(row(nose_jitter=1.0, mfcc_std=2.0)).contributions
    assert contributions[FEATURE_NAMES.index("nose_jitter")] > 1
    assert np.count_nonzero(contributions) == 1


def test_a_value_outside_the_training_range_is_flagged_with_a_margin_for_rounding(model: TrainedModel) -> None:
    assert not model.score(row(nose_jitter=3.0)).outside.any()
    assert not model.score(row(nose_jitter=3.05)).outside.any()
    score = model.score(row(nose_jitter=3.07))
    assert score.outside.tolist() == [name == "nose_jitter" for name in FEATURE_NAMES]
    assert score.out_of_range


def test_a_missing_value_is_not_out_of_range(model: TrainedModel) -> None:
    score = model.score(row())
    assert not score.outside.any()
    assert not score.out_of_range


def test_a_feature_that_the_trees_ignore_does_not_make_the_whole_out_of_range(model: TrainedModel) -> None:
    score = model.score(row(mfcc_mean=99.0))
    assert score.outside[FEATURE_NAMES.index("mfcc_mean")]
    assert not score.out_of_range


def test_a_feature_never_seen_in_training_is_out_of_range_when_it_appears(tmp_path: Path) -> None:
    unseen = description()
    unseen.features[FEATURE_NAMES.index("mfcc_mean")].min = math.nan
    unseen.features[FEATURE_NAMES.index("mfcc_mean")].max = math.nan
    score = load(write(tmp_path / "m.json", described=unseen)).score(row(mfcc_mean=0.0))
    assert score.outside[FEATURE_NAMES.index("mfcc_mean")]


@given(st.lists(st.floats(min_value=-1e30, max_value=1e30) | st.just(math.nan), min_size=10, max_size=10))
def test_any_vector_gets_the_same_finite_score_twice(model: TrainedModel, values: list[float]) -> None:
    first, second = model.score(np.array(values)), model.score(np.array(values))
    assert 0 <= first.prob_fake <= 1
    assert np.isfinite(first.contributions).all()
    assert first.prob_fake == second.prob_fake
    assert first.contributions.tolist() == second.contributions.tolist()


def test_both_formats_of_xgboost_are_read_and_score_alike(tmp_path: Path) -> None:
    as_json, as_ubj = load(write(tmp_path / "m.json")), load(write(tmp_path / "m.ubj"))
    assert as_json.score(row(nose_jitter=0.3)).prob_fake == as_ubj.score(row(nose_jitter=0.3)).prob_fake


def test_the_hash_is_that_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "m.json")
    assert load(path).description.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("suffix", [".pkl", ".pickle", ".joblib", ".onnx", ""])
def test_a_file_of_another_kind_is_refused_before_it_is_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"model{suffix}"
    path.write_bytes(write(tmp_path / "m.json").read_bytes())
    with pytest.raises(ModelError, match="Pickled models are never loaded"):
        load(path)


def test_a_pickle_under_a_false_name_is_refused_and_not_run(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    path = tmp_path / "model.json"
    path.write_bytes(pickle.dumps(_Touch(marker)))
    with pytest.raises(ModelError, match="not in XGBoost's"):
        load(path)
    assert not marker.exists()


class _Touch:
    """Creates a file when unpickled."""

    def __init__(self, marker: Path):
        self.marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.marker,))


@pytest.mark.parametrize(
    "content", [b"", b"{", b"{}", b'{"learner": 3}', b'{"learner": {}}', b"{L\x00", b"[1]", b"\x00" * 99]
)
def test_a_file_without_a_model_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.ubj"
    path.write_bytes(content)
    with pytest.raises(ModelError):
        load(path)


@pytest.mark.parametrize("suffix", [".json", ".ubj"])
@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.9, 0.999])
def test_a_file_cut_short_is_refused(tmp_path: Path, suffix: str, share: float) -> None:
    path = write(tmp_path / f"m{suffix}")
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ModelError):
        load(path)


def test_a_cut_that_ends_xgboost_ends_no_service(tmp_path: Path) -> None:
    content = write(tmp_path / "whole.ubj").read_bytes()
    for length in (21, 139, len(content) // 3):
        (tmp_path / "m.ubj").write_bytes(content[:length])
        with pytest.raises(ModelError, match="broken"):
            load(tmp_path / "m.ubj")


def test_a_whole_model_in_ubjson_is_read(model: TrainedModel, tmp_path: Path) -> None:
    values = row(nose_jitter=0.7)
    assert load(write(tmp_path / "m.ubj")).score(values).raw_log_odds == pytest.approx(model.score(values).raw_log_odds)


def test_a_missing_file_and_a_folder_are_refused_with_a_hint_and_without_the_folders_above(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="Set MODEL_PATH") as missing:
        load(tmp_path / "none.json")
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(ModelError, match="does not name a file"):
        load(tmp_path / "folder.json")
    assert str(tmp_path) not in str(missing.value)


def test_a_plain_xgboost_model_is_refused(tmp_path: Path) -> None:
    booster().save_model(tmp_path / "m.json")
    with pytest.raises(ModelError, match="has no description"):
        load(tmp_path / "m.json")


def test_a_model_of_other_features_is_refused(tmp_path: Path) -> None:
    names = (*FEATURE_NAMES[:-1], "something_else")
    with pytest.raises(ModelError, match="other features"):
        load(write(tmp_path / "m.json", trees=booster(names)))
    swapped = description()
    swapped.features.reverse()
    with pytest.raises(ModelError, match="other features"):
        load(write(tmp_path / "m.json", described=swapped))


@pytest.mark.parametrize("parameters", [{"objective": "reg:squarederror"}, {"booster": "dart"}])
def test_another_kind_of_model_is_refused(tmp_path: Path, parameters: dict[str, str]) -> None:
    with pytest.raises(ModelError, match="another kind"):
        load(write(tmp_path / "m.json", trees=booster(FEATURE_NAMES, **parameters)))


@pytest.mark.parametrize(
    "calibration",
    [{"slope": -1.0, "intercept": 0.0}, {"slope": math.nan, "intercept": 0.0}, {"slope": 1.0}, [1, 2], "x"],
)
def test_a_calibration_that_is_no_rising_curve_is_refused(tmp_path: Path, calibration: object) -> None:
    with pytest.raises(ModelError, match="calibration"):
        load(write(tmp_path / "m.json", calibration=calibration))


@pytest.mark.parametrize(("real_below", "fake_above"), [(0.7, 0.6), (-0.1, 0.6), (0.4, 1.1), (math.nan, 0.6)])
def test_a_band_that_is_no_band_is_refused(tmp_path: Path, real_below: float, fake_above: float) -> None:
    wrong = description()
    wrong.real_below, wrong.fake_above = real_below, fake_above
    with pytest.raises(ModelError, match="band"):
        load(write(tmp_path / "m.json", described=wrong))
