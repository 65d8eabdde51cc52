"""An analysis as a durable workflow: probe, plan, fan out, conclude.

DBOS stores the output of every step. Killed anywhere and taken up again, an analysis goes on after its last finished
step; inside a step that fans out, after its last stored window. Large things (signals, results) are blobs in the media
store; step outputs are small.
"""

import asyncio
import datetime as dt
import time
from collections.abc import Awaitable, Sequence
from typing import Any

import grpc
import structlog
from dbos import DBOS, DBOSConfiguredInstance
from dbos import error as dbos_error
from google.rpc import status_pb2
from notreally.v1 import analysis_pb2, media_pb2

from gateway import metrics
from gateway.analysis import planning
from gateway.analysis.conclusion import conclude
from gateway.analysis.endings import ending_event, lost_sound, may_be_sound, refusal_for
from gateway.analysis.extraction import Extraction
from gateway.analysis.news import News
from gateway.analysis.outages import outlast
from gateway.analysis.planned import Planned
from gateway.analysis.progress import AUDIO, DONE, FACE, FAILED, METADATA, RUNNING, SKIPPED
from gateway.analysis.reach import gave_no_answer
from gateway.analysis.under_way import EVENTS, UnderWay
from gateway.store.blobs import Blobs
from gateway.store.records import Analysis, Conclusion, Records
from gateway.verdict.voice import sound_only
from services.kit import requests, tracing
from services.kit.errors import Refusal, refusal_of_status

log = structlog.get_logger()

_MAX_THUMBNAILS = 8


def _is_defect(error: BaseException) -> bool:
    """Whether a step may be tried again as a whole: what gave no answer is asked again inside it."""
    return not isinstance(error, Refusal)


