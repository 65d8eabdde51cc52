"""An analysis as a durable workflow: probe, plan, fan out, conclude.

DBOS stores the output of every step. Killed anywhere and taken up again, an analysis goes on after its last finished
step; inside a step that fans out, after its last stored window. Large things (signals, results) are blobs in the media
store; step outputs are small JSON.
"""

import asyncio
import dataclasses
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import grpc
import structlog
from dbos import DBOS, DBOSConfiguredInstance, SetWorkflowID
from dbos import error as dbos_error
from google.rpc import status_pb2
from notreally.v1 import analysis_pb2, features_pb2, media_pb2, series_pb2

from gateway import planning
from gateway.blobs import Blobs
from gateway.conclusion import conclude
from gateway.extraction import Extraction, may_pass
from gateway.progress import AUDIO, DONE, FACE, FAILED, METADATA, RUNNING, SKIPPED, Progress
from gateway.records import Analysis, Records
from services.kit import requests
from services.kit.errors import Refusal

log = structlog.get_logger()

QUEUE = "analyses"
EVENTS = "events"

_MAX_THUMBNAILS = 8


@dataclasses.dataclass(frozen=True)
class _Plan:
    """What `prepare` decided, as JSON in the step log: windows as (index, start, end), runs as lists of indexes."""

    windows: list[tuple[int, float, float]]
    stride: int
    runs: list[list[int]]
    video_start_s: float
    sound: bool
    wall: tuple[float, float]

    def run(self, number: int) -> list[media_pb2.TimeWindow]:
        return self.take(self.runs[number])

    def take(self, indexes: Sequence[int]) -> list[media_pb2.TimeWindow]:
        return [
            media_pb2.TimeWindow(index=index, start_s=start, end_s=end)
            for index, start, end in self.windows
            if index in set(indexes)
        ]

    def seconds(self, indexes: Sequence[int]) -> float:
        return sum(w.end_s - w.start_s for w in self.take(indexes))

    @property
    def indexes(self) -> list[int]:
        return [index for index, _, _ in self.windows]


@dataclasses.dataclass
class _Tracked:
    """An analysis under way in this process."""

    progress: Progress
    # Events are computed and written one at a time, so that they are stored in the order they say.
    lock: asyncio.Lock = dataclasses.field(default_factory=asyncio.Lock)
    extracting: set[asyncio.Task[None]] = dataclasses.field(default_factory=set)
    cancelled: bool = False


