"""The blobs of an analysis: container facts, signals by window, the result and its series."""

from collections.abc import Sequence
from typing import TypeVar

from google.protobuf.message import Message
from notreally.v1 import analysis_pb2, audio_pb2, face_pb2, metadata_pb2, series_pb2

from services.kit.media.store import MediaStore

_Message = TypeVar("_Message", bound=Message)


class Blobs:
    """The blobs of analyses in the media store.

    Args:
        media: The store.
    """

    def __init__(self, media: MediaStore) -> None:
        """Keep the store."""
        self._media = media

    async def put_facts(self, analysis_id: str, facts: metadata_pb2.ProbeResponse) -> None:
        """Store what the container says."""
        await self._put(f"{_folder(analysis_id)}/facts", facts)

    async def facts(self, analysis_id: str) -> metadata_pb2.ProbeResponse:
        """What the container says; empty when that was never stored."""
        return await self._get(f"{_folder(analysis_id)}/facts", metadata_pb2.ProbeResponse)

    async def put_window(
        self, analysis_id: str, modality: str, window: face_pb2.FaceWindow | audio_pb2.AudioWindow
    ) -> None:
        """Store the signals of one window."""
        await self._put(_window_key(analysis_id, modality, window.window.index), window)

    async def has_window(self, analysis_id: str, modality: str, index: int) -> bool:
        """Whether the signals of a window are stored."""
        return await self._media.exists(_window_key(analysis_id, modality, index))

    async def face_windows(self, analysis_id: str, indexes: Sequence[int]) -> list[face_pb2.FaceWindow]:
        """The stored face signals, in the order asked for; a window that was never stored is left out."""
        return await self._windows(analysis_id, "face", indexes, face_pb2.FaceWindow)

    async def audio_windows(self, analysis_id: str, indexes: Sequence[int]) -> list[audio_pb2.AudioWindow]:
        """The stored sound signals; see `face_windows`."""
        return await self._windows(analysis_id, "audio", indexes, audio_pb2.AudioWindow)

    async def put_result(
        self, analysis_id: str, result: analysis_pb2.AnalysisResult, series: series_pb2.Series
    ) -> None:
        """Store the result, and the series behind its plots."""
        await self._put(f"{_folder(analysis_id)}/series", series)
        await self._put(f"{_folder(analysis_id)}/result", result)

    async def result(self, analysis_id: str, *, series: bool) -> analysis_pb2.AnalysisResult | None:
        """The result, with its series when wanted; None when it is not there."""
        stored = await self._media.get(f"{_folder(analysis_id)}/result")
        if stored is None:
            return None
        result = analysis_pb2.AnalysisResult.FromString(stored)
        if series:
            result.series.CopyFrom(await self._get(f"{_folder(analysis_id)}/series", series_pb2.Series))
        return result

    async def copy_result(self, source_id: str, analysis_id: str) -> bool:
        """Store the result of one analysis, its series and its facts for another too; False when there is no result."""
        for name in ("facts", "series", "result"):
            stored = await self._media.get(f"{_folder(source_id)}/{name}")
            if stored is not None:
                await self._media.put(f"{_folder(analysis_id)}/{name}", stored)
        return stored is not None

    async def delete(self, analysis_id: str) -> None:
        """Remove everything stored for an analysis."""
        await self._media.delete_prefix(_folder(analysis_id))

    async def _windows(
        self, analysis_id: str, modality: str, indexes: Sequence[int], kind: type[_Message]
    ) -> list[_Message]:
        blobs = [await self._media.get(_window_key(analysis_id, modality, index)) for index in indexes]
        return [kind.FromString(blob) for blob in blobs if blob is not None]

    async def _put(self, key: str, message: Message) -> None:
        await self._media.put(key, message.SerializeToString())

    async def _get(self, key: str, kind: type[_Message]) -> _Message:
        return kind.FromString(await self._media.get(key) or b"")


def _folder(analysis_id: str) -> str:
    return f"analyses/{analysis_id}"


def _window_key(analysis_id: str, modality: str, index: int) -> str:
    return f"{_folder(analysis_id)}/{modality}/{index:05d}"
