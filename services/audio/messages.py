"""Extracted signals as protobuf messages."""

from typing import assert_never

from notreally.v1 import audio_pb2, media_pb2

from services.audio.extraction import Progress, SilentWindow, WindowSound
from services.audio.mixing import Heard
from services.audio.spans import Span

_MIX = {Heard.ALL: audio_pb2.CHANNEL_MIX_ALL, Heard.LOUDEST: audio_pb2.CHANNEL_MIX_LOUDEST}


def response(item: Progress | WindowSound | SilentWindow) -> audio_pb2.AudioServiceExtractWindowsResponse:
    """One message of the answer."""
    match item:
        case Progress(fraction, text):
            progress = media_pb2.WindowProgress(fraction=fraction, text=text)
            return audio_pb2.AudioServiceExtractWindowsResponse(progress=progress)
        case SilentWindow(span):
            return audio_pb2.AudioServiceExtractWindowsResponse(window=audio_pb2.AudioWindow(window=_window(span)))
        case WindowSound():
            return audio_pb2.AudioServiceExtractWindowsResponse(window=_sound(item))
        case _:
            assert_never(item)


def _sound(sound: WindowSound) -> audio_pb2.AudioWindow:
    return audio_pb2.AudioWindow(
        window=_window(sound.span),
        has_audio=True,
        log_rms=sound.log_rms.tolist(),
        mfcc=sound.mfcc.ravel().tolist(),
        mfcc_times_s=sound.mfcc_times_s.tolist(),
        voiced_s=sound.voiced_s,
        waveform=audio_pb2.Waveform(
            step_s=sound.outline.step_s, low=sound.outline.low.tolist(), high=sound.outline.high.tolist()
        ),
        spectrogram=audio_pb2.Spectrogram(
            step_s=sound.image.step_s,
            bands=sound.image.levels.shape[1],
            levels=sound.image.levels.tobytes(),
            frequencies_hz=sound.image.frequencies_hz.tolist(),
        ),
        channel_mix=_MIX[sound.heard],
        voice=[
            audio_pb2.VoiceReading(start_s=one.start_s, end_s=one.end_s, log_odds=one.log_odds) for one in sound.voice
        ],
        voice_network=sound.voice_network if sound.voice else "",
    )


def _window(span: Span) -> media_pb2.TimeWindow:
    return media_pb2.TimeWindow(index=span.index, start_s=span.start_s, end_s=span.end_s)