@DBOS.dbos_class("Analyses")
class Analyses(DBOSConfiguredInstance):
    """Runs analyses.

    Args:
        records: Where their state is.
        blobs: Signals and results.
        extraction: The services.
        max_frames: Frames analysed of one video at most.
        parallel_runs: Runs of one video sent to the face service at once.
        audio_enabled: Whether sound is analysed.
    """

    def __init__(
        self,
        records: Records,
        blobs: Blobs,
        extraction: Extraction,
        *,
        max_frames: int,
        parallel_runs: int,
        audio_enabled: bool,
    ) -> None:
        """Register with DBOS under a fixed name, by which recovered workflows find this instance."""
        super().__init__("gateway")
        self._records = records
        self._blobs = blobs
        self._extraction = extraction
        self._max_frames = max_frames
        self._parallel_runs = parallel_runs
        self._audio_enabled = audio_enabled
        self._tracked: dict[str, _Tracked] = {}

    # --- from outside -------------------------------------------------------------------------------------------------

    async def start(self, analysis_id: str) -> None:
        """Put an analysis in line. Safe to repeat."""
        with SetWorkflowID(analysis_id):
            await DBOS.enqueue_workflow_async(QUEUE, self.analyze, analysis_id, requests.current())

    async def start_forgotten(self) -> None:
        """Put in line what was accepted just before this gateway's last end, and end what can run no more."""
        for analysis_id in await asyncio.to_thread(self._records.unfinished):
            status = await DBOS.get_workflow_status_async(analysis_id)
            if status is None:
                await self.start(analysis_id)
            elif status.status not in ("PENDING", "ENQUEUED", "DELAYED"):
                await asyncio.to_thread(self._records.fail, analysis_id, _internal("interrupted").status())

    async def cancel(self, analysis_id: str) -> None:
        """Stop an analysis that has not ended: here at once, in another gateway within about a second."""
        if not await asyncio.to_thread(self._records.cancel, analysis_id):
            return
        await DBOS.cancel_workflow_async(analysis_id)
        if tracked := self._tracked.get(analysis_id):
            tracked.cancelled = True
            for task in tracked.extracting:
                task.cancel()

    async def forget(self, analysis_id: str) -> None:
        """Remove the step log and the events of an analysis that has ended."""
        await DBOS.delete_workflow_async(analysis_id)

    # --- the workflow -------------------------------------------------------------------------------------------------

    @DBOS.workflow(name="analyze")
    async def analyze(self, analysis_id: str, request_id: str) -> None:
        """Everything between accepted and ended. Whatever happens, the analysis ends with a result or a reason."""
        requests.adopt(request_id)
        structlog.contextvars.bind_contextvars(analysis=analysis_id)
        # Read anew when the workflow is taken up again, unlike a step's output: what was shown by then.
        shown = await asyncio.to_thread(self._records.analysis, analysis_id)
        self._tracked[analysis_id] = _Tracked(Progress(floor=shown.percent if shown else 0.0))
        try:
            await self._analyze(analysis_id)
        except Exception as error:
            await self._fail(analysis_id, _refusal(error).status().SerializeToString())
        finally:
            del self._tracked[analysis_id]
        await DBOS.write_stream_async(EVENTS, await self._ending(analysis_id))
        await DBOS.close_stream_async(EVENTS)

    async def _analyze(self, analysis_id: str) -> None:
        progress = self._tracked[analysis_id].progress
        progress.set_state(METADATA, RUNNING, "reading the container")
        plan = _Plan(**await self._prepare(analysis_id))
        progress.set_state(METADATA, DONE, "container read")
        progress.plan(FACE, {number: plan.seconds(run) for number, run in enumerate(plan.runs)})
        if not plan.sound:
            progress.set_state(AUDIO, SKIPPED, "no sound" if self._audio_enabled else "switched off")

        # Steps are numbered in the order they are started: it must be the same when the workflow is replayed.
        lanes: list[Awaitable[tuple[float, float]]] = [
            self._face_lane(analysis_id, plan, number) for number in range(len(plan.runs))
        ]
        if plan.sound:
            lanes.append(self._audio_lane(analysis_id, plan))
        outcomes = await asyncio.gather(*lanes, return_exceptions=True)
        faces, sounds = outcomes[: len(plan.runs)], outcomes[len(plan.runs) :]
        for outcome in faces:
            if isinstance(outcome, BaseException):
                raise outcome
        warnings: list[tuple[str, str]] = []
        for outcome in sounds:
            if isinstance(outcome, BaseException):
                if not isinstance(outcome, Exception):  # cancelled
                    raise outcome
                refusal = _refusal(outcome)
                log.warning("going on without sound", reason=refusal.reason)
                progress.set_state(AUDIO, FAILED, "could not be analysed")
                warnings.append((refusal.reason, f"The sound could not be analysed: {refusal.message}"))
        progress.finalize()
        walls = {
            analysis_pb2.STAGE_READING_METADATA: plan.wall,
            analysis_pb2.STAGE_ANALYZING_VIDEO: _span(faces),
            analysis_pb2.STAGE_ANALYZING_AUDIO: _span(sounds),
        }
        timings = [(stage, round(end - start, 4)) for stage, (start, end) in walls.items() if end > start]
        await self._conclude(analysis_id, plan.indexes, plan.sound and not warnings, timings, warnings)

    async def _face_lane(self, analysis_id: str, plan: _Plan, number: int) -> tuple[float, float]:
        wall = await self._extract_faces(analysis_id, dataclasses.asdict(plan), number)
        progress = self._tracked[analysis_id].progress
        progress.advance(FACE, number, 1.0)
        if progress.fraction(FACE) >= 1.0:
            progress.set_state(FACE, DONE, "all frames analysed")
        return wall

    async def _audio_lane(self, analysis_id: str, plan: _Plan) -> tuple[float, float]:
        wall = await self._extract_sound(analysis_id, dataclasses.asdict(plan))
        self._tracked[analysis_id].progress.set_state(AUDIO, DONE, "all sound analysed")
        return wall

    # --- steps --------------------------------------------------------------------------------------------------------

    @DBOS.step(name="prepare", retries_allowed=True, max_attempts=5, interval_seconds=0.5, should_retry=may_pass)
    async def _prepare(self, analysis_id: str) -> dict[str, Any]:
        """Read the container and plan the windows; gives a `_Plan` as JSON."""
        began = time.time()
        await self._publish(analysis_id, force=True)
        analysis = await self._analysis(analysis_id)
        probe = await self._extraction.probe(_media_ref(analysis))
        await self._blobs.put_facts(analysis_id, probe)
        plan = planning.plan_video(probe, self._max_frames)
        runs = planning.plan_runs(plan.windows, probe.keyframe_times_s, self._parallel_runs)
        return dataclasses.asdict(
            _Plan(
                windows=[(w.index, w.start_s, w.end_s) for w in plan.windows],
                stride=plan.frame_stride,
                runs=[[w.index for w in run] for run in runs],
                video_start_s=probe.facts.video.start_s,
                sound=self._audio_enabled and probe.facts.HasField("audio"),
                wall=(began, time.time()),
            )
        )

    @DBOS.step(
        name="extract_faces",
        retries_allowed=True,
        max_attempts=5,
        interval_seconds=0.5,
        should_retry=may_pass,
        preemptible=True,
    )
    async def _extract_faces(self, analysis_id: str, plan_json: dict[str, Any], number: int) -> tuple[float, float]:
        """Store the face signals of one run; gives when it began and ended."""
        began = time.time()
        plan = _Plan(**plan_json)
        analysis = await self._analysis(analysis_id)
        # The runs share the thumbnails of the analysis.
        thumbnails = len(range(number, _MAX_THUMBNAILS, len(plan.runs)))
        await self._extract(
            analysis_id,
            self._extraction.face_run(
                analysis_id,
                _media_ref(analysis),
                plan.run(number),
                plan.stride,
                planning.most_frames(self._max_frames, len(plan.windows)),
                thumbnails,
                self._report(analysis_id, FACE, number),
            ),
        )
        return began, time.time()

    @DBOS.step(
        name="extract_sound",
        retries_allowed=True,
        max_attempts=3,
        interval_seconds=0.5,
        should_retry=may_pass,
        preemptible=True,
    )
    async def _extract_sound(self, analysis_id: str, plan_json: dict[str, Any]) -> tuple[float, float]:
        """Store the sound signals of all windows; gives when it began and ended."""
        began = time.time()
        plan = _Plan(**plan_json)
        analysis = await self._analysis(analysis_id)
        await self._extract(
            analysis_id,
            self._extraction.audio_run(
                analysis_id,
                _media_ref(analysis),
                plan.take(plan.indexes),
                plan.video_start_s,
                self._report(analysis_id, AUDIO, 0),
            ),
        )
        return began, time.time()

    @DBOS.step(name="conclude", retries_allowed=True, max_attempts=5, interval_seconds=0.5, should_retry=may_pass)
    async def _conclude(
        self,
        analysis_id: str,
        indexes: list[int],
        sound: bool,
        timings: Sequence[tuple["analysis_pb2.Stage.ValueType", float]],
        warnings: list[tuple[str, str]],
    ) -> None:
        """Signals to features to verdict to words; store the result and say that the analysis succeeded."""
        began = time.monotonic()
        await self._publish(analysis_id, force=True)
        probe = await self._blobs.facts(analysis_id)
        result, series = await conclude(
            self._extraction,
            await self._blobs.face_windows(analysis_id, indexes),
            await self._blobs.audio_windows(analysis_id, indexes) if sound else [],
            probe.facts,
            [analysis_pb2.StageTiming(stage=stage, wall_s=seconds) for stage, seconds in timings],
            [analysis_pb2.Reason(reason=reason, text=text) for reason, text in warnings],
        )
        result.timings.add(stage=analysis_pb2.STAGE_FINALIZING, wall_s=round(time.monotonic() - began, 4))
        await self._blobs.put_result(analysis_id, result, series)
        await asyncio.to_thread(self._records.succeed, analysis_id, result.verdict, result.prob_fake)

    @DBOS.step(name="fail")
    async def _fail(self, analysis_id: str, status: bytes) -> None:
        """Say that the analysis failed, and why."""
        await asyncio.to_thread(self._records.fail, analysis_id, status_pb2.Status.FromString(status))

    @DBOS.step(name="ending")
    async def _ending(self, analysis_id: str) -> bytes:
        """The last event."""
        return ending_event(await self._analysis(analysis_id)).SerializeToString()

    # --- helpers of the steps -----------------------------------------------------------------------------------------

    async def _extract(self, analysis_id: str, run: Coroutine[Any, Any, None]) -> None:
        """Await a run in a task of its own, so that `cancel` can end it without ending the workflow's task."""
        tracked = self._tracked[analysis_id]
        task = asyncio.create_task(run)
        tracked.extracting.add(task)
        try:
            await task
        except asyncio.CancelledError:
            if not tracked.cancelled:
                task.cancel()
                raise
            raise Refusal(grpc.StatusCode.FAILED_PRECONDITION, "CANCELLED", "The analysis was cancelled.") from None
        finally:
            tracked.extracting.discard(task)

    def _report(
        self, analysis_id: str, modality: "features_pb2.Modality.ValueType", run: int
    ) -> Callable[..., Awaitable[None]]:
        async def report(done: float, text: str, finished: media_pb2.TimeWindow | None) -> None:
            self._tracked[analysis_id].progress.advance(modality, run, done, text)
            series = None
            if finished is not None:
                # Only which window it is: whoever watches and wants the series loads them.
                series = series_pb2.Series()
                (series.faces if modality == FACE else series.sounds).add().window.CopyFrom(finished)
            await self._publish(analysis_id, series, force=finished is not None)

        return report

    async def _publish(self, analysis_id: str, series: series_pb2.Series | None = None, *, force: bool = False) -> None:
        tracked = self._tracked[analysis_id]
        async with tracked.lock:
            if not force and not tracked.progress.due():
                return
            event = tracked.progress.event(series)
            running = await asyncio.to_thread(self._records.set_progress, analysis_id, event.stage, event.percent)
            if running:
                await DBOS.write_stream_async(EVENTS, event.SerializeToString())

    async def _analysis(self, analysis_id: str) -> Analysis:
        analysis = await asyncio.to_thread(self._records.analysis, analysis_id)
        if analysis is None:
            raise Refusal(grpc.StatusCode.NOT_FOUND, "ANALYSIS_NOT_FOUND", "The analysis was deleted.")
        return analysis


