"""The trained model: one XGBoost file that carries its own description, and what it makes of a vector."""

import hashlib
import json
import math
import stat
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from google.protobuf import json_format
from notreally.v1 import classifier_pb2
from numpy.typing import NDArray

from services.classifier.boosting import XGBoostError, find_lib_path, xgboost
from services.classifier.record import add_records
from services.classifier.soft_maximum import SoftMaximum, Term
from services.classifier.vector import FEATURE_NAMES, MODALITIES

DESCRIPTION_ATTRIBUTE = "notreally.model"
"""Booster attribute that holds `notreally.v1.Model` as proto JSON, without its `sha256`."""
NETWORKS_ATTRIBUTE = "notreally.networks"
"""Booster attribute with the soft maximum of the networks' scores, which the trees are added to, as JSON:
`{"slope": float, "intercept": float, "terms": {"face_appearance_log_odds": {"spread": float, "usual": float, "unknown":
float}}}`; see `services.classifier.soft_maximum`."""
CALIBRATION_ATTRIBUTE = "notreally.calibration"
"""Booster attribute that holds the calibration as JSON: `{"slope": float, "intercept": float}`."""

_SUFFIXES = (".json", ".ubj")
_BROKEN = "The model file is broken: XGBoost cannot read it. Train or fetch it again."
# As XGBoost writes JSON. What begins otherwise may be UBJSON.
_JSON_START = b'{"'
# By XGBoost's C functions: importing its Python package takes seconds.
_TRIAL = """
import ctypes, resource, sys
library = ctypes.CDLL(sys.argv[1])
content = sys.stdin.buffer.read()
resource.setrlimit(resource.RLIMIT_AS, (4 * 2**30,) * 2)
booster = ctypes.c_void_p()
if library.XGBoosterCreate(None, ctypes.c_uint64(0), ctypes.byref(booster)):
    sys.exit(1)
sys.exit(library.XGBoosterLoadModelFromBuffer(booster, content, ctypes.c_uint64(len(content))) != 0)
"""
_TRIAL_S = 60.0
_LARGEST_FILE = 64 * 2**20
# Another build of a decoder changes a value in its last digits only; that is no reason to call it unseen.
_RANGE_MARGIN = 0.01
# Its explanation takes a step for every subset of them.
_MOST_TERMS = 6


class ModelError(ValueError):
    """The model file cannot be used. The message is a sentence for the person who started the service."""


@dataclass(frozen=True)
class Score:
    """The score of one vector.

    Attributes:
        prob_fake: calibrated probability that the video is fake.
        band: where `prob_fake` falls relative to the inconclusive band.
        contributions: shape (10,), log-odds each feature adds towards fake, before calibration.
        bias: log-odds of the model before any feature is used.
        raw_log_odds: `bias` plus the sum of `contributions`.
        outside: shape (10,), True where a value lies outside the training range.
        out_of_range: True when a feature that the model uses lies outside its training range.
    """

    prob_fake: float
    band: Literal["real", "inconclusive", "fake"]
    contributions: NDArray[np.float64]
    bias: float
    raw_log_odds: float
    outside: NDArray[np.bool_]
    out_of_range: bool


@dataclass(frozen=True)
class VoiceScore:
    """What is said of a voice.

    Attributes:
        prob_fake: calibrated probability that it is synthesised.
        band: where `prob_fake` falls relative to the voice's inconclusive band.
        out_of_range: True when the reading lies outside those that the curve was fitted to.
    """

    prob_fake: float
    band: Literal["real", "inconclusive", "fake"]
    out_of_range: bool


@dataclass(frozen=True)
class Calibration:
    """Platt's sigmoid: 1 / (1 + exp(-(slope · log-odds + intercept)))."""

    slope: float
    intercept: float

    def prob_fake(self, log_odds: float) -> float:
        """Calibrated probability."""
        return _sigmoid(self.slope * log_odds + self.intercept)