@DBOS.dbos_class("Analyses")
class Analyses(DBOSConfiguredInstance):
    """Runs analyses. What starts and ends them from outside is in `gateway.analysis.keeping`.

    Args:
        records: Where their state is.
        blobs: Signals and results.
        extraction: The services.
        news: Told of each event.
        concurrency: Analyses under way at once. The queue counts its own; what is begun at once goes past it.
        max_frames: Frames analysed of one video at most.
        parallel_runs: Runs of one video sent to the face service at once.
        audio_enabled: Whether sound is analysed.
    """

    def __init__(
        self,
        records: Records,
        blobs: Blobs,
        extraction: Extraction,
        news: News,
        *,
        concurrency: int,
        max_frames: int,
        parallel_runs: int,
        audio_enabled: bool,
    ) -> None:
        """Register with DBOS under a fixed name, by which recovered workflows find this instance."""
        super().__init__("gateway")
        self._records = records
        self._blobs = blobs
        self._extraction = extraction
        self._news = news
        self._places = asyncio.Semaphore(concurrency)
        self._max_frames = max_frames
        self._parallel_runs = parallel_runs
        self._audio_enabled = audio_enabled
        self.under_way: dict[str, UnderWay] = {}
        """Analyses that this process has taken on, by id."""

    # --- the workflow -------------------------------------------------------------------------------------------------

    @DBOS.workflow(name="analyze")
    async def analyze(self, analysis_id: str, request_id: str, trace: str = "") -> None:
        """Everything between accepted and ended. Whatever happens, the analysis ends with a result or a reason."""
        requests.adopt(request_id)
        structlog.contextvars.bind_contextvars(analysis=analysis_id)
        with tracing.step("analyze", trace, analysis=analysis_id):
            await self._analyze_once(analysis_id)

    async def _analyze_once(self, analysis_id: str) -> None:
        # Read again when the workflow is resumed, unlike a step's output: what had been shown by then.
        shown = await outlast(lambda: asyncio.to_thread(self._records.analysis, analysis_id))
        if shown is None or shown.state == analysis_pb2.ANALYSIS_STATE_CANCELLED:
            # Cancelled or deleted in the instant before a kill, or before it began: nobody waits for it.
            return
        job = self.under_way[analysis_id] = UnderWay(analysis_id, shown.percent, self._records, self._news)
        try:
            async with self._places:
                if shown.state == analysis_pb2.ANALYSIS_STATE_QUEUED:
                    metrics.LINE_SECONDS.observe((dt.datetime.now(dt.UTC) - shown.created_at).total_seconds())
                else:
                    await job.recall()
                with metrics.UNDER_WAY.track_inprogress():
                    await self._analyze(job)
        except Exception as error:
            await self._fail(job, refusal_for(error).status().SerializeToString())
        except (dbos_error.DBOSWorkflowCancelledError, dbos_error.DBOSWorkflowConflictIDError):
            await outlast(lambda: self._tidy_up(analysis_id))
            raise
        finally:
            self.under_way.pop(analysis_id, None)
        await DBOS.write_stream_async(EVENTS, await self._ending(analysis_id))
        await DBOS.close_stream_async(EVENTS)
        self._news.tell(analysis_id)

    async def _analyze(self, job: UnderWay) -> None:
        progress = job.progress
        progress.set_state(METADATA, RUNNING, "reading the container")
        plan = Planned(**await self._prepare(job))
        if plan.warnings:
            progress.set_state(METADATA, FAILED, "could not be read")
        else:
            progress.set_state(METADATA, DONE, "container read")
        progress.plan(FACE, {number: plan.seconds(number) for number in range(len(plan.runs))})
        if not plan.runs:
            progress.set_state(FACE, SKIPPED, "no picture")
        if not plan.sound:
            progress.set_state(AUDIO, SKIPPED, "no sound" if self._audio_enabled else "switched off")

        # Steps are numbered in the order they are started: it must be the same when the workflow is replayed.
        lanes: list[Awaitable[tuple[float, float]]] = [
            self._face_lane(job, plan, number) for number in range(len(plan.runs))
        ]
        if plan.sound:
            lanes.append(self._audio_lane(job, plan))
        outcomes = await asyncio.gather(*lanes, return_exceptions=True)
        faces, sounds = outcomes[: len(plan.runs)], outcomes[len(plan.runs) :]
        for outcome in faces:
            if isinstance(outcome, BaseException):
                raise may_be_sound(outcome) if plan.warnings else outcome
        without_sound: list[tuple[str, str]] = []
        for outcome in sounds:
            if isinstance(outcome, BaseException):
                if not isinstance(outcome, Exception) or not plan.runs:  # cancelled, or there is nothing but sound
                    raise outcome
                without_sound.append(lost_sound(outcome))
                progress.set_state(AUDIO, FAILED, "could not be analysed")
        progress.finalize()
        walls = {
            analysis_pb2.STAGE_READING_METADATA: plan.wall,
            analysis_pb2.STAGE_ANALYZING_VIDEO: _span(faces),
            analysis_pb2.STAGE_ANALYZING_AUDIO: _span(sounds),
        }
        timings = [(stage, round(end - start, 4)) for stage, (start, end) in walls.items() if end > start]
        has_sound = plan.sound and not without_sound
        await self._conclude(job, plan.indexes, has_sound, timings, [*plan.warnings, *without_sound])

    async def _face_lane(self, job: UnderWay, plan: Planned, number: int) -> tuple[float, float]:
        wall = await self._extract_faces(job, plan, number)
        job.name(FACE, plan.run(number))
        job.progress.advance(FACE, number, 1.0)
        if job.progress.fraction(FACE) >= 1.0:
            job.progress.set_state(FACE, DONE, "all frames analysed")
        return wall

    async def _audio_lane(self, job: UnderWay, plan: Planned) -> tuple[float, float]:
        wall = await self._extract_sound(job, plan)
        job.name(AUDIO, plan.take(plan.indexes))
        job.progress.set_state(AUDIO, DONE, "all sound analysed")
        return wall

    # --- steps --------------------------------------------------------------------------------------------------------

    @DBOS.step(
        name="prepare",
        retries_allowed=True,
        max_attempts=3,
        interval_seconds=0.5,
        should_retry=_is_defect,
        preemptible=True,
    )
    async def _prepare(self, job: UnderWay) -> dict[str, Any]:
        """Read the container and plan the windows; gives a `Planned` as JSON."""
        _log_step("prepare", job)
        with tracing.step("prepare"):
            return await job.stoppable(lambda: self._read_and_plan(job))

    async def _read_and_plan(self, job: UnderWay) -> dict[str, Any]:
        began = time.time()
        await job.publish(force=True)
        media = _media_ref(await self._analysis(job.id))
        probe = None
        try:
            probe = await self._extraction.probe(media, job.waiting(METADATA, "metadata"))
        except Refusal as refusal:
            if not gave_no_answer(refusal):
                raise
            log.warning("going on without the container's facts", reason=refusal.reason)
        else:
            await self._blobs.put_facts(job.id, probe)
        return Planned.made(
            probe,
            max_frames=self._max_frames,
            parallel_runs=self._parallel_runs,
            audio_enabled=self._audio_enabled,
            wall=(began, time.time()),
        ).json()

    @DBOS.step(
        name="extract_faces",
        retries_allowed=True,
        max_attempts=3,
        interval_seconds=0.5,
        should_retry=_is_defect,
        preemptible=True,
    )
    async def _extract_faces(self, job: UnderWay, plan: Planned, number: int) -> tuple[float, float]:
        """Store the face signals of one run; gives when it began and ended."""
        _log_step("extract_faces", job, run=number)
        began = time.time()
        with tracing.step("extract_faces", run=number):
            await job.stoppable(lambda: self._store_faces(job, plan, number))
        return began, time.time()

    async def _store_faces(self, job: UnderWay, plan: Planned, number: int) -> None:
        # The runs share the thumbnails of the analysis.
        thumbnails = len(range(number, _MAX_THUMBNAILS, len(plan.runs)))
        await self._extraction.face_run(
            job.id,
            _media_ref(await self._analysis(job.id)),
            plan.run(number),
            plan.video_start_s,
            plan.video_stream,
            plan.stride,
            planning.most_frames(self._max_frames, len(plan.windows)),
            thumbnails,
            planning.scored_crops(len(plan.windows)),
            job.report(FACE, number),
            job.waiting(FACE, "face"),
        )

    @DBOS.step(
        name="extract_sound",
        retries_allowed=True,
        max_attempts=3,
        interval_seconds=0.5,
        should_retry=_is_defect,
        preemptible=True,
    )
    async def _extract_sound(self, job: UnderWay, plan: Planned) -> tuple[float, float]:
        """Store the sound signals of all windows; gives when it began and ended."""
        _log_step("extract_sound", job)
        began = time.time()
        with tracing.step("extract_sound"):
            await job.stoppable(lambda: self._store_sound(job, plan))
        return began, time.time()

    async def _store_sound(self, job: UnderWay, plan: Planned) -> None:
        await self._extraction.audio_run(
            job.id,
            _media_ref(await self._analysis(job.id)),
            plan.take(plan.indexes),
            plan.video_start_s,
            plan.sound_stream,
            job.report(AUDIO, 0),
            job.waiting(AUDIO, "audio"),
        )

    @DBOS.step(
        name="conclude",
        retries_allowed=True,
        max_attempts=3,
        interval_seconds=0.5,
        should_retry=_is_defect,
        preemptible=True,
    )
    async def _conclude(
        self,
        job: UnderWay,
        indexes: list[int],
        sound: bool,
        timings: Sequence[tuple["analysis_pb2.Stage.ValueType", float]],
        warnings: list[tuple[str, str]],
    ) -> None:
        """Signals to features to verdict to words; store the result and say that the analysis succeeded."""
        _log_step("conclude", job)
        with tracing.step("conclude"):
            await job.stoppable(lambda: self._compose(job, indexes, sound, timings, warnings))

    async def _compose(
        self,
        job: UnderWay,
        indexes: list[int],
        sound: bool,
        timings: Sequence[tuple["analysis_pb2.Stage.ValueType", float]],
        warnings: list[tuple[str, str]],
    ) -> None:
        began = time.monotonic()
        await job.publish(force=True)
        probe = await self._blobs.facts(job.id)
        result, series = await conclude(
            self._extraction,
            [] if sound_only(probe.facts) else await self._blobs.face_windows(job.id, indexes),
            await self._blobs.audio_windows(job.id, indexes) if sound else [],
            probe.facts,
            [analysis_pb2.StageTiming(stage=stage, wall_s=seconds) for stage, seconds in timings],
            [analysis_pb2.Reason(reason=reason, text=text) for reason, text in warnings],
        )
        result.timings.add(stage=analysis_pb2.STAGE_FINALIZING, wall_s=round(time.monotonic() - began, 4))
        await self._blobs.put_result(job.id, result, series)
        if await asyncio.to_thread(self._records.succeed, job.id, Conclusion.of(result)):
            _count(result, await self._analysis(job.id))

    @DBOS.step(name="fail")
    async def _fail(self, job: UnderWay, status: bytes) -> None:
        """Say that the analysis failed, and why."""
        _log_step("fail", job)
        error = status_pb2.Status.FromString(status)
        if await outlast(lambda: asyncio.to_thread(self._records.fail, job.id, error)):
            refusal = refusal_of_status(error)
            metrics.ANALYSES_ENDED.labels("failed", refusal.reason if refusal else "INTERNAL").inc()

    @DBOS.step(name="ending")
    async def _ending(self, analysis_id: str) -> bytes:
        """The last event."""
        return ending_event(await outlast(lambda: self._analysis(analysis_id))).SerializeToString()

    # --- helpers of the steps -----------------------------------------------------------------------------------------

    async def _analysis(self, analysis_id: str) -> Analysis:
        analysis = await asyncio.to_thread(self._records.analysis, analysis_id)
        if analysis is None:
            raise Refusal(grpc.StatusCode.NOT_FOUND, "ANALYSIS_NOT_FOUND", "The analysis was deleted.")
        return analysis

    async def _tidy_up(self, analysis_id: str) -> None:
        """Remove what was stored after the analysis was deleted through another gateway."""
        if await asyncio.to_thread(self._records.analysis, analysis_id) is None:
            await self._blobs.delete(analysis_id)