def ending_event(analysis: Analysis) -> analysis_pb2.AnalysisEvent:
    """The last event of an analysis that has ended; its sequence and name are filled in by whoever sends it."""
    event = analysis_pb2.AnalysisEvent(state=analysis.state, stage=analysis.stage, percent=analysis.percent)
    event.time.FromDatetime(analysis.ended_at or analysis.created_at)
    if analysis.error is not None:
        event.error.ParseFromString(analysis.error)
    return event


def _media_ref(analysis: Analysis) -> media_pb2.MediaRef:
    return media_pb2.MediaRef(sha256=analysis.sha256, size_bytes=analysis.size_bytes)


def _span(walls: Sequence[Any]) -> tuple[float, float]:
    """From the first beginning to the last end."""
    times = [wall for wall in walls if not isinstance(wall, BaseException)]
    return (min(t[0] for t in times), max(t[1] for t in times)) if times else (0.0, 0.0)


def _refusal(error: BaseException) -> Refusal:
    """Why the analysis failed, fit for the person who asked for it."""
    if isinstance(error, dbos_error.DBOSMaxStepRetriesExceeded) and error.errors:
        error = error.errors[-1]
    if isinstance(error, Refusal):
        return error
    log_id = uuid.uuid4().hex[:12]
    log.error("analysis failed unexpectedly", log_id=log_id, exc_info=error)
    return _internal(log_id)


def _internal(log_id: str) -> Refusal:
    return Refusal(
        grpc.StatusCode.INTERNAL,
        "INTERNAL",
        f"Something went wrong on our side. The log has it under {log_id}.",
        log_id=log_id,
    )