class TrainedModel:
    """A loaded model. Predictions are deterministic and use one thread."""

    def __init__(
        self,
        booster: xgboost.Booster,
        description: classifier_pb2.Model,
        networks: SoftMaximum,
        calibration: Calibration,
    ):
        """Combine what `load` has validated."""
        self.description = description
        self._booster = booster
        self._networks = networks
        self._calibration = calibration
        self._lowest = np.array([feature.min for feature in description.features])
        self._highest = np.array([feature.max for feature in description.features])
        used = booster.get_score(importance_type="weight")
        self._used = np.array([name in used for name in FEATURE_NAMES])
        for name in networks.terms:
            self._used[FEATURE_NAMES.index(name)] |= networks.slope > 0
        for feature, is_used in zip(description.features, self._used.tolist(), strict=True):
            feature.used = is_used

    def score(self, row: NDArray[np.float64]) -> Score:
        """Score one row.

        The contributions are SHAP values of the trees (Lundberg et al. 2020, "From local explanations to global
        understanding with explainable AI for trees") plus, for each network feature, its Shapley value in the soft
        maximum: exact, and summing to the log-odds together with the bias. The probability is Platt's sigmoid of the
        log-odds (Platt 1999).

        Args:
            row: shape (10,), in the order of the vector; NaN where a feature is missing.
        """
        matrix = xgboost.DMatrix(row[np.newaxis], feature_names=list(FEATURE_NAMES), nthread=1)
        parts = self._booster.predict(matrix, pred_contribs=True)[0].astype(np.float64)
        contributions, bias = parts[:-1], float(parts[-1])
        bias += self._networks.bias
        scores = {name: float(row[FEATURE_NAMES.index(name)]) for name in self._networks.terms}
        for name, added in self._networks.contributions(scores).items():
            contributions[FEATURE_NAMES.index(name)] += added
        raw = bias + math.fsum(contributions)
        prob_fake = self._calibration.prob_fake(raw)
        outside = self._outside(row)
        return Score(
            prob_fake=prob_fake,
            band=_band(prob_fake, self.description),
            contributions=contributions,
            bias=bias,
            raw_log_odds=raw,
            outside=outside,
            out_of_range=bool(np.any(outside & self._used)),
        )

    def voice(self, log_odds: float) -> VoiceScore | None:
        """What a reading of the voice network says. The face has no part in it, nor the voice in the face's score.

        Args:
            log_odds: NaN where the voice was not scored.

        Returns:
            None when it was not, or when the model was made without voices.
        """
        voice = self.description.voice
        if math.isnan(log_odds) or not voice.network:
            return None
        prob_fake = _sigmoid(voice.slope * log_odds + voice.intercept)
        margin = _RANGE_MARGIN * (voice.max - voice.min)
        return VoiceScore(
            prob_fake=prob_fake,
            band=_band(prob_fake, voice),
            out_of_range=not voice.min - margin <= log_odds <= voice.max + margin,
        )

    def warm_up(self) -> None:
        """Score a vector with every feature missing, so that the first caller does not wait for XGBoost to set up."""
        self.score(np.full(len(FEATURE_NAMES), math.nan))

    def _outside(self, row: NDArray[np.float64]) -> NDArray[np.bool_]:
        margin = _RANGE_MARGIN * (self._highest - self._lowest)
        inside: NDArray[np.bool_] = (row >= self._lowest - margin) & (row <= self._highest + margin)
        return ~(inside | np.isnan(row))


def _band(
    prob_fake: float, model: classifier_pb2.Model | classifier_pb2.VoiceModel
) -> Literal["real", "inconclusive", "fake"]:
    if prob_fake < model.real_below:
        return "real"
    return "fake" if prob_fake > model.fake_above else "inconclusive"


def load(path: Path) -> TrainedModel:
    """Read and validate a model file, and what its evaluation beside it says (`services.classifier.record`).

    Args:
        path: an XGBoost JSON or UBJSON file as `training` writes it. Nothing is ever unpickled.

    Raises:
        ModelError: the file is missing, of another format, broken, or made for other features.
    """
    content = _read(path)
    booster = _booster(content)
    description = _description(booster)
    _check_names(booster, description)
    networks, calibration = _networks(booster), _calibration(booster)
    description.sha256 = hashlib.sha256(content).hexdigest()
    add_records(description, path.parent)
    return TrainedModel(booster, description, networks, calibration)


def _read(path: Path) -> bytes:
    if path.suffix.lower() not in _SUFFIXES:
        raise ModelError(
            f"{path.name} is not a model this service reads: MODEL_PATH must name an XGBoost .json or .ubj file made "
            "by `make train`. Pickled models are never loaded, because loading one runs whatever code is inside it."
        )
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            raise ModelError(f"MODEL_PATH does not name a file: {path.name}.")
        if facts.st_size > _LARGEST_FILE:
            raise ModelError(f"{path.name} is too large for a model: {facts.st_size} bytes.")
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"The model {path.name} cannot be read: {error.strerror}. Set MODEL_PATH.") from error


