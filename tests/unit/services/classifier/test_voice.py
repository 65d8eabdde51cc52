"""The voice is judged by a curve of its own: the face's score does not know it, nor the voice's the face."""

import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import numpy as np
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from notreally.v1 import classifier_pb2, features_pb2

from services.audio.voice.shipped import SHIPPED_VOICE_NETWORK
from services.classifier.model import ModelError, TrainedModel, load
from services.classifier.settings import SHIPPED_MODEL
from services.classifier.vector import FEATURE_NAMES, columns
from services.kit.errors import refusal_of
from services.kit.networks.network_file import version_of
from tests.unit.services.classifier.test_server import NETWORK, classify, learned_from, model_in, serving
from training.fitting import model_file

if TYPE_CHECKING:
    from notreally.v1.classifier_pb2_grpc import ClassifierServiceAsyncStub as Stub

VOICE = "ab0123456789"
COLUMN = FEATURE_NAMES.index("voice_log_odds")


def curve(**changed: float) -> classifier_pb2.VoiceModel:
    """A voice is called real below log-odds of -1, and fake above 1."""
    sides = {"real_below": 1 / (1 + math.e), "fake_above": 1 / (1 + math.exp(-1))}
    numbers = {"slope": 1.0, "intercept": 0.0, "min": -4.0, "max": 6.0, **sides, **changed}
    made = classifier_pb2.VoiceModel(network=VOICE)
    for name, value in numbers.items():
        setattr(made, name, value)
    return made


def with_voice(folder: Path, voice: classifier_pb2.VoiceModel) -> TrainedModel:
    model_in(folder, face_networks=NETWORK, videos=learned_from(reading=1.0))
    model_file.set_voice(folder / "model.json", voice)
    return load(folder / "model.json")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> TrainedModel:
    return with_voice(tmp_path_factory.mktemp("voice"), curve(slope=0.7, intercept=-0.2))


@pytest_asyncio.fixture(scope="module")
async def stub(model: TrainedModel) -> "AsyncIterator[Stub]":
    async with serving(model) as served:
        yield served


READINGS = st.floats(-8, 8)
VALUES = st.lists(st.floats(-5, 5) | st.just(math.nan), min_size=10, max_size=10)


@given(READINGS, READINGS)
def test_the_probability_never_falls_when_the_reading_rises(model: TrainedModel, one: float, other: float) -> None:
    low, high = (model.voice(reading) for reading in sorted((one, other)))
    assert low is not None
    assert high is not None
    assert 0 < low.prob_fake <= high.prob_fake < 1
    order = ("real", "inconclusive", "fake")
    assert order.index(low.band) <= order.index(high.band)


@given(VALUES, READINGS | st.just(math.nan))
def test_the_faces_score_does_not_know_the_voice(model: TrainedModel, values: list[float], reading: float) -> None:
    silent, heard = np.array(values), np.array(values)
    silent[COLUMN], heard[COLUMN] = math.nan, reading
    without, with_it = model.score(silent), model.score(heard)
    assert with_it.prob_fake == without.prob_fake
    assert with_it.band == without.band
    assert (with_it.bias, with_it.raw_log_odds) == (without.bias, without.raw_log_odds)
    assert with_it.contributions.tobytes() == without.contributions.tobytes()
    assert with_it.contributions[COLUMN] == 0
    assert with_it.out_of_range == without.out_of_range


def test_the_probability_is_the_curves(model: TrainedModel) -> None:
    found = model.voice(3.0)
    assert found is not None
    assert found.prob_fake == pytest.approx(1 / (1 + math.exp(-(0.7 * 3 - 0.2))))


@pytest.mark.parametrize(
    ("reading", "band"), [(-1.1, "real"), (-0.9, "inconclusive"), (0.9, "inconclusive"), (1.1, "fake")]
)
def test_the_band_is_the_voices_own(tmp_path: Path, reading: float, band: str) -> None:
    found = with_voice(tmp_path, curve()).voice(reading)
    assert found is not None
    assert found.band == band


@pytest.mark.parametrize(
    ("reading", "outside"), [(-4.2, True), (-4.05, False), (-4, False), (6, False), (6.05, False), (6.2, True)]
)
def test_readings_that_the_curve_was_not_fitted_to_are_told(model: TrainedModel, reading: float, outside: bool) -> None:
    found = model.voice(reading)
    assert found is not None
    assert found.out_of_range is outside


def test_without_a_reading_or_a_curve_nothing_is_said_of_the_voice(model: TrainedModel, tmp_path: Path) -> None:
    assert model.voice(math.nan) is None
    assert model_in(tmp_path, face_networks=NETWORK).voice(3.0) is None


@pytest.mark.parametrize(
    "changed",
    [{"slope": -0.1}, {"slope": math.nan}, {"slope": math.inf}, {"intercept": math.nan}, {"intercept": -math.inf}],
)
def test_a_curve_that_is_no_rising_one_is_refused(tmp_path: Path, changed: dict[str, float]) -> None:
    with pytest.raises(ModelError, match="curve for voices"):
        with_voice(tmp_path, curve(**changed))


