"""ClassifierService over a real socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import numpy as np
import pytest
import pytest_asyncio
from notreally.v1 import classifier_pb2, classifier_pb2_grpc, features_pb2

from services.classifier.model import TrainedModel, load
from services.classifier.server import SERVICE_NAME, ClassifierServicer
from services.classifier.settings import SHIPPED_MODEL, ClassifierSettings
from services.classifier.vector import FEATURE_NAMES
from services.kit.errors import refusal_of
from services.kit.serving.server import running
from training.data.videos import Videos
from training.fitting import model_file
from training.fitting.calibration import Band, Calibration
from training.fitting.model import Recipe, fit_trees, log_odds

if TYPE_CHECKING:
    from notreally.v1.classifier_pb2_grpc import ClassifierServiceAsyncStub as Stub

NETWORK = "0123456789ab"


@pytest_asyncio.fixture(scope="module")
async def stub(
    tmp_path_factory: pytest.TempPathFactory,
) -> "AsyncIterator[Stub]":
    """A service with a model as `training` writes it: the two may not import each other; this holds them together."""
    async with serving(model_in(tmp_path_factory.mktemp("model"), face_networks=NETWORK)) as served:
        yield served


def learned_from(*, reading: float = 0.0) -> Videos:
    """Videos whose nose jitter gives them away, and what a network read in them as far as `reading` says."""
    rng = np.random.default_rng(0)
    fake = np.arange(120) % 2 == 1
    features = rng.normal(size=(120, 10))
    features[:, 0] += np.where(fake, 1.5, -1.5)
    features[:, FEATURE_NAMES.index("face_appearance_log_odds")] += np.where(fake, reading, -reading)
    names = np.array([str(number) for number in range(120)])
    rows = np.arange(120)
    pairs = np.empty((0, 2), dtype=np.intp)
    return Videos(features, fake, names, names, names, pairs, names, rows % 4, rows, rows >= 0)


def model_in(folder: Path, *, face_networks: str, videos: Videos | None = None) -> TrainedModel:
    videos = videos or learned_from()
    booster = fit_trees(videos, np.arange(120), Recipe(seed=0, learn_sound=False))
    calibration, band = Calibration(1.0, 0.0), Band(0.4, 0.6)
    described = model_file.describe(
        booster,
        videos,
        calibration,
        band,
        schema_version=2,
        face_networks=face_networks,
        cross_validated_auc=0.9,
        trained=datetime(2024, 1, 1, tzinfo=UTC),
    )
    path = folder / "model.json"
    model_file.write(path, booster, described, calibration)
    return load(path)


@asynccontextmanager
async def serving(model: TrainedModel) -> "AsyncIterator[Stub]":
    servicer = ClassifierServicer(model)

    def add(server: grpc.aio.Server) -> None:
        classifier_pb2_grpc.add_ClassifierServiceServicer_to_server(servicer, server)

    settings = ClassifierSettings(listen="127.0.0.1:0")
    async with (
        running([SERVICE_NAME], add, settings) as port,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        yield classifier_pb2_grpc.ClassifierServiceStub(channel)


async def classify(stub: "Stub", vector: features_pb2.FeatureVector) -> classifier_pb2.ClassifyResponse:
    return await stub.Classify(classifier_pb2.ClassifyRequest(features=vector))


def test_the_service_scores_as_training_did(tmp_path: Path) -> None:
    videos = learned_from(reading=1.0)
    model = model_in(tmp_path, face_networks=NETWORK, videos=videos)
    wanted = log_odds(fit_trees(videos, np.arange(120), Recipe(seed=0, learn_sound=False)), videos.features)
    scored = [model.score(row).raw_log_odds for row in videos.features]
    assert scored == pytest.approx(wanted, abs=1e-5)


async def test_a_fake_vector_is_called_fake_for_the_right_reason(
    stub: "Stub",
) -> None:
    response = await classify(
        stub, features_pb2.FeatureVector(schema_version=2, blink_rate_per_min=2.0, face_appearance_log_odds=0.0)
    )
    assert response.band == classifier_pb2.BAND_FAKE
    assert response.prob_fake > 0.6
    strongest = max(response.contributions, key=lambda reason: reason.contribution)
    assert (strongest.feature, strongest.modality, strongest.value) == (
        "blink_rate_per_min",
        features_pb2.MODALITY_FACE,
        2.0,
    )
    total = response.bias + sum(reason.contribution for reason in response.contributions)
    assert total == pytest.approx(response.raw_log_odds)


async def test_a_missing_feature_has_no_value_in_the_reasons(
    stub: "Stub",
) -> None:
    response = await classify(stub, features_pb2.FeatureVector(schema_version=2, blink_rate_per_min=-2.0))
    assert [reason.feature for reason in response.contributions if reason.HasField("value")] == ["blink_rate_per_min"]
    assert len(response.contributions) == 10


async def test_features_hidden_in_training_contribute_nothing_and_raise_no_flag(
    stub: "Stub",
) -> None:
    response = await classify(
        stub, features_pb2.FeatureVector(schema_version=2, blink_rate_per_min=0.0, av_sync_corr=50.0)
    )
    sound = {reason.feature: reason for reason in response.contributions}["av_sync_corr"]
    assert sound.contribution == 0
    assert sound.out_of_range
    assert not response.out_of_range


async def test_a_vector_of_another_schema_is_refused(stub: "Stub") -> None:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await classify(stub, features_pb2.FeatureVector(schema_version=1))
    refusal = refusal_of(error.value)
    assert refusal is not None
    assert error.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert (refusal.reason, refusal.metadata) == ("SCHEMA_MISMATCH", {"sent": "1", "expected": "2"})


async def test_scores_of_other_networks_are_refused(stub: "Stub") -> None:
    vector = features_pb2.FeatureVector(schema_version=2, face_appearance_log_odds=1.0, face_networks="ba9876543210")
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await classify(stub, vector)
    refusal = refusal_of(error.value)
    assert refusal is not None
    assert error.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert refusal.reason == "FACE_NETWORKS_MISMATCH"
    assert refusal.metadata == {"sent": "ba9876543210", "expected": NETWORK}


async def test_scores_of_its_own_networks_and_vectors_without_such_scores_are_taken(stub: "Stub") -> None:
    own = features_pb2.FeatureVector(schema_version=2, face_appearance_log_odds=1.0, face_networks=NETWORK)
    for vector in (own, features_pb2.FeatureVector(schema_version=2, blink_rate_per_min=0.1)):
        assert (await classify(stub, vector)).model_version


async def test_a_model_that_knows_no_networks_takes_the_scores_of_any(tmp_path: Path) -> None:
    """Such as one trained on vectors in which no face was large enough."""
    model = model_in(tmp_path, face_networks="")
    async with serving(model) as stub:
        vector = features_pb2.FeatureVector(schema_version=2, face_appearance_log_odds=1.0, face_networks="any")
        assert (await classify(stub, vector)).model_version


async def test_the_model_describes_itself(stub: "Stub") -> None:
    model = await stub.GetModel(classifier_pb2.GetModelRequest())
    response = await classify(stub, features_pb2.FeatureVector(schema_version=2))
    assert model.version == response.model_version
    assert model.training_videos == 120
    assert len(model.sha256) == 64
    assert [feature.modality for feature in model.features][-2:] == [
        features_pb2.MODALITY_FACE_AND_AUDIO,
        features_pb2.MODALITY_METADATA,
    ]
    assert model.features[1].p05 < model.features[1].p50 < model.features[1].p95


@pytest.mark.parametrize("name", ["MODEL_PATH", "NOTREALLY_MODEL_PATH"])
def test_the_model_is_chosen_by_the_environment(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for other in ("MODEL_PATH", "NOTREALLY_MODEL_PATH"):
        monkeypatch.delenv(other, raising=False)
    assert ClassifierSettings().model_path == SHIPPED_MODEL
    monkeypatch.setenv(name, "elsewhere.ubj")
    assert ClassifierSettings().model_path == Path("elsewhere.ubj")