def _log_step(step: str, job: UnderWay, **facts: int) -> None:
    """The line that tells what was executed, and so what was not executed again."""
    log.info("step", step=step, number=DBOS.step_id, analysis=job.id, **facts)


def _count(result: analysis_pb2.AnalysisResult, ended: Analysis) -> None:
    metrics.ANALYSES_ENDED.labels(metrics.state_name(ended.state), "").inc()
    metrics.VERDICTS.labels(analysis_pb2.Verdict.Name(result.verdict).removeprefix("VERDICT_").lower()).inc()
    for timing in result.timings:
        metrics.STAGE_SECONDS.labels(metrics.stage_name(timing.stage)).observe(timing.wall_s)
    if ended.ended_at is not None:
        metrics.ANALYSIS_SECONDS.observe((ended.ended_at - ended.created_at).total_seconds())


def _media_ref(analysis: Analysis) -> media_pb2.MediaRef:
    return media_pb2.MediaRef(sha256=analysis.sha256, size_bytes=analysis.size_bytes)


def _span(walls: Sequence[Any]) -> tuple[float, float]:
    """From the first beginning to the last end."""
    times = [wall for wall in walls if not isinstance(wall, BaseException)]
    return (min(t[0] for t in times), max(t[1] for t in times)) if times else (0.0, 0.0)
