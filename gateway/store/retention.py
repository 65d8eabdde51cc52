"""The janitor: removes expired data, and what crashed processes left behind.

A task of each gateway, not a workflow: what it has done needs no record, since the next round finds what is left. Rows
go last where they lead to something else, so that a round cut short is taken up by the next one, on any gateway.
"""

import asyncio
import dataclasses
import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from gateway.store.blobs import Blobs
from gateway.store.leftovers import Leftovers
from gateway.store.records import IDLE, Records
from gateway.store.rounds import Rounds
from services.kit.errors import Refusal
from services.kit.media.store import MediaStore, hash_of_media_key, media_key

log = structlog.get_logger()

# Something under way may not have its row yet, or its row not its last blob: younger leftovers are left alone.
_GRACE = dt.timedelta(hours=1)


@dataclasses.dataclass(frozen=True)
class Terms:
    """How long things are kept. None: for ever."""

    uploads: dt.timedelta
    analyses: dt.timedelta | None = None
    media: dt.timedelta | None = None


@dataclasses.dataclass
class Removed:
    """How much one round has removed."""

    uploads: int = 0
    analyses: int = 0
    videos: int = 0
    orphans: int = 0


class Forget(Protocol):
    """Removes the step log and the events of an analysis that has ended."""

    def __call__(self, analysis_id: str) -> Awaitable[None]:
        """Safe to repeat."""


class Janitor:
    """Tidies up.

    Args:
        records: Rows of one analysis.
        leftovers: Rows by age.
        media: The store.
        blobs: What is stored for analyses.
        forget: Removes an analysis's step log.
        terms: How long things are kept.
        clock: The time.
    """

    def __init__(
        self,
        records: Records,
        leftovers: Leftovers,
        media: MediaStore,
        blobs: Blobs,
        forget: Forget,
        terms: Terms,
        *,
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        """Keep the parts."""
        self._records = records
        self._leftovers = leftovers
        self._media = media
        self._blobs = blobs
        self._forget = forget
        self._terms = terms
        self._clock = clock

    async def run(self, every_s: float, rounds: Rounds) -> None:
        """Tidy up every so many seconds, taking turns with other gateways, until cancelled.

        What goes wrong is logged and tried again.
        """
        while True:
            try:
                if await asyncio.to_thread(rounds.take, "tidy", every_s):
                    removed = await self.tidy()
                    if any(dataclasses.astuple(removed)):
                        log.info("tidied up", **dataclasses.asdict(removed))
            except Refusal as refusal:  # the database or the store gives no answer
                log.warning("tidying up was cut short", reason=refusal.reason)
            except Exception:
                log.exception("tidying up failed")
            await asyncio.sleep(every_s)

    async def tidy(self) -> Removed:
        """One round; gives what it has removed."""
        removed, now = Removed(), self._clock()
        before = now - self._terms.uploads
        await self._expire_uploads(removed, before, lambda: self._leftovers.expire_uploads(before))
        if self._terms.analyses is not None:
            await self._expire_analyses(removed, now - self._terms.analyses)
        if self._terms.media is not None:
            await self._expire_media(removed, now - self._terms.media)
        await self._remove_orphans(removed, now - _GRACE)
        return removed

    async def remove(self, analysis_id: str, sha256: str) -> bool:
        """Remove an ended analysis with all that belongs to it; True when that included its video."""
        await self._forget(analysis_id)
        await self._blobs.delete(analysis_id)
        if not await asyncio.to_thread(self._records.delete_analysis, analysis_id):
            return False
        return await self.delete_unused(sha256)

    async def make_room(self, sharer: str | None = None) -> None:
        """Remove uploads that are idle and that nothing has been made of; of one caller's, if one is named."""
        removed, since = Removed(), self._clock() - IDLE
        await self._expire_uploads(removed, since, lambda: self._leftovers.expire_idle(since, sharer))
        if removed.uploads:
            log.info("idle uploads made room", **dataclasses.asdict(removed))

    async def _expire_uploads(
        self,
        removed: Removed,
        untouched_since: dt.datetime,
        expire: Callable[[], list[tuple[str, str | None]]],
    ) -> None:
        while expired := await asyncio.to_thread(expire):
            for upload_id, _ in expired:
                await self._media.delete_prefix(f"uploads/{upload_id}")
            complete = [sha256 for _, sha256 in expired if sha256 is not None]
            for sha256 in await asyncio.to_thread(self._leftovers.unused_media, complete):
                removed.videos += await self._delete_old(media_key(sha256), untouched_since)
            removed.uploads += len(expired)

    async def _expire_analyses(self, removed: Removed, ended_before: dt.datetime) -> None:
        while expired := await asyncio.to_thread(self._leftovers.ended_analyses, ended_before):
            for analysis in expired:
                removed.videos += await self.remove(analysis.id, analysis.sha256)
                removed.analyses += 1

    async def _expire_media(self, removed: Removed, ended_before: dt.datetime) -> None:
        while hashes := await asyncio.to_thread(self._leftovers.remove_media, ended_before, self._clock()):
            for sha256 in hashes:
                removed.videos += await self.delete_unused(sha256)

    async def _remove_orphans(self, removed: Removed, before: dt.datetime) -> None:
        """Blobs that no row knows of, last changed before a time."""
        async for old in self._media.last_changed_before("media", before):
            by_hash = {sha256: key for key in old if (sha256 := hash_of_media_key(key)) is not None}
            for sha256 in await asyncio.to_thread(self._leftovers.unused_media, list(by_hash)):
                removed.orphans += await self._delete_old(by_hash[sha256], before)
        for folder, unknown in (
            ("uploads", self._leftovers.unknown_uploads),
            ("analyses", self._leftovers.unknown_analyses),
        ):
            async for old in self._media.last_changed_before(folder, before):
                owners = await asyncio.to_thread(unknown, sorted({key.split("/")[1] for key in old}))
                for key in old:
                    if key.split("/")[1] in owners:
                        removed.orphans += await self._delete_old(key, before)
        async for old in self._media.last_changed_before("incoming", before):
            for key in old:
                removed.orphans += await self._delete_old(key, before)
        removed.orphans += await asyncio.to_thread(self._media.delete_unfinished, before)

    async def delete_unused(self, sha256: str) -> bool:
        """Delete a video unless an upload or an analysis is of it; True when it was deleted."""
        if not await asyncio.to_thread(self._leftovers.unused_media, [sha256]):
            return False
        await self._media.delete(media_key(sha256))
        return True

    async def _delete_old(self, key: str, before: dt.datetime) -> bool:
        """Delete a blob unless it has been rewritten meanwhile."""
        changed = await self._media.changed_at(key)
        if changed is None or changed >= before:
            return False
        await self._media.delete(key)
        return True
