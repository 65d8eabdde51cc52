"""The vector's columns agree with the contract and with the gateway, and only finite numbers pass."""

import math

import grpc
import numpy as np
import pytest
from notreally.v1 import features_pb2

from gateway.features.vector import FEATURES, SCHEMA_VERSION
from services.classifier.vector import FEATURE_NAMES, MODALITIES, columns
from services.kit.errors import Refusal


def test_the_columns_are_the_fields_of_the_contract_in_order() -> None:
    fields = features_pb2.FeatureVector.DESCRIPTOR.fields
    assert tuple(field.name for field in fields if field.type == field.TYPE_DOUBLE) == FEATURE_NAMES


def test_names_and_modalities_are_those_of_the_gateway() -> None:
    assert dict(MODALITIES) == {feature.name: feature.modality for feature in FEATURES}
    assert tuple(feature.name for feature in FEATURES) == FEATURE_NAMES


def test_an_absent_feature_is_nan_and_a_zero_is_zero() -> None:
    row = columns(
        features_pb2.FeatureVector(
            schema_version=SCHEMA_VERSION, face_appearance_log_odds=0.0, face_networks="a", log10_bits_per_pixel=-1.5
        )
    )
    assert row[FEATURE_NAMES.index("face_appearance_log_odds")] == 0.0
    assert row[FEATURE_NAMES.index("log10_bits_per_pixel")] == -1.5
    assert np.isnan(row).sum() == 8


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, 1e39, -1e300])
def test_a_number_that_the_model_cannot_hold_is_refused(value: float) -> None:
    with pytest.raises(Refusal) as refusal:
        columns(features_pb2.FeatureVector(nose_jitter=value))
    assert refusal.value.code is grpc.StatusCode.INVALID_ARGUMENT
    assert refusal.value.reason == "FEATURE_NOT_FINITE"
    assert refusal.value.metadata == {"feature": "nose_jitter"}
