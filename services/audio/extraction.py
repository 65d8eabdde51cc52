"""From a file and a plan of windows to the signals of each window, one by one. Runs in a worker."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import grpc
import numpy as np
import numpy.typing as npt

from services.audio import decoding, plots, signals, voicing
from services.audio.mixing import Heard
from services.audio.spans import Span
from services.audio.voice.network import VoiceNetwork
from services.audio.voice.stretches import STRETCH_S, Reading, readings
from services.kit.errors import Refusal
from services.kit.media.process import ProcessCancelled, ProcessLimits, ProcessTimedOut

# Windows that end before this, which are those of every short video, are cut from one piece that always begins and ends
# in the same places: starting ffmpeg takes as long as decoding a minute of sound. Later ones share runs of ffmpeg.
_BEGINNING_S = 20.0


@dataclass(frozen=True)
class Progress:
    """How far the run is: a fraction of 1, and a line for a person."""

    fraction: float
    text: str


@dataclass(frozen=True)
class WindowSound:
    """The signals of one window that has sound.

    Args:
        span: The window.
        log_rms: Shape (steps,); see `signals.log_rms`.
        mfcc: Shape (voiced frames, 12).
        mfcc_times_s: Shape (voiced frames,), seconds from the first video frame.
        voiced_s: Seconds of voiced sound.
        outline: Waveform to draw.
        image: Spectrogram to draw.
        heard: What of the sound's channels it is about.
        voice: What the voice network makes of its voiced stretches.
        voice_network: Version of that network.
    """

    span: Span
    log_rms: npt.NDArray[np.float64]
    mfcc: npt.NDArray[np.float32]
    mfcc_times_s: npt.NDArray[np.float64]
    voiced_s: float
    outline: plots.Outline
    image: plots.MelImage
    heard: Heard
    voice: tuple[Reading, ...]
    voice_network: str


@dataclass(frozen=True)
class SilentWindow:
    """A window without samples."""

    span: Span


def extract(
    cancelled: Callable[[], bool],
    path: Path,
    spans: Sequence[Span],
    video_start_s: float,
    stream: int | None,
    limits: ProcessLimits,
    network: VoiceNetwork,
    *,
    is_excerpt: bool = False,
) -> Iterator[Progress | WindowSound | SilentWindow]:
    """Each window's signals in order, with progress before and after it.

    Twenty seconds of samples are held at most, or one window. Ends early, without an error, when `cancelled()` turns
    true.

    Args:
        cancelled: Asked at least every 50 ms while ffmpeg works.
        path: The file.
        spans: The windows.
        video_start_s: Where the first video frame lies on the container's clock, seconds.
        stream: Index of the sound stream in the file; None to look for it, which takes a start of ffprobe.
        limits: For each run of ffmpeg.
        network: Scores the voice.
        is_excerpt: Whether the file begins shortly before the first window, and not with the recording.

    Raises:
        Refusal: FAILED_PRECONDITION, SOUND_TOO_SLOW, when one window could not be decoded in time.
    """
    try:
        yield from _extract(cancelled, path, spans, video_start_s, stream, limits, network, is_excerpt=is_excerpt)
    except ProcessCancelled:
        return
    except ProcessTimedOut:
        # Not taken for missing sound: a busy machine must not change an answer. Nor for a service that gives none, as
        # DEADLINE_EXCEEDED would be: the call would be retried at once, and the reason lost.
        raise Refusal(
            grpc.StatusCode.FAILED_PRECONDITION,
            "SOUND_TOO_SLOW",
            "The sound could not be read in time. Try again later, or save the video again and send the new file.",
        ) from None


def _extract(
    cancelled: Callable[[], bool],
    path: Path,
    spans: Sequence[Span],
    video_start_s: float,
    stream: int | None,
    limits: ProcessLimits,
    network: VoiceNetwork,
    *,
    is_excerpt: bool = False,
) -> Iterator[Progress | WindowSound | SilentWindow]:
    yield Progress(0.0, "looking for sound")
    if stream is None:
        stream = decoding.find_stream(cancelled, path, limits)
    if stream is None:
        yield from (SilentWindow(span) for span in spans)
        yield Progress(1.0, "no sound")
        return
    total_s = sum(span.end_s - span.start_s for span in spans)
    done_s = 0.0
    for span, sound in _sounds(cancelled, path, stream, spans, video_start_s, limits, is_excerpt=is_excerpt):
        if cancelled():
            return
        yield describe(span, sound, network)
        done_s += span.end_s - span.start_s
        yield Progress(min(1.0, done_s / total_s), f"{done_s:.0f} of {total_s:.0f} s of sound")


def _sounds(
    cancelled: Callable[[], bool],
    path: Path,
    stream: int,
    spans: Sequence[Span],
    video_start_s: float,
    limits: ProcessLimits,
    *,
    is_excerpt: bool,
) -> Iterator[tuple[Span, decoding.Sound]]:
    """The sound of each window. Those in the beginning of the recording, if the file has it, are parts of one piece."""
    beginning: decoding.Sound | None = None
    first = round(video_start_s * signals.SAMPLE_RATE_HZ)
    beginning_s = 0.0 if is_excerpt else _BEGINNING_S
    last_s = max((span.end_s for span in spans if span.end_s <= beginning_s), default=0.0)
    later = [span for span in spans if span.end_s > beginning_s]
    for span in spans[: len(spans) - len(later)]:
        start_s, end_s = video_start_s + span.start_s, video_start_s + span.end_s
        if beginning is None:
            whole = (video_start_s, video_start_s + _BEGINNING_S)
            beginning = decoding.decode(cancelled, path, stream, *whole, limits, video_start_s + last_s)
        start, end = (round(time_s * signals.SAMPLE_RATE_HZ) - first for time_s in (start_s, end_s))
        yield span, beginning.part(start, end)
    places = [(video_start_s + span.start_s, video_start_s + span.end_s) for span in later]
    yield from zip(later, decoding.decode_each(cancelled, path, stream, places, limits), strict=True)


def describe(span: Span, sound: decoding.Sound, network: VoiceNetwork) -> WindowSound | SilentWindow:
    """The signals of one window's sound."""
    if not sound.present.any():
        return SilentWindow(span)
    samples = sound.mix.samples
    voiced = voicing.voiced_frames(samples, sound.present)
    # All frames, then a choice: coefficients of neighbouring frames share one transform.
    coefficients = signals.mfcc(signals.rms_normalised(samples, sound.present))[voiced]
    return WindowSound(
        span=span,
        log_rms=signals.log_rms(samples, sound.present),
        mfcc=coefficients,
        mfcc_times_s=span.start_s + signals.frame_times_s(voiced.size)[voiced],
        voiced_s=float(voiced.sum()) * signals.HOP_SAMPLES / signals.SAMPLE_RATE_HZ,
        outline=plots.outline(samples),
        image=plots.mel_image(samples),
        heard=sound.mix.heard,
        voice=tuple(readings(samples, sound.present, voiced, span.start_s, network.log_odds)),
        voice_network=network.version,
    )


def warm_up(network: VoiceNetwork) -> None:
    """Have scipy, librosa and the network load what they load on first use."""
    times = np.arange(signals.SAMPLE_RATE_HZ) / signals.SAMPLE_RATE_HZ
    samples = np.sin(2 * np.pi * 200 * times).astype(np.float32)
    describe(Span(0, 0.0, 1.0), decoding.Sound(samples[:, None], np.ones(samples.size, np.bool_)), network)
    signals.mfcc(samples)
    network.log_odds(np.tile(samples, round(STRETCH_S)))
