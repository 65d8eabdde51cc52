"""Video files to pictures with times: one pass over a run of windows, robust against what files get wrong."""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import BinaryIO

import av
import grpc
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from services.face.pixels.frames import picture_of
from services.face.pixels.pictures import Picture
from services.face.windows import FaceJob, Window
from services.kit.errors import Refusal
from services.kit.limits import memory_left
from services.kit.media.container import moving_pictures, opened_container
from services.kit.media.formats import MOST_PIXELS, refuse_huge_frames
from services.kit.media.shape import believed_aspect

# Times travel as text and as floats on their way here: a frame this close before a window's start belongs to it.
TOLERANCE_S = 0.0005
_USUAL_INTERVAL_S = 1 / 30
# A seek can land late where a file's index is wrong; the second try starts this much earlier, the third at the start.
_EARLIER_S = 10.0
# Decoding through a gap as short as this costs less than a seek may.
_SHORT_GAP_S = 1.0
# Up to this size one thread decodes about as fast as faces are followed; more would cost a sixth more CPU for nothing.
_LARGE_PIXELS = 1920 * 1088
# Of a frame as decoders keep it, at the most usual depths.
_BYTES_PER_PIXEL = 3
# Where pictures are stored in another order than they are shown, so many show whether their times are in order.
_FRAMES_CHECKED = 6
# An hour of film at 30 frames a second, decoded from a single keyframe. Nobody needs more for a run of windows, but a
# file whose index leads every seek astray could ask for its whole length again and again.
_MOST_DECODED = 108_000


@dataclass(frozen=True)
class TimedPicture:
    """A frame inside a window. `picture` is None where the stride leaves the frame out."""

    window: Window
    time_s: float
    picture: Picture | None
    made_up: bool = False
    """Whether the file does not say when it is shown, so that its time follows from the usual interval."""


def timed_pictures(
    video: BinaryIO | Path, job: FaceJob, cancelled: Callable[[], bool]
) -> Generator[TimedPicture, None, None]:
    """Decode the frames of all windows, in order.

    Reads only where the windows are, as far as the container lets it. A window whose frames cannot be decoded any more
    ends with those it has, and so does one with more frames than the job allows.

    Raises:
        Refusal: NOT_A_VIDEO, NO_VIDEO_STREAM, UNSUPPORTED_CODEC, FRAME_TOO_LARGE or NO_DECODABLE_FRAME.
        MemoryError: Its frames take more memory than this process may have.
    """
    with opened_container(video) as container:
        if container is None:
            raise _refused("NOT_A_VIDEO", "This file is not a video that can be read.")
        stream = _video_stream(container, job.stream_index)
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = job.decode_threads if _is_large(stream) else 1
        # A stream may announce small frames and then hold huge ones.
        stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}
        aspect = stream.sample_aspect_ratio
        pixel_aspect = believed_aspect(float(aspect) if aspect else None)
        frames = _Clock(container, stream, job.video_start_s, cancelled)
        for window in job.windows:
            for position, (time_s, frame, made_up) in enumerate(frames.within(window)):
                wanted = position % job.frame_stride == 0
                if position >= job.max_frames * job.frame_stride:
                    break
                yield TimedPicture(window, time_s, picture_of(frame, pixel_aspect) if wanted else None, made_up)
            if cancelled():
                return


def _video_stream(container: InputContainer, index: int | None) -> VideoStream:
    stream = moving_pictures(container, index)
    if stream is None:
        raise _refused("NO_VIDEO_STREAM", "This file holds no video, only sound or pictures.")
    codec: object = stream.codec_context
    if codec is None:
        raise _refused("UNSUPPORTED_CODEC", "The video is in a format this service cannot decode. Convert it to H.264.")
    refuse_huge_frames(stream.codec_context.width, stream.codec_context.height)
    return stream


def _is_large(stream: VideoStream) -> bool:
    return stream.codec_context.width * stream.codec_context.height > _LARGE_PIXELS