@pytest.mark.parametrize(
    "changed", [{"real_below": 0.8}, {"real_below": -0.1}, {"fake_above": 1.1}, {"fake_above": math.nan}]
)
def test_a_band_that_is_no_band_is_refused(tmp_path: Path, changed: dict[str, float]) -> None:
    with pytest.raises(ModelError, match="band for voices"):
        with_voice(tmp_path, curve(**changed))


@pytest.mark.parametrize("limit", [math.nan, math.inf])
def test_a_limit_for_stretches_that_is_no_number_is_refused(tmp_path: Path, limit: float) -> None:
    with pytest.raises(ModelError, match="limit for a stretch"):
        with_voice(tmp_path, curve(suspicious_above=limit))


def vector(**values: float | str) -> features_pb2.FeatureVector:
    made = features_pb2.FeatureVector(schema_version=2)
    for name, value in values.items():
        setattr(made, name, value)
    return made


async def test_the_answer_holds_the_voice_apart_from_the_face(stub: "Stub", model: TrainedModel) -> None:
    heard = vector(nose_jitter=0.5, face_appearance_log_odds=1.0, voice_log_odds=3.0, voice_network=VOICE)
    answer = await classify(stub, heard)
    wanted = model.voice(3.0)
    assert wanted is not None
    assert answer.voice.prob_fake == wanted.prob_fake
    assert answer.voice.band == classifier_pb2.BAND_FAKE
    assert not answer.voice.out_of_range
    face = model.score(columns(heard))
    assert answer.prob_fake == face.prob_fake
    (told,) = [one for one in answer.contributions if one.feature == "voice_log_odds"]
    assert (told.value, told.contribution) == (3.0, 0.0)
    assert not (await classify(stub, vector(nose_jitter=0.5))).HasField("voice")


async def test_a_reading_of_another_network_is_refused(stub: "Stub") -> None:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await classify(stub, vector(voice_log_odds=3.0, voice_network="cd0123456789"))
    refusal = refusal_of(error.value)
    assert refusal is not None
    assert error.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert refusal.reason == "VOICE_NETWORK_MISMATCH"
    assert refusal.metadata == {"sent": "cd0123456789", "expected": VOICE}


async def test_a_model_without_a_voice_takes_any_reading_and_says_nothing_of_it(tmp_path: Path) -> None:
    async with serving(model_in(tmp_path, face_networks=NETWORK)) as stub:
        answer = await classify(stub, vector(voice_log_odds=3.0, voice_network="any"))
        assert not answer.HasField("voice")


def test_a_voice_lies_in_the_model_file_beside_trees_that_it_leaves_alone(tmp_path: Path) -> None:
    before = model_in(tmp_path, face_networks=NETWORK)
    read_before = model_file.read(tmp_path / "model.json")
    assert model_file.voice_of(tmp_path / "model.json") is None
    model_file.set_voice(tmp_path / "model.json", curve())
    after, read_after = load(tmp_path / "model.json"), model_file.read(tmp_path / "model.json")
    assert model_file.voice_of(tmp_path / "model.json") == curve()
    for description in (read_before[0], read_after[0]):
        description.ClearField("voice")
        del description.features[COLUMN]
    assert read_after == read_before, "version, calibration and fingerprint of the videos among it"
    for values in np.random.default_rng(0).normal(size=(20, 10)):
        assert after.score(values).prob_fake == before.score(values).prob_fake
        assert after.score(values).contributions.tobytes() == before.score(values).contributions.tobytes()
    model_file.set_voice(tmp_path / "model.json", curve(slope=2.0))
    assert model_file.voice_of(tmp_path / "model.json") == curve(slope=2.0)


def test_no_model_file_has_no_voice(tmp_path: Path) -> None:
    assert model_file.voice_of(tmp_path / "model.json") is None
    (tmp_path / "model.json").write_text("{}")
    with pytest.raises(ValueError, match="not a model written by"):
        model_file.set_voice(tmp_path / "model.json", curve())


def test_what_is_usual_in_voices_is_what_the_curve_was_fitted_to(tmp_path: Path) -> None:
    found = with_voice(tmp_path, curve(p01=-2.0, p05=-1.5, p50=0.0, p95=1.0, p99=2.0)).description.features[COLUMN]
    assert (found.feature, found.p01, found.p05, found.p50) == ("voice_log_odds", -2.0, -1.5, 0.0)
    assert (found.p95, found.p99, found.min, found.max) == (1.0, 2.0, -4.0, 6.0)


def test_the_shipped_model_judges_by_the_shipped_network() -> None:
    description = load(SHIPPED_MODEL).description
    assert description.voice.network == version_of(SHIPPED_VOICE_NETWORK.read_bytes())
    assert description.voice.slope > 0
