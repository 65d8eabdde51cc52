"""What a live session has in the media store while it lasts: all under one folder, so that all of it can go at once.

Only the files that services read are elsewhere, each under the hash of its content as every video is; the folder lists
them first, so that a gateway that dies in between leaves none behind.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from notreally.v1 import audio_pb2, face_pb2, live_pb2, media_pb2

from services.kit.media.store import MediaStore, media_key


class Shelf:
    """The blobs of one session.

    Args:
        media: The store.
        session_id: Whose.
        is_used: Whether a video with this hash belongs to somebody else as well.
    """

    def __init__(self, media: MediaStore, session_id: str, is_used: Callable[[str], bool]) -> None:
        """Store nothing yet."""
        self._media = media
        self._folder = f"live/{session_id}"
        self._is_used = is_used

    async def put_segment(self, segment: live_pb2.SendSegmentRequest) -> None:
        """Store a segment until it is used."""
        await self._media.put(self._segment(segment.sequence), segment.SerializeToString())

    async def segment(self, sequence: int) -> live_pb2.SendSegmentRequest | None:
        """A segment, unless it is not there."""
        stored = await self._media.get(self._segment(sequence))
        return None if stored is None else live_pb2.SendSegmentRequest.FromString(stored)

    async def drop_segment(self, sequence: int) -> None:
        """Delete a segment that was used."""
        await self._media.delete(self._segment(sequence))

    @asynccontextmanager
    async def file(self, data: bytes) -> AsyncIterator[media_pb2.MediaRef]:
        """A file for the services, for as long as the block lasts."""
        sha256 = hashlib.sha256(data).hexdigest()
        note = f"{self._folder}/files/{sha256}"
        await self._media.put(note, b"")
        try:
            await self._media.put(media_key(sha256), data)
            yield media_pb2.MediaRef(sha256=sha256, size_bytes=len(data))
        finally:
            await self._drop_file(sha256)
            await self._media.delete(note)

    async def put_faces(self, window: face_pb2.FaceWindow) -> None:
        """Store the signals of a window of picture."""
        await self._media.put(self._window("face", window.window.index), window.SerializeToString())

    async def put_sounds(self, window: audio_pb2.AudioWindow) -> None:
        """Store the signals of a window of sound."""
        await self._media.put(self._window("sound", window.window.index), window.SerializeToString())

    async def faces(self, windows: int) -> list[face_pb2.FaceWindow]:
        """The signals of picture of so many windows; those that are not there are left out."""
        stored = [await self._media.get(self._window("face", index)) for index in range(windows)]
        return [face_pb2.FaceWindow.FromString(one) for one in stored if one is not None]

    async def sounds(self, windows: int) -> list[audio_pb2.AudioWindow]:
        """Likewise those of sound."""
        stored = [await self._media.get(self._window("sound", index)) for index in range(windows)]
        return [audio_pb2.AudioWindow.FromString(one) for one in stored if one is not None]

    async def put_state(self, state: dict[str, Any]) -> None:
        """Store how far the session is, as plain data."""
        await self._media.put(f"{self._folder}/state", json.dumps(state).encode())

    async def state(self) -> dict[str, Any] | None:
        """How far it is; None at its beginning."""
        stored = await self._media.get(f"{self._folder}/state")
        state: dict[str, Any] | None = None if stored is None else json.loads(stored)
        return state

    async def put_event(self, event: live_pb2.LiveEvent) -> None:
        """Store an event."""
        await self._media.put(self._event(event.sequence), event.SerializeToString())

    async def event(self, sequence: int) -> live_pb2.LiveEvent | None:
        """An event, unless it is not there."""
        stored = await self._media.get(self._event(sequence))
        return None if stored is None else live_pb2.LiveEvent.FromString(stored)

    async def last_event(self) -> live_pb2.LiveEvent | None:
        """The latest event there is."""
        keys = [key async for key in self._media.keys(f"{self._folder}/events")]
        return await self.event(int(max(keys).rpartition("/")[2])) if keys else None

    async def put_last_event(self, event: live_pb2.LiveEvent) -> None:
        """Store the last event, which nobody is shown before all else is gone: see `leave_last_event`."""
        await self._media.put(self._last, event.SerializeToString())

    async def leave_last_event(self) -> live_pb2.LiveEvent | None:
        """Delete everything but the last event, and only then show it; None when there is none yet."""
        stored = await self._media.get(self._last)
        if stored is None:
            return None
        event = live_pb2.LiveEvent.FromString(stored)
        await self.clear(but=self._last)
        await self._media.move(self._last, self._event(event.sequence))
        return event

    async def clear(self, *, but: str = "") -> None:
        """Delete everything, but for the blob with this key."""
        async for key in self._media.keys(self._folder):
            if key.startswith(f"{self._folder}/files/"):
                await self._drop_file(key.rpartition("/")[2])
            if key != but:
                await self._media.delete(key)

    async def _drop_file(self, sha256: str) -> None:
        if not await asyncio.to_thread(self._is_used, sha256):
            await self._media.delete(media_key(sha256))

    @property
    def _last(self) -> str:
        return f"{self._folder}/last"

    def _segment(self, sequence: int) -> str:
        return f"{self._folder}/segments/{sequence:08d}"

    def _window(self, kind: str, index: int) -> str:
        return f"{self._folder}/{kind}/{index:06d}"

    def _event(self, sequence: int) -> str:
        return f"{self._folder}/events/{sequence:08d}"
