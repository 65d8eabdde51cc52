"""How analyses end: the last event, the error of a failed one, warnings about what was left out."""

import uuid

import grpc
import structlog
from dbos import error as dbos_error
from notreally.v1 import analysis_pb2

from gateway.analysis.reach import gave_no_answer
from gateway.store.records import Analysis
from services.kit.errors import Refusal

log = structlog.get_logger()


def ending_event(analysis: Analysis) -> analysis_pb2.AnalysisEvent:
    """The last event of an analysis that has ended; its sequence and name are filled in by the sender."""
    event = analysis_pb2.AnalysisEvent(state=analysis.state, stage=analysis.stage, percent=analysis.percent)
    event.time.FromDatetime(analysis.ended_at or analysis.created_at)
    if analysis.error is not None:
        event.error.ParseFromString(analysis.error)
    return event


def refusal_for(error: BaseException) -> Refusal:
    """Why the analysis failed, fit for the person who asked for it."""
    if isinstance(error, dbos_error.DBOSMaxStepRetriesExceeded) and error.errors:
        error = error.errors[-1]
    if isinstance(error, Refusal):
        return error
    refusal = defect()
    log.error("analysis failed unexpectedly", log_id=refusal.metadata["log_id"], exc_info=error)
    return refusal


def lost_sound(error: BaseException) -> tuple[str, str]:
    """The warning of a result without the sound's features: reason and sentence."""
    refusal = refusal_for(error)
    log.warning("going on without sound", reason=refusal.reason)
    if gave_no_answer(refusal):
        return "AUDIO_UNAVAILABLE", "The sound was not analysed: the audio service did not answer."
    return refusal.reason, f"The sound could not be analysed: {refusal.message}"


def may_be_sound(error: BaseException) -> BaseException:
    """Why an analysis without the container's facts fails: a file without a video may be a sound recording then."""
    if not isinstance(error, Refusal) or error.reason not in ("NOT_A_VIDEO", "NO_VIDEO_STREAM"):
        return error
    return Refusal(
        grpc.StatusCode.UNAVAILABLE,
        "METADATA_UNAVAILABLE",
        "This file holds no video that can be read. Whether it is a sound recording could not be told, because the "
        "metadata service did not answer. Try again later.",
    )


def defect() -> Refusal:
    """Why an analysis failed without a reason of its own; its `log_id` belongs on the log line that tells more."""
    log_id = uuid.uuid4().hex[:12]
    return Refusal(
        grpc.StatusCode.INTERNAL,
        "INTERNAL",
        f"Something went wrong on our side. It is logged under {log_id}.",
        log_id=log_id,
    )
