"""Operations on analyses from outside their workflow: start, cancel, delete, and recovery of lost ones."""

import asyncio
import contextvars

import structlog
from dbos import DBOS, DBOSClient, SetEnqueueOptions, SetWorkflowID

from gateway import metrics
from gateway.analysis.endings import defect
from gateway.analysis.news import News
from gateway.analysis.presence import Presence
from gateway.analysis.workflow import Analyses
from gateway.store.records import Analysis, Records
from gateway.store.rounds import Rounds
from services.kit import requests, tracing

log = structlog.get_logger()

QUEUE = "analyses"

_LOOK_AFTER_EVERY_S = 30.0
_FIRST_PRIORITY = 1  # to DBOS, what has none comes before all others
_WAITING, _CLAIMED = ("ENQUEUED", "DELAYED"), "PENDING"


class Keeping:
    """Sees to it that every accepted analysis ends.

    Args:
        records: Where their state is.
        analyses: Runs them.
        news: Told of what happens here.
        presence: Which gateways there are.
        rounds: Whose turn it is to look after those of gateways that are gone.
        version: Of the workflow's steps; see `gateway.server`.
        executor_id: Name under which this gateway runs workflows.
    """

    def __init__(
        self,
        records: Records,
        analyses: Analyses,
        news: News,
        presence: Presence,
        rounds: Rounds,
        *,
        version: str,
        executor_id: str,
    ) -> None:
        """Keep the parts."""
        self._records = records
        self._analyses = analyses
        self._news = news
        self._presence = presence
        self._rounds = rounds
        self._version = version
        self._executor_id = executor_id
        self._beginning: asyncio.Task[None] | None = None
        self._unattended: set[str] = set()

    async def start(self, analysis: Analysis) -> None:
        """Start an analysis if this gateway is idle, else enqueue it at its turn. Safe to repeat."""
        request_id, trace = requests.current(), tracing.current()
        if self._is_idle():
            # What it logs and traces is not the call's, which ends long before.
            self._beginning = asyncio.get_running_loop().create_task(
                self._begin(analysis.id, request_id, trace), context=contextvars.Context()
            )
            await asyncio.shield(self._beginning)
            return
        with SetWorkflowID(analysis.id), SetEnqueueOptions(priority=_FIRST_PRIORITY + analysis.turn):
            await DBOS.enqueue_workflow_async(QUEUE, self._analyses.analyze, analysis.id, request_id, trace)

    async def _begin(self, analysis_id: str, request_id: str, trace: str) -> None:
        with SetWorkflowID(analysis_id):
            await DBOS.start_workflow_async(self._analyses.analyze, analysis_id, request_id, trace)

    def _is_idle(self) -> bool:
        return not self._analyses.under_way and (self._beginning is None or self._beginning.done())

    async def cancel(self, analysis_id: str) -> None:
        """Stop an analysis that has not ended: here at once, in another gateway within about a second."""
        if not await asyncio.to_thread(self._records.cancel, analysis_id):
            return
        metrics.ANALYSES_ENDED.labels("cancelled", "").inc()
        # From here on its workflow can write no more: neither steps nor events.
        await DBOS.cancel_workflow_async(analysis_id)
        if job := self._analyses.under_way.get(analysis_id):
            await job.stop()
        self._news.tell(analysis_id)

    async def forget(self, analysis_id: str) -> None:
        """Remove the step log and the events of an analysis that has ended."""
        await DBOS.delete_workflow_async(analysis_id)
        self._news.tell(analysis_id)

    async def look_after(self) -> None:
        """Put right what a kill in the wrong instant left behind, once.

        An analysis that was accepted but not put in line is put there; one whose workflow belongs to an older version
        of the steps begins anew, with the windows it has; one that this gateway has claimed and twice in a row is not
        seen to work on is taken up again; one whose workflow can run no more fails.
        """
        unattended, self._unattended = self._unattended, set()
        unfinished = await asyncio.to_thread(self._records.unfinished)
        if not unfinished:
            return
        found = await DBOS.list_workflows_async(workflow_ids=unfinished, load_input=False, load_output=False)
        workflows = {workflow.workflow_id: workflow for workflow in found}
        for analysis_id in unfinished:
            workflow = workflows.get(analysis_id)
            if workflow is None:
                await self._start_anew(analysis_id)
            elif workflow.status in _WAITING or workflow.status == _CLAIMED:
                is_ours = workflow.status in _WAITING or workflow.executor_id == self._executor_id
                if is_ours and self._is_outdated(workflow.app_version):
                    await DBOS.delete_workflow_async(analysis_id)
                    await self._start_anew(analysis_id)
                elif is_ours and workflow.status == _CLAIMED and analysis_id not in self._analyses.under_way:
                    if analysis_id in unattended:
                        await DBOS.resume_workflow_async(analysis_id, queue_name=QUEUE)
                    else:
                        self._unattended.add(analysis_id)
            else:
                await self._interrupted(analysis_id, workflow.status)

    async def _interrupted(self, analysis_id: str, status: str) -> None:
        refusal = defect()
        if await asyncio.to_thread(self._records.fail, analysis_id, refusal.status()):
            metrics.ANALYSES_ENDED.labels("failed", "INTERRUPTED").inc()
            log_id = refusal.metadata["log_id"]
            log.error("a workflow ended without its analysis", analysis=analysis_id, status=status, log_id=log_id)
            self._news.tell(analysis_id)

    async def take_over(self) -> None:
        """Requeue the analyses of dead gateways once, if it is this gateway's turn to look."""
        if not await asyncio.to_thread(self._rounds.take, "take over", self._presence.every_s):
            return
        claimed = await DBOS.list_workflows_async(status=_CLAIMED, load_input=False, load_output=False)
        owners = {workflow.executor_id for workflow in claimed if workflow.executor_id}
        gone = await asyncio.to_thread(self._presence.gone, owners)
        for workflow in claimed:
            if workflow.executor_id not in gone:
                continue
            if self._is_outdated(workflow.app_version):
                await DBOS.delete_workflow_async(workflow.workflow_id)
                await self._start_anew(workflow.workflow_id)
        if gone:
            # Those that another gateway has meanwhile begun with are left alone: DBOS asks again whose they are.
            await asyncio.to_thread(DBOS._recover_pending_workflows, sorted(gone))
            log.warning("analyses of gateways that are gone were put back in line", gateways=sorted(gone))

    async def _start_anew(self, analysis_id: str) -> None:
        # Unless it was deleted while we looked.
        if analysis := await asyncio.to_thread(self._records.analysis, analysis_id):
            await self.start(analysis)

    def _is_outdated(self, version: str | None) -> bool:
        """Whether a workflow is of an older version of the steps; one of a newer version is left to newer gateways."""
        return version is None or not version.isdecimal() or int(version) < int(self._version)

    async def keep_looking(self) -> None:
        """`look_after` again and again, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_AFTER_EVERY_S)
            try:
                await self.look_after()
            except Exception:
                log.exception("looking after analyses failed; it is tried again")

    async def keep_present(self) -> None:
        """Give signs of life and look for gateways that give none, until cancelled."""
        while True:
            try:
                await asyncio.to_thread(self._presence.note)
                await self.take_over()
            except Exception:
                log.exception("looking for other gateways failed; it is tried again")
            await asyncio.sleep(self._presence.every_s)

    async def leave(self) -> None:
        """End all work of this process without ending the analyses; `hand_over` is for afterwards."""
        if self._beginning is not None:
            self._beginning.cancel()
        tasks = {job.task for job in self._analyses.under_way.values() if job.task is not None}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=5.0)


def hand_over(client: DBOSClient, executor_id: str) -> int:
    """Requeue what a stopped gateway left unfinished, for any gateway; returns how many.

    For the time after `DBOS.destroy`: before it, the gateway itself would take them up again.
    """
    left = client.list_workflows(status=_CLAIMED, executor_id=executor_id, load_input=False, load_output=False)
    client.resume_workflows([workflow.workflow_id for workflow in left], queue_name=QUEUE)
    return len(left)
