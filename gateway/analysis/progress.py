"""Progress of one analysis: what each modality has done, merged into one percentage that never goes down."""

import dataclasses
import time
from collections.abc import Mapping

from notreally.v1 import analysis_pb2, features_pb2, series_pb2

FACE, AUDIO, METADATA = features_pb2.MODALITY_FACE, features_pb2.MODALITY_AUDIO, features_pb2.MODALITY_METADATA

# Shares of the wall time, measured on clips of ten seconds: decoding and landmarks are nearly all of it.
_WEIGHTS: Mapping["features_pb2.Modality.ValueType", float] = {METADATA: 3.0, FACE: 80.0, AUDIO: 12.0}
_FINALIZING_WEIGHT = 5.0

# A person sees no more than this; every event is a row in the database.
_MIN_INTERVAL_S = 0.2

WAITING, RUNNING = analysis_pb2.MODALITY_STATE_WAITING, analysis_pb2.MODALITY_STATE_RUNNING
DONE, SKIPPED, FAILED = (
    analysis_pb2.MODALITY_STATE_DONE,
    analysis_pb2.MODALITY_STATE_SKIPPED,
    analysis_pb2.MODALITY_STATE_FAILED,
)


@dataclasses.dataclass
class _Lane:
    state: "analysis_pb2.ModalityState.ValueType" = WAITING
    text: str = ""
    # Weight and share done of each run of windows.
    runs: dict[int, tuple[float, float]] = dataclasses.field(default_factory=dict)

    @property
    def fraction(self) -> float:
        if self.state in (DONE, SKIPPED, FAILED):
            return 1.0
        total = sum(weight for weight, _ in self.runs.values())
        return sum(weight * done for weight, done in self.runs.values()) / total if total else 0.0


class Progress:
    """The state behind the events of one analysis.

    Args:
        floor: Percentage already shown, so that work taken up again never shows less.
    """

    def __init__(self, floor: float = 0.0) -> None:
        """Begin with nothing done."""
        self._lanes = {modality: _Lane() for modality in _WEIGHTS}
        self._percent = floor
        self._finalizing = False
        self._last_event = float("-inf")

    def plan(self, modality: "features_pb2.Modality.ValueType", run_seconds: Mapping[int, float]) -> None:
        """Say which runs a modality has, with the seconds of video in each."""
        self._lanes[modality].runs = {run: (seconds, 0.0) for run, seconds in run_seconds.items()}

    def set_state(
        self, modality: "features_pb2.Modality.ValueType", state: "analysis_pb2.ModalityState.ValueType", text: str = ""
    ) -> None:
        """Say what a modality is doing."""
        lane = self._lanes[modality]
        lane.state, lane.text = state, text or lane.text

    def advance(self, modality: "features_pb2.Modality.ValueType", run: int, done: float, text: str = "") -> None:
        """Say that a share `done` of a run is finished. A smaller share than before changes nothing."""
        lane = self._lanes[modality]
        weight, before = lane.runs.get(run, (1.0, 0.0))
        lane.runs[run] = (weight, max(before, min(done, 1.0)))
        lane.state = RUNNING
        lane.text = text or lane.text

    def fraction(self, modality: "features_pb2.Modality.ValueType") -> float:
        """Share of a modality's work that is done."""
        return self._lanes[modality].fraction

    def finalize(self) -> None:
        """Say that all signals are in."""
        self._finalizing = True

    @property
    def stage(self) -> "analysis_pb2.Stage.ValueType":
        """What is going on, in one word: the slowest modality still at work."""
        if self._finalizing:
            return analysis_pb2.STAGE_FINALIZING
        for modality, stage in (
            (METADATA, analysis_pb2.STAGE_READING_METADATA),
            (FACE, analysis_pb2.STAGE_ANALYZING_VIDEO),
            (AUDIO, analysis_pb2.STAGE_ANALYZING_AUDIO),
        ):
            if self._lanes[modality].state in (WAITING, RUNNING):
                return stage
        return analysis_pb2.STAGE_FINALIZING

    @property
    def percent(self) -> float:
        """0 to 100 by weight of the modalities that take part; never less than it was."""
        parts = {m: lane for m, lane in self._lanes.items() if lane.state != SKIPPED}
        total = sum(_WEIGHTS[m] for m in parts) + _FINALIZING_WEIGHT
        done = sum(_WEIGHTS[m] * lane.fraction for m, lane in parts.items())
        self._percent = max(self._percent, 100.0 * done / total)
        return self._percent

    def due(self) -> bool:
        """Whether enough time has passed for another event."""
        return time.monotonic() - self._last_event >= _MIN_INTERVAL_S

    def event(self, series: series_pb2.Series | None = None) -> analysis_pb2.AnalysisEvent:
        """The event with all this; its sequence and analysis are filled in by the sender."""
        self._last_event = time.monotonic()
        event = analysis_pb2.AnalysisEvent(
            state=analysis_pb2.ANALYSIS_STATE_RUNNING,
            stage=self.stage,
            percent=round(self.percent, 2),
            modalities=[
                analysis_pb2.ModalityProgress(
                    modality=modality, state=lane.state, fraction=round(lane.fraction, 4), text=lane.text
                )
                for modality, lane in self._lanes.items()
            ],
        )
        event.time.GetCurrentTime()
        if series is not None:
            event.series.CopyFrom(series)
        return event