def _booster(content: bytes) -> xgboost.Booster:
    # XGBoost ends the process on an empty buffer and takes anything but '{' for its removed binary format.
    if len(content) < 3 or not content.startswith(b"{"):
        raise ModelError("The model file is not in XGBoost's JSON or UBJSON format.")
    if not content.startswith(_JSON_START) and not _survives(content):
        raise ModelError(_BROKEN)
    booster = xgboost.Booster({"nthread": 1})
    try:
        booster.load_model(bytearray(content))
        learner = json.loads(booster.save_config())["learner"]
    # Its messages may quote bytes of the file that are no text.
    except (XGBoostError, ValueError, KeyError) as error:
        raise ModelError(_BROKEN) from error
    if learner["objective"]["name"] != "binary:logistic" or learner["gradient_booster"]["name"] != "gbtree":
        raise ModelError("The model file holds another kind of model than gradient-boosted trees for two classes.")
    booster.set_param({"nthread": 1})
    return booster


def _survives(content: bytes) -> bool:
    """Whether XGBoost can read a model, tried in a process of its own.

    Its parser of UBJSON believes the lengths in the file: one that was cut short can end the process, or take all
    memory.
    """
    command = [sys.executable, "-I", "-S", "-c", _TRIAL, find_lib_path()[0]]
    try:
        subprocess.run(command, input=content, capture_output=True, timeout=_TRIAL_S, check=True)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return False
    return True


def _description(booster: xgboost.Booster) -> classifier_pb2.Model:
    text = booster.attr(DESCRIPTION_ATTRIBUTE)
    if text is None:
        raise ModelError("The model file has no description: it was not made by `make train`.")
    try:
        description = json_format.Parse(text, classifier_pb2.Model())
    except json_format.ParseError as error:
        raise ModelError("The model file's description cannot be read: it was made for another version.") from error
    if not (0 <= description.real_below <= description.fake_above <= 1):
        raise ModelError("The model file's inconclusive band is not a band between 0 and 1.")
    if description.voice.network:
        _check_voice(description.voice)
    if not (0 < description.prior_fake < 1) or not description.version or not description.schema_version:
        raise ModelError("The model file's description is incomplete.")
    return description


def _check_voice(voice: classifier_pb2.VoiceModel) -> None:
    if not voice.slope >= 0 or not math.isfinite(voice.slope + voice.intercept):
        raise ModelError("The model file's curve for voices is not an increasing one.")
    if not (0 <= voice.real_below <= voice.fake_above <= 1):
        raise ModelError("The model file's inconclusive band for voices is not a band between 0 and 1.")
    if not math.isfinite(voice.suspicious_above):
        raise ModelError("The model file's limit for a stretch of a voice is not a number.")


def _check_names(booster: xgboost.Booster, description: classifier_pb2.Model) -> None:
    described = tuple(feature.feature for feature in description.features)
    named = tuple(booster.feature_names or ())
    if named != FEATURE_NAMES or described != FEATURE_NAMES:
        raise ModelError("The model file was made for other features than this service knows. Train it again.")
    for feature in description.features:
        feature.modality = MODALITIES[feature.feature]


def _networks(booster: xgboost.Booster) -> SoftMaximum:
    called = "soft maximum of the networks"
    content = _content(booster, NETWORKS_ATTRIBUTE, called)
    terms = content.get("terms")
    if not isinstance(terms, dict) or not terms.keys() <= set(FEATURE_NAMES) or len(terms) > _MOST_TERMS:
        raise ModelError("The model file rests on networks that this service does not know. Train it again.")
    numbers = {name: _numbers(term, ("spread", "usual", "unknown"), called) for name, term in terms.items()}
    if any(spread <= 0 for spread, *_ in numbers.values()):
        raise ModelError(f"The model file's {called} is not an increasing curve.")
    slope, intercept = _numbers(content, ("slope", "intercept"), called)
    known = {name: Term(usual, spread, unknown) for name, (spread, usual, unknown) in numbers.items()}
    return SoftMaximum(slope, intercept, known)


def _calibration(booster: xgboost.Booster) -> Calibration:
    content = _content(booster, CALIBRATION_ATTRIBUTE, "calibration")
    return Calibration(*_numbers(content, ("slope", "intercept"), "calibration"))


def _content(booster: xgboost.Booster, attribute: str, called: str) -> dict[str, Any]:
    """An attribute, parsed from JSON."""
    try:
        content = json.loads(booster.attr(attribute) or "")
    except ValueError as error:
        raise ModelError(f"The model file's {called} cannot be read.") from error
    if not isinstance(content, dict):
        raise ModelError(f"The model file's {called} cannot be read.")
    return content


def _numbers(content: Any, names: Sequence[str], called: str) -> list[float]:
    """The first is a slope, which must not be negative."""
    try:
        found = [float(content[name]) for name in names]
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"The model file's {called} cannot be read.") from error
    if not all(map(math.isfinite, found)) or found[0] < 0:
        raise ModelError(f"The model file's {called} is not an increasing curve.")
    return found


def _sigmoid(x: float) -> float:
    # Written so that neither branch overflows.
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
