"""What is done to analyses from outside their workflow: started, cancelled, forgotten, and never lost sight of."""

import asyncio

import structlog
from dbos import DBOS, SetWorkflowID

from gateway.endings import interrupted
from gateway.news import News
from gateway.records import Records
from gateway.workflow import Analyses
from services.kit import requests

log = structlog.get_logger()

QUEUE = "analyses"

_LOOK_AFTER_EVERY_S = 30.0
_WAITING, _CLAIMED = ("ENQUEUED", "DELAYED"), "PENDING"


class Keeping:
    """Sees to it that every accepted analysis ends.

    Args:
        records: Where their state is.
        analyses: Runs them.
        news: Told of what happens here.
        version: Of the workflow's steps; see `gateway.server`.
        executor_id: Name under which this gateway runs workflows.
    """

    def __init__(self, records: Records, analyses: Analyses, news: News, *, version: str, executor_id: str) -> None:
        """Keep the parts."""
        self._records = records
        self._analyses = analyses
        self._news = news
        self._version = version
        self._executor_id = executor_id
        self._unattended: set[str] = set()

    async def start(self, analysis_id: str) -> None:
        """Put an analysis in line. Safe to repeat."""
        with SetWorkflowID(analysis_id):
            await DBOS.enqueue_workflow_async(QUEUE, self._analyses.analyze, analysis_id, requests.current())

    async def cancel(self, analysis_id: str) -> None:
        """Stop an analysis that has not ended: here at once, in another gateway within about a second."""
        if not await asyncio.to_thread(self._records.cancel, analysis_id):
            return
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

        An analysis that was accepted but not put in line is put there; one whose workflow belongs to another version of
        the steps begins anew, with the windows it has; one that this gateway has claimed and twice in a row is not seen
        to work on is taken up again; one whose workflow can run no more fails.
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
                # Unless it was deleted while we looked.
                if await asyncio.to_thread(self._records.analysis, analysis_id):
                    await self.start(analysis_id)
            elif workflow.status in _WAITING or workflow.status == _CLAIMED:
                is_ours = workflow.status in _WAITING or workflow.executor_id == self._executor_id
                if is_ours and workflow.app_version != self._version:
                    await DBOS.delete_workflow_async(analysis_id)
                    await self.start(analysis_id)
                elif is_ours and workflow.status == _CLAIMED and analysis_id not in self._analyses.under_way:
                    if analysis_id in unattended:
                        await DBOS.resume_workflow_async(analysis_id, queue_name=QUEUE)
                    else:
                        self._unattended.add(analysis_id)
            elif await asyncio.to_thread(self._records.fail, analysis_id, interrupted().status()):
                log.error("a workflow ended without its analysis", analysis=analysis_id, status=workflow.status)
                self._news.tell(analysis_id)

    async def keep_looking(self) -> None:
        """`look_after` again and again, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_AFTER_EVERY_S)
            try:
                await self.look_after()
            except Exception:
                log.exception("looking after analyses failed; it is tried again")

    async def leave(self) -> None:
        """End all work of this process without ending the analyses: their workflows are taken up at the next start."""
        tasks = {job.task for job in self._analyses.under_way.values() if job.task is not None}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=5.0)
