"""Whatever chunks come in whatever order, through whichever gateway: an upload is what was sent, or refused."""

import asyncio
import hashlib
import shutil
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import google_crc32c
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from gateway.store.database import connect
from gateway.store.records import Records, Upload, UploadLimits
from gateway.store.uploads import Uploads
from services.kit.errors import Refusal
from services.kit.media.store import MediaStore, media_key
from tests.fuzz.conftest import EXAMPLES, FUZZ

CHUNK = 16
LIMITS = UploadLimits(count=6, total_bytes=400, count_each=4, bytes_each=300)
REASONS = {"WRONG_OFFSET", "TOO_LARGE", "EMPTY_CHUNK", "CHUNK_TOO_LARGE", "CHECKSUM_MISMATCH", "UPLOAD_NOT_FOUND"}


def done(work: Coroutine[Any, Any, Upload]) -> Upload | Refusal:
    """What came of it."""
    try:
        return asyncio.run(work)
    except Refusal as refusal:
        return refusal


class SentInAnyWay(RuleBasedStateMachine):
    """Uploads through two gateways over one store, and what is known of each upload: the bytes that are meant."""

    names: Bundle[str] = Bundle("names")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
        self.engine = connect(f"sqlite:///{self.folder / 'a.db'}")
        self.media = MediaStore.open((self.folder / "media").as_uri())
        self.gateways = [Uploads(Records(self.engine), self.media, 200, CHUNK, LIMITS) for _ in range(2)]
        self.meant: dict[str, bytes] = {}

    def teardown(self) -> None:
        self.engine.dispose()
        shutil.rmtree(self.folder)

    @rule(target=names, data=st.binary(min_size=1, max_size=80), announced=st.booleans(), who=st.sampled_from("abc"))
    def begin(self, data: bytes, announced: bool, who: str) -> str:
        sha256 = hashlib.sha256(data).hexdigest() if announced else ""
        made = done(self.gateways[0].create("a.mp4", len(data), sha256, sharer=who))
        if isinstance(made, Refusal):
            assert made.reason == "TOO_MANY_UPLOADS"
            assert made.retry_after_s
            return ""
        self.meant[made.id] = data
        return made.id

    @rule(name=names, gateway=st.integers(0, 1), data=st.data())
    def send(self, name: str, gateway: int, data: st.DataObject) -> None:
        if name not in self.meant:
            return
        whole = self.meant[name]
        start = data.draw(st.one_of(st.integers(0, len(whole)), st.just(self._committed(name))))
        piece = whole[start : start + data.draw(st.integers(0, CHUNK + 1))]
        checksum = google_crc32c.value(piece) ^ data.draw(st.sampled_from([0, 0, 0, 1]))
        before = self._committed(name)
        after = done(self.gateways[gateway].append(name, start, piece, checksum))
        if isinstance(after, Refusal):
            assert after.reason in REASONS
            assert self._committed(name) == before
        else:
            assert after.committed_size in (before, before + len(piece))

    @rule(name=names, gateway=st.integers(0, 1))
    def finish(self, name: str, gateway: int) -> None:
        if name in self.meant:
            uploads = self.gateways[gateway]
            asyncio.run(self._finish(uploads, name))

    @rule(name=consumes(names))
    def abandon(self, name: str) -> None:
        if self.meant.pop(name, None) is not None:
            asyncio.run(self.gateways[1].abandon(name))

    @invariant()
    def what_is_whole_is_what_was_meant(self) -> None:
        for name, data in self.meant.items():
            upload = asyncio.run(self.gateways[0].get(name))
            assert 0 <= upload.committed_size <= upload.size_bytes
            if upload.sha256 is not None:
                assert upload.sha256 == hashlib.sha256(data).hexdigest()
                assert asyncio.run(self.media.get(media_key(upload.sha256))) == data

    async def _finish(self, uploads: Uploads, name: str) -> None:
        await uploads.finish(await uploads.get(name))

    def _committed(self, name: str) -> int:
        return asyncio.run(self.gateways[0].get(name)).committed_size


SentInAnyWay.TestCase.settings = FUZZ.__class__(FUZZ, max_examples=EXAMPLES or 15, stateful_step_count=20)
TestSentInAnyWay = SentInAnyWay.TestCase