class _Clock:
    """Frames of one stream with times in seconds from the video's start, whatever their time stamps say.

    That is `start_s` on the container's clock, or the first frame that can be decoded where it is None: a stream cut
    between keyframes begins with frames that cannot, and sound and keyframes count from those.

    A missing time stamp, or one that does not go on from the frame before, is replaced by the time of that frame plus
    the usual interval: so times are strictly ascending between seeks.

    AVI and its like say when a picture is decoded, not when it is shown, and what stands for that is wrong wherever
    pictures are stored in another order than they are shown. A decoder gives them in the order in which they are
    shown: where their time stamps descend in it and the times of decoding do not, those count, less its delay.
    """

    def __init__(
        self, container: InputContainer, stream: VideoStream, start_s: float | None, cancelled: Callable[[], bool]
    ) -> None:
        self._container = container
        self._stream = stream
        self._cancelled = cancelled
        rate = stream.average_rate or stream.guessed_rate
        self._left = _MOST_DECODED
        self._interval_s = float(1 / rate) if rate else _USUAL_INTERVAL_S
        self._delay: int | None = None
        """By how many ticks a frame's time of decoding comes after it is shown; None where time stamps are in order."""
        self._frames: Iterator[VideoFrame] = self._decoded()
        first = next(self._frames, None)
        if first is None:
            raise _refused(
                "NO_DECODABLE_FRAME", "No frame of the video can be decoded. It may be damaged or encrypted."
            )
        self._origin = _origin(first, stream, start_s)
        frames = [first, *islice(self._frames, _FRAMES_CHECKED - 1 if stream.codec_context.has_b_frames else 0)]
        for before, after in pairwise(frames):
            self._check_order(before, after)
        self._timeless = first.pts is None and first.dts is None
        """Whether nothing says when anything is shown, as in a bare stream: nobody can seek in it."""
        if self._timeless:
            self._take_usual_rate()
        self._timed = self._with_times(chain(frames, self._frames))
        self._ahead: tuple[float, VideoFrame, bool] | None = next(self._timed, None)

    def within(self, window: Window) -> Iterator[tuple[float, VideoFrame, bool]]:
        """The frames of one window, with their times and whether these are made up; windows are asked for in order."""
        start_s, end_s = window.start_s - TOLERANCE_S, window.end_s - TOLERANCE_S
        if self._ahead is None or self._worth_seeking(start_s):
            self._seek_before(start_s)
        while self._ahead is not None and not self._cancelled():
            time_s, frame, made_up = self._ahead
            if time_s >= end_s:
                return
            self._ahead = next(self._timed, None)
            if time_s >= start_s:
                yield time_s, frame, made_up

    def _worth_seeking(self, start_s: float) -> bool:
        return self._ahead is None or (not self._timeless and start_s - self._ahead[0] > _SHORT_GAP_S)

    def _seek_before(self, start_s: float) -> None:
        """Go to the last keyframe at or before a time, or as near before it as the file lets us."""
        for target_s in (start_s + 2 * TOLERANCE_S, start_s - _EARLIER_S):
            if target_s <= 0 or self._stream.time_base is None or self._timeless:
                break
            if self._restart(self._origin + int(target_s / self._stream.time_base)) and self._at_or_before(start_s):
                return
        self._restart(min(0, self._origin))

    def _at_or_before(self, start_s: float) -> bool:
        return self._ahead is not None and self._ahead[0] <= start_s + 2 * TOLERANCE_S

    def _restart(self, offset: int) -> bool:
        try:
            self._container.seek(offset, stream=self._stream, backward=True)
        except (av.FFmpegError, OverflowError):
            return False
        self._frames = self._decoded()
        self._timed = self._with_times(self._frames)
        self._ahead = next(self._timed, None)
        return True

    def _with_times(self, frames: Iterator[VideoFrame]) -> Iterator[tuple[float, VideoFrame, bool]]:
        before: VideoFrame | None = None
        before_s: float | None = None
        base = self._stream.time_base
        for frame in frames:
            if before is not None:
                self._check_order(before, frame)
            elif self._delay is not None:
                self._measure_delay(frame)
            ticks = self._shown(frame)
            time_s = None if ticks is None or base is None else float((ticks - self._origin) * base)
            made_up = time_s is None or (before_s is not None and time_s <= before_s)
            if time_s is None or made_up:
                time_s = 0.0 if before_s is None else before_s + self._interval_s
            before, before_s = frame, time_s
            yield time_s, frame, made_up

    def _shown(self, frame: VideoFrame) -> int | None:
        """When a frame is shown, in ticks of the stream's clock."""
        if self._delay is None:
            return frame.pts
        return None if frame.dts is None else frame.dts - self._delay

    def _check_order(self, before: VideoFrame, after: VideoFrame) -> None:
        """Give up time stamps that are not in the order in which the decoder gives their frames."""
        if self._delay is not None or before.pts is None or after.pts is None:
            return
        if before.dts is None or after.dts is None:
            return
        if after.pts <= before.pts and after.dts > before.dts:
            self._delay = 0
            self._measure_delay(before)
            self._take_usual_rate()

    def _measure_delay(self, frame: VideoFrame) -> None:
        """Of a keyframe, which is decoded before all that it is shown before, the time stamp is right."""
        if frame.key_frame and frame.pts is not None and frame.dts is not None:
            self._delay = frame.dts - frame.pts

    def _take_usual_rate(self) -> None:
        """The rate of the frames themselves: where there are no times, an average over the length counts ticks."""
        if self._stream.guessed_rate:
            self._interval_s = float(1 / self._stream.guessed_rate)

    def _decoded(self) -> Iterator[VideoFrame]:
        """Decode until the end or the first thing that cannot be read; a damaged packet alone is passed over.

        Decoders have many names for damage, so every error of theirs counts as that, unless memory has run out: some
        call that damage, too, and some call damage a lack of memory.
        """
        try:
            for packet in self._container.demux(self._stream):
                if self._cancelled() or self._left <= 0:
                    return
                # A packet without a frame in it costs time as well.
                self._left -= 1
                try:
                    frames = packet.decode()
                except av.FFmpegError:
                    self._demand_room()
                    continue
                yield from frames
        except av.FFmpegError:
            self._demand_room()

    def _demand_room(self) -> None:
        """Raise MemoryError where not even one more frame would fit."""
        context = self._stream.codec_context
        if memory_left() < _BYTES_PER_PIXEL * min(context.width * context.height, MOST_PIXELS):
            raise MemoryError


def _origin(first: VideoFrame, stream: VideoStream, start_s: float | None) -> int:
    """Which tick of the stream's clock is second 0; `first` is the first frame that was decoded.

    Never after that frame, whatever is said; and at that frame where the two differ by no more than rounding.
    """
    if start_s is None or stream.time_base is None:
        return first.pts or 0
    start = round(start_s / stream.time_base)
    if first.pts is not None and float((first.pts - start) * stream.time_base) < TOLERANCE_S:
        return first.pts
    return start


def total_seconds(windows: Sequence[Window]) -> float:
    """Length of all windows together."""
    return sum(window.end_s - window.start_s for window in windows)


def _refused(reason: str, message: str) -> Refusal:
    return Refusal(grpc.StatusCode.FAILED_PRECONDITION, reason, message)
