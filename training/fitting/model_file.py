"""The model file: XGBoost's own format, with everything the classifier needs inside it."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import xgboost
from google.protobuf import json_format
from notreally.v1 import classifier_pb2

from training.data.atomic import atomic_write
from training.data.vectors import FEATURE_NAMES
from training.data.videos import VOICE, Videos
from training.fitting.calibration import Band, Calibration
from training.fitting.model import NETWORKS_ATTRIBUTE, PRIOR_FAKE

# Names that services/classifier/model.py reads; neither package may import the other, and a test compares them.
_DESCRIPTION_ATTRIBUTE = "notreally.model"
_CALIBRATION_ATTRIBUTE = "notreally.calibration"
# A fingerprint of the training videos, which the classifier ignores.
_DATA_ATTRIBUTE = "notreally.data"
_FORMATS = {".json": "json", ".ubj": "ubj"}


def describe(
    booster: xgboost.Booster,
    videos: Videos,
    calibration: Calibration,
    band: Band,
    *,
    schema_version: int,
    face_networks: str,
    cross_validated_auc: float,
    trained: datetime,
) -> classifier_pb2.Model:
    """The description of the model that the classifier serves, except the hash of its file.

    The version is the day and a hash of trees, calibration and band: the same model has the same version everywhere.

    Args:
        booster: the fitted trees.
        videos: what they were fitted to.
        calibration: fitted on out-of-fold scores.
        band: chosen on out-of-fold probabilities.
        schema_version: of the vectors.
        face_networks: version of the networks that are released with the model.
        cross_validated_auc: out of fold, grouped.
        trained: when, with a time zone.
    """
    model = classifier_pb2.Model(
        version=_version(booster, calibration, band, trained),
        schema_version=schema_version,
        face_networks=face_networks,
        real_below=band.real_below,
        fake_above=band.fake_above,
        prior_fake=PRIOR_FAKE,
        training_videos=len(videos),
        cross_validated_auc=cross_validated_auc,
    )
    model.trained_time.FromDatetime(trained)
    for column, name in enumerate(FEATURE_NAMES):
        model.features.append(_summary(name, videos, column))
    return model


def write(
    path: Path,
    booster: xgboost.Booster,
    description: classifier_pb2.Model,
    calibration: Calibration,
    data: str | None = None,
) -> None:
    """Write the model file, in one step that leaves either the old file or the new one.

    Args:
        path: its suffix, .json or .ubj, chooses the format.
        booster: the fitted trees.
        description: from `describe`.
        calibration: as in the description.
        data: fingerprint of the training videos; None to keep what the booster holds.
    """
    described = booster.copy()
    described.set_attr(
        **{
            _DESCRIPTION_ATTRIBUTE: json_format.MessageToJson(description, indent=None),
            _CALIBRATION_ATTRIBUTE: json.dumps({"slope": calibration.slope, "intercept": calibration.intercept}),
            **({_DATA_ATTRIBUTE: data} if data else {}),
        }
    )
    content = bytes(described.save_raw(_FORMATS[path.suffix]))
    with atomic_write(path) as fresh:
        fresh.write_bytes(content)


def recalibrate(path: Path, calibration: Calibration, band: Band, cross_validated_auc: float) -> classifier_pb2.Model:
    """Replace the calibration and band of a model file, leaving its trees alone.

    Args:
        path: as in `write`.
        calibration: fitted on out-of-fold scores.
        band: chosen on out-of-fold probabilities.
        cross_validated_auc: of the same scores.

    Returns:
        Its new description.

    Raises:
        ValueError: it is no model file.
    """
    description, _, data = read(path)
    booster = xgboost.Booster()
    booster.load_model(path)
    booster.set_attr(**dict.fromkeys((_DESCRIPTION_ATTRIBUTE, _CALIBRATION_ATTRIBUTE, _DATA_ATTRIBUTE)))
    trained = description.trained_time.ToDatetime(UTC)
    description.version = _version(booster, calibration, band, trained)
    description.real_below, description.fake_above = band.real_below, band.fake_above
    description.cross_validated_auc = cross_validated_auc
    write(path, booster, description, calibration, data)
    return description


def set_voice(path: Path, voice: classifier_pb2.VoiceModel) -> None:
    """Replace what voices are judged by in a model file, and nothing else.

    Raises:
        ValueError: it is no model file.
    """
    description, calibration, data = read(path)
    booster = xgboost.Booster()
    booster.load_model(path)
    add_voice(description, voice)
    write(path, booster, description, calibration, data)


def add_voice(description: classifier_pb2.Model, voice: classifier_pb2.VoiceModel) -> None:
    """Describe what voices are judged by, and what is usual in real voices."""
    description.voice.CopyFrom(voice)
    (summary,) = (one for one in description.features if one.feature == FEATURE_NAMES[VOICE])
    for name in ("p01", "p05", "p50", "p95", "p99", "min", "max"):
        setattr(summary, name, getattr(voice, name))


def voice_of(path: Path) -> classifier_pb2.VoiceModel | None:
    """What voices are judged by in a model file; None if there is no such file, or it does not say."""
    if not path.is_file():
        return None
    description = read(path)[0]
    return description.voice if description.HasField("voice") else None


def _version(booster: xgboost.Booster, calibration: Calibration, band: Band, trained: datetime) -> str:
    """The version for a booster without a description."""
    content = bytes(booster.save_raw("json")) + repr((calibration, band)).encode()
    return f"{trained.astimezone(UTC):%Y%m%d}-{hashlib.sha256(content).hexdigest()[:8]}"


def read(path: Path) -> tuple[classifier_pb2.Model, Calibration, str | None]:
    """Description, calibration and, if known, data fingerprint of a model file that `write` wrote.

    Raises:
        ValueError: it is no such file.
    """
    booster = xgboost.Booster()
    try:
        booster.load_model(path)
        description = json_format.Parse(
            booster.attr(_DESCRIPTION_ATTRIBUTE) or "", classifier_pb2.Model(), ignore_unknown_fields=True
        )
        calibration = Calibration(**json.loads(booster.attr(_CALIBRATION_ATTRIBUTE) or ""))
    except (xgboost.core.XGBoostError, json_format.ParseError, ValueError, TypeError) as error:
        raise ValueError(f"{path.name} is not a model written by `make train`.") from error
    return description, calibration, booster.attr(_DATA_ATTRIBUTE)


def take_schema(path: Path, schema_version: int, to: Path) -> None:
    """Copy a model file so that it accepts vectors of another schema version, with other features, and any networks.

    Its scores then mean nothing.

    Raises:
        ValueError: it is no model file.
    """
    description, calibration, _ = read(path)
    description.schema_version = schema_version
    description.face_networks = ""
    booster = xgboost.Booster()
    booster.load_model(path)
    booster.feature_names = list(FEATURE_NAMES)
    for summary, name in zip(description.features, FEATURE_NAMES, strict=True):
        summary.feature = name
    booster.set_attr(**{NETWORKS_ATTRIBUTE: json.dumps({"slope": 0.0, "intercept": 0.0, "terms": {}})})
    write(to, booster, description, calibration)


def _summary(name: str, videos: Videos, column: int) -> classifier_pb2.FeatureSummary:
    values = videos.features[:, column]
    real = values[~videos.fake & np.isfinite(values)]
    values = values[np.isfinite(values)]
    # Never measured: the range is unknown, and any value lies outside it.
    percentiles = np.percentile(real, [1, 5, 50, 95, 99]) if real.size else np.full(5, np.nan)
    lowest, highest = (values.min(), values.max()) if values.size else (np.nan, np.nan)
    p01, p05, p50, p95, p99 = percentiles.tolist()
    return classifier_pb2.FeatureSummary(
        feature=name, p01=p01, p05=p05, p50=p50, p95=p95, p99=p99, min=float(lowest), max=float(highest)
    )
