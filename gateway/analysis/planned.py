"""The plan made by the first step of an analysis, in the form stored in the step log."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import grpc
from notreally.v1 import media_pb2, metadata_pb2

from gateway.analysis import planning
from gateway.verdict.voice import sound_only
from services.kit.errors import Refusal
from services.kit.media.formats import FURTHEST_CLOCK_S

NO_FACTS = (
    "METADATA_UNAVAILABLE",
    "What the file says about itself could not be read, so how strongly it is compressed was not measured, and no more "
    f"than the first {planning.WHOLE_S:.0f} seconds were looked at.",
)
"""The warning that goes with a plan made without the container's facts: reason and sentence."""


@dataclasses.dataclass(frozen=True)
class Planned:
    """A plan as JSON: windows as (index, start, end), runs as lists of indexes, warnings as (reason, sentence).

    `runs` are of the picture; a sound recording has none. Its windows count from where the sound begins, which
    `video_start_s` then is.
    """

    windows: list[tuple[int, float, float]]
    stride: int
    runs: list[list[int]]
    video_start_s: float | None
    sound: bool
    warnings: list[tuple[str, str]]
    wall: tuple[float, float]
    sound_stream: int | None = None
    """Index of the sound in the file; None when it is not known, as in a plan that an older gateway wrote."""
    video_stream: int | None = None
    """Index of the video in the file; None likewise."""

    @classmethod
    def made(
        cls,
        probe: metadata_pb2.ProbeResponse | None,
        *,
        max_frames: int,
        parallel_runs: int,
        audio_enabled: bool,
        wall: tuple[float, float],
    ) -> "Planned":
        """Plan from what the container says; without it (None), for a video of unknown length that may have sound.

        Of a sound recording there is no run: nothing in it is to be seen.

        Raises:
            Refusal: INVALID_ARGUMENT, NO_VIDEO_STREAM, for a sound recording where sound is not analysed.
        """
        if probe is not None and sound_only(probe.facts):
            return cls._of_sound(probe.facts, max_frames=max_frames, audio_enabled=audio_enabled, wall=wall)
        known = probe or metadata_pb2.ProbeResponse()
        # Without facts it is not known; 0 would be a claim, and false of most broadcast files. A header may claim any.
        start_s = known.facts.video.start_s if probe else None
        plan = planning.plan_video(known, max_frames)
        runs = planning.plan_runs(plan.windows, known.keyframe_times_s, parallel_runs)
        return cls(
            windows=[(w.index, w.start_s, w.end_s) for w in plan.windows],
            stride=plan.frame_stride,
            runs=[[w.index for w in run] for run in runs],
            video_start_s=start_s if start_s is not None and abs(start_s) <= FURTHEST_CLOCK_S else None,
            sound=audio_enabled and (probe is None or probe.facts.HasField("audio")),
            warnings=[] if probe else [NO_FACTS],
            wall=wall,
            sound_stream=known.facts.audio.stream_index if known.facts.audio.HasField("stream_index") else None,
            video_stream=known.facts.video.stream_index if probe else None,
        )

    @classmethod
    def _of_sound(
        cls, facts: metadata_pb2.MediaFacts, *, max_frames: int, audio_enabled: bool, wall: tuple[float, float]
    ) -> "Planned":
        if not audio_enabled:
            raise Refusal(
                grpc.StatusCode.INVALID_ARGUMENT,
                "NO_VIDEO_STREAM",
                "This file is a sound recording, and this server does not listen to sound. Send a video that shows a "
                "face.",
            )
        audio = facts.audio
        duration_s = audio.duration_s if audio.HasField("duration_s") else None
        plan = planning.plan_sound(duration_s or facts.duration_s, max_frames)
        return cls(
            windows=[(w.index, w.start_s, w.end_s) for w in plan.windows],
            stride=plan.frame_stride,
            runs=[],
            video_start_s=audio.start_s if abs(audio.start_s) <= FURTHEST_CLOCK_S else None,
            sound=True,
            warnings=[],
            wall=wall,
            sound_stream=audio.stream_index if audio.HasField("stream_index") else None,
        )

    def json(self) -> dict[str, Any]:
        """The inverse of calling the class with the entries as keywords."""
        return dataclasses.asdict(self)

    def run(self, number: int) -> list[media_pb2.TimeWindow]:
        """The windows of one run."""
        return self.take(self.runs[number])

    def take(self, indexes: Sequence[int]) -> list[media_pb2.TimeWindow]:
        """The windows with these indexes."""
        wanted = set(indexes)
        return [
            media_pb2.TimeWindow(index=index, start_s=start, end_s=end)
            for index, start, end in self.windows
            if index in wanted
        ]

    def seconds(self, number: int) -> float:
        """Seconds of video in one run."""
        return sum(w.end_s - w.start_s for w in self.run(number))

    @property
    def indexes(self) -> list[int]:
        """Of all windows."""
        return [index for index, _, _ in self.windows]
