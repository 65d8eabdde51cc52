"""The feature vector as the model's columns."""

import math
from collections.abc import Mapping
from types import MappingProxyType

import grpc
import numpy as np
from notreally.v1 import features_pb2
from numpy.typing import NDArray

from services.kit.errors import Refusal

# A column holds single precision inside XGBoost: a larger number would turn into infinity there.
_LARGEST = float(np.finfo(np.float32).max)

MODALITIES: "Mapping[str, features_pb2.Modality.ValueType]" = MappingProxyType(
    {
        "blink_rate_per_min": features_pb2.MODALITY_FACE,
        "nose_jitter": features_pb2.MODALITY_FACE,
        "face_motion_log_odds": features_pb2.MODALITY_FACE,
        "face_appearance_log_odds": features_pb2.MODALITY_FACE,
        "face_blending_log_odds": features_pb2.MODALITY_FACE,
        "voice_log_odds": features_pb2.MODALITY_AUDIO,
        "mfcc_mean": features_pb2.MODALITY_AUDIO,
        "mfcc_std": features_pb2.MODALITY_AUDIO,
        "av_sync_corr": features_pb2.MODALITY_FACE_AND_AUDIO,
        "log10_bits_per_pixel": features_pb2.MODALITY_METADATA,
    }
)
"""Where each feature comes from, in the order of the vector and of the model's columns."""

FEATURE_NAMES: tuple[str, ...] = tuple(MODALITIES)


def columns(vector: features_pb2.FeatureVector) -> NDArray[np.float64]:
    """Turn a vector into one row for the model.

    Returns:
        Shape (10,), in the order of `FEATURE_NAMES`; NaN where a feature is absent.

    Raises:
        Refusal: INVALID_ARGUMENT when a feature is present but is not a finite number.
    """
    present = {field.name: value for field, value in vector.ListFields()}
    for name in FEATURE_NAMES:
        if name in present and not abs(present[name]) <= _LARGEST:
            raise Refusal(
                grpc.StatusCode.INVALID_ARGUMENT,
                "FEATURE_NOT_FINITE",
                f"Feature {name} is not a finite number. Leave a feature out when it could not be computed.",
                feature=name,
            )
    return np.array([present.get(name, math.nan) for name in FEATURE_NAMES])
