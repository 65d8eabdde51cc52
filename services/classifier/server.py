"""ClassifierService over gRPC: translation between messages and `TrainedModel`."""

import math
from typing import Any

import grpc
from notreally.v1 import classifier_pb2, classifier_pb2_grpc

from services.classifier.model import Score, TrainedModel, VoiceScore
from services.classifier.vector import FEATURE_NAMES, MODALITIES, columns
from services.kit.errors import Refusal

SERVICE_NAME = classifier_pb2.DESCRIPTOR.services_by_name["ClassifierService"].full_name

_BANDS = {
    "real": classifier_pb2.BAND_REAL,
    "inconclusive": classifier_pb2.BAND_INCONCLUSIVE,
    "fake": classifier_pb2.BAND_FAKE,
}


class ClassifierServicer(classifier_pb2_grpc.ClassifierServiceServicer):
    """Scores vectors with one model.

    A prediction takes well under a millisecond, so it runs on the event loop.
    """

    def __init__(self, model: TrainedModel):
        """Serve `model`."""
        self._model = model

    async def Classify(  # noqa: N802 - the name in the contract
        self, request: classifier_pb2.ClassifyRequest, context: Any
    ) -> classifier_pb2.ClassifyResponse:
        """Score one vector.

        Raises:
            Refusal: FAILED_PRECONDITION with SCHEMA_MISMATCH, FACE_NETWORKS_MISMATCH or VOICE_NETWORK_MISMATCH,
                INVALID_ARGUMENT with FEATURE_NOT_FINITE.
        """
        sent, expected = request.features.schema_version, self._model.description.schema_version
        if sent != expected:
            raise Refusal(
                grpc.StatusCode.FAILED_PRECONDITION,
                "SCHEMA_MISMATCH",
                f"The features are of schema version {sent}, but the model was trained on version {expected}. "
                "Use a model trained on this version.",
                sent=str(sent),
                expected=str(expected),
            )
        scored_by, learned_from = request.features.face_networks, self._model.description.face_networks
        if scored_by != learned_from and scored_by and learned_from:
            raise Refusal(
                grpc.StatusCode.FAILED_PRECONDITION,
                "FACE_NETWORKS_MISMATCH",
                f"The faces were scored by networks {scored_by}, but the model was trained on scores of "
                f"{learned_from}. Use the two that were made together.",
                sent=scored_by,
                expected=learned_from,
            )
        heard_by, fitted_to = request.features.voice_network, self._model.description.voice.network
        if heard_by != fitted_to and heard_by and fitted_to:
            raise Refusal(
                grpc.StatusCode.FAILED_PRECONDITION,
                "VOICE_NETWORK_MISMATCH",
                f"The voice was scored by network {heard_by}, but the model was fitted to scores of {fitted_to}. "
                "Use the two that were made together.",
                sent=heard_by,
                expected=fitted_to,
            )
        row = columns(request.features)
        voice = self._model.voice(float(row[FEATURE_NAMES.index("voice_log_odds")]))
        return _response(self._model.score(row), voice, row.tolist(), self._model.description.version)

    async def GetModel(  # noqa: N802 - the name in the contract
        self, request: classifier_pb2.GetModelRequest, context: Any
    ) -> classifier_pb2.Model:
        """Describe the model in use."""
        return self._model.description


def _response(
    score: Score, voice: VoiceScore | None, row: list[float], version: str
) -> classifier_pb2.ClassifyResponse:
    response = classifier_pb2.ClassifyResponse(
        prob_fake=score.prob_fake,
        band=_BANDS[score.band],
        bias=score.bias,
        raw_log_odds=score.raw_log_odds,
        out_of_range=score.out_of_range,
        model_version=version,
    )
    per_feature = zip(MODALITIES.items(), row, score.contributions.tolist(), score.outside.tolist(), strict=True)
    for (name, modality), value, contribution, outside in per_feature:
        reason = response.contributions.add(
            feature=name, modality=modality, contribution=contribution, out_of_range=outside
        )
        if not math.isnan(value):
            reason.value = value
    if voice is not None:
        response.voice.prob_fake = voice.prob_fake
        response.voice.band = _BANDS[voice.band]
        response.voice.out_of_range = voice.out_of_range
    return response
