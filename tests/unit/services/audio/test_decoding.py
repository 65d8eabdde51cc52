"""Samples land where they belong on the container's clock, whatever holds them and whatever else is asked for."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.audio import decoding
from services.audio.decoding import Sound
from services.audio.signals import SAMPLE_RATE_HZ
from services.kit.media.process import MediaProcess, ProcessCancelled, ProcessLimits, ProcessTimedOut
from tests.integration.live_clips import fragments
from tests.synthetic.sounds import KINDS, spoken

MakeFile = Callable[..., Path]

PICTURE = ("-f", "lavfi", "-i", "testsrc=size=64x64:rate=10:duration=30")
# A quiet 300 Hz tone that is loud for 100 ms from 2.0 s and from 27.0 s on.
BEEP = ("-f", "lavfi", "-i", "aevalsrc='(0.01+0.5*(between(t,2,2.1)+between(t,27,27.1)))*sin(600*PI*t)':d=30:s=44100")
CONTAINERS = {
    "aac.mp4": ("-c:v", "libx264", "-c:a", "aac"),
    "opus.webm": ("-c:v", "libvpx", "-c:a", "libopus"),
    "vorbis.mkv": ("-c:v", "libx264", "-c:a", "libvorbis"),
    "mp3.avi": ("-c:v", "mpeg4", "-c:a", "libmp3lame"),
    "aac.ts": ("-c:v", "libx264", "-c:a", "aac"),
    "mp2.mpg": ("-r", "25", "-c:v", "mpeg1video", "-c:a", "mp2"),
    "mp3.flv": ("-c:v", "flv1", "-c:a", "libmp3lame"),
}


def _never() -> bool:
    return False


def _decode(path: Path, start_s: float, end_s: float, limits: ProcessLimits) -> Sound:
    stream = decoding.find_stream(_never, path, limits)
    assert stream is not None
    return decoding.decode(_never, path, stream, start_s, end_s, limits)


def _onset_s(sound: Sound) -> float:
    """Where the beep begins, seconds into the span."""
    return float(np.flatnonzero(np.abs(sound.mix.samples) > 0.2)[0]) / SAMPLE_RATE_HZ


def _start_s(path: Path) -> float:
    command = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=start_time"]
    command += ["-of", "csv=p=0", str(path)]
    return float(subprocess.run(command, check=True, capture_output=True).stdout.split()[0])


@pytest.fixture(scope="module", params=CONTAINERS)
def beeping(request: pytest.FixtureRequest, make_file: MakeFile) -> Path:
    """Half a minute of picture and the beeps, in one container."""
    name: str = request.param
    return make_file(name, *PICTURE, *BEEP, *CONTAINERS[name], "-g", "50")


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"amr"}))
def test_a_beep_in_a_sound_recording_is_where_it_was_put(make_file: MakeFile, limits: ProcessLimits, kind: str) -> None:
    path = make_file(f"recording.{kind}", *BEEP, *KINDS[kind])
    # The encoder's own delay is left in a bare stream, which does not say how long it is.
    tolerance_s = 0.03 if kind == "aac" else 0.004
    start_s = 0.025057 if kind == "mp3" else 0.0
    for before_s in (1.0, 26.0):
        sound = _decode(path, start_s + before_s, start_s + before_s + 2, limits)
        assert sound.present.all()
        assert _onset_s(sound) == pytest.approx(1.0, abs=tolerance_s)


def test_a_recording_of_a_telephone_is_read(tmp_path: Path, limits: ProcessLimits) -> None:
    for start_s in (0.0, 25.0):
        assert _decode(spoken(tmp_path / "noise.amr", 30.0), start_s, start_s + 4, limits).present.mean() > 0.99


def test_sound_after_a_short_gap_is_no_earlier_than_it_was(make_file: MakeFile, limits: ProcessLimits) -> None:
    """Less than the tenth of a second that ffmpeg would leave out, and more than lips may be out of step."""
    beep = "aevalsrc='(0.01+0.5*between(t,3,3.1))*sin(600*PI*t)':d=5:s=44100"
    gap = ("-af", r"asetnsamples=441,asetpts=PTS+gte(T\,2)*0.06/TB", "-c:a", "pcm_s16le")
    path = make_file("gap.mkv", "-f", "lavfi", "-i", beep, *gap)
    sound = _decode(path, 0.0, 5.0, limits)
    assert _onset_s(sound) == pytest.approx(3.06, abs=0.004)
    missing = np.flatnonzero(~sound.present) / SAMPLE_RATE_HZ
    assert (missing.min(), missing.max()) == pytest.approx((2.0, 2.06), abs=0.01)


def test_an_excerpt_has_the_samples_of_the_whole(make_file: MakeFile, limits: ProcessLimits, tmp_path: Path) -> None:
    """To the bit, though its sound begins between two samples of 16 kHz."""
    coded = ("-c:v", "libx264", "-g", "20", "-c:a", "aac", "-aac_pns", "0")
    found = fragments(make_file("whole.mp4", *PICTURE, *BEEP, *coded), 2.0)
    whole, excerpt = tmp_path / "whole.mp4", tmp_path / "excerpt.mp4"
    whole.write_bytes(found.header + b"".join(found.fragments))
    excerpt.write_bytes(found.header + b"".join(found.fragments[12:15]))
    for span in ((25.0, 29.0), (26.5, 27.5)):
        one, other = (_decode(path, *span, limits) for path in (whole, excerpt))
        assert one.present.all()
        np.testing.assert_array_equal(one.channels, other.channels)


def test_a_beep_is_where_it_was_put(beeping: Path, limits: ProcessLimits) -> None:
    start_s = _start_s(beeping)
    # Once from the top of the file, and once after a seek. MPEG-PS and AVI multiplexers move sound by up to a frame.
    assert _onset_s(_decode(beeping, start_s, start_s + 4.0, limits)) == pytest.approx(2.0, abs=0.03)
    assert _onset_s(_decode(beeping, start_s + 26.6, start_s + 29.0, limits)) == pytest.approx(0.4, abs=0.03)


def test_a_later_span_gives_the_sound_of_the_whole(beeping: Path, limits: ProcessLimits) -> None:
    start_s = _start_s(beeping)
    whole = _decode(beeping, start_s + 15.0, start_s + 29.0, limits)
    part = _decode(beeping, start_s + 25.0, start_s + 28.0, limits)
    expected = whole.mix.samples[round(10.0 * SAMPLE_RATE_HZ) : round(13.0 * SAMPLE_RATE_HZ)]
    assert part.present.all()
    # The same to within a millisecond, which is what these containers round times to.
    lags = range(-16, 17)
    similar = [np.corrcoef(np.roll(part.mix.samples, lag)[16:-16], expected[16:-16])[0, 1] for lag in lags]
    assert max(similar) > 0.995
    # Bit by bit where it counts: the same span again, whatever was decoded in between.
    again = _decode(beeping, start_s + 25.0, start_s + 28.0, limits)
    assert again.mix.samples.tobytes() == part.mix.samples.tobytes()


def test_several_spans_at_once_give_what_each_gives_alone(beeping: Path, limits: ProcessLimits) -> None:
    start_s = _start_s(beeping)
    ends = [(15.0, 17.0), (21.0, 22.5), (25.0, 28.0), (29.0, 31.0), (40.0, 41.0)]  # the last ones beyond the end
    spans = [(start_s + begin_s, start_s + end_s) for begin_s, end_s in ends]
    stream = decoding.find_stream(_never, beeping, limits)
    assert stream is not None
    together = list(decoding.decode_each(_never, beeping, stream, spans, limits))
    alone = [_decode(beeping, begin_s, end_s, limits) for begin_s, end_s in spans]
    assert [sound.mix.samples.tobytes() for sound in together] == [sound.mix.samples.tobytes() for sound in alone]
    assert [sound.present.tobytes() for sound in together] == [sound.present.tobytes() for sound in alone]
    assert together[2].present.all()
    assert not together[4].present.any()


def test_many_spans_take_few_runs(beeping: Path, limits: ProcessLimits, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = decoding.find_stream(_never, beeping, limits)
    assert stream is not None
    runs: list[int] = []

    class Counted(MediaProcess):
        def __enter__(self) -> MediaProcess:
            runs.append(self._command.count("-i"))
            return super().__enter__()

    monkeypatch.setattr(decoding, "MediaProcess", Counted)
    spans = [(19.0 + index / 2, 19.0 + index / 2 + 0.25) for index in range(3 + 33)]
    assert len(list(decoding.decode_each(_never, beeping, stream, spans, limits))) == len(spans)
    assert runs == [1, 1, 1, 16, 16, 1]


def test_a_span_that_breaks_a_run_costs_no_other(
    beeping: Path, limits: ProcessLimits, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = decoding.find_stream(_never, beeping, limits)
    assert stream is not None
    spans = [(22.0, 23.0), (24.0, 25.0), (25.5, 26.0)]
    joined = decoding._decode_joined

    def breaks_down(*args: Any) -> Iterator[Sound]:
        yield next(joined(*args))

    monkeypatch.setattr(decoding, "_decode_joined", breaks_down)
    found = list(decoding.decode_each(_never, beeping, stream, spans, limits))
    assert [s.mix.samples.tobytes() for s in found] == [
        _decode(beeping, *span, limits).mix.samples.tobytes() for span in spans
    ]


def test_shifted_sound_is_shifted_by_as_much(make_file: MakeFile, limits: ProcessLimits) -> None:
    shifted = make_file("shifted.mp4", *PICTURE, "-itsoffset", "0.3", *BEEP, "-c:v", "libx264", "-c:a", "aac")
    sound = _decode(shifted, 0.0, 4.0, limits)
    assert _onset_s(sound) == pytest.approx(2.3, abs=0.003)
    assert np.flatnonzero(sound.present)[0] == pytest.approx(0.3 * SAMPLE_RATE_HZ, abs=0.03 * SAMPLE_RATE_HZ)
    assert not sound.mix.samples[~sound.present].any()


@pytest.mark.parametrize("name", ["early.flv", "early.mkv", "early.ts"])
def test_sound_before_the_picture_is_not_jumped_over(make_file: MakeFile, limits: ProcessLimits, name: str) -> None:
    codecs = ("-c:v", "libx264", "-c:a", "aac", "-bf", "0")
    path = make_file(name, "-itsoffset", "1.6", *PICTURE, *BEEP, *codecs)
    start_s = _start_s(path)
    sound = _decode(path, start_s, start_s + 2.0, limits)
    assert _onset_s(sound) == pytest.approx(0.4, abs=0.03)
    assert sound.present.all()


def test_sound_that_ends_early_is_absent_after_its_end(make_file: MakeFile, limits: ProcessLimits) -> None:
    path = make_file("early.mp4", *PICTURE, *BEEP, "-filter:a", "atrim=end=3", "-c:v", "libx264", "-c:a", "aac")
    sound = _decode(path, 2.0, 5.0, limits)
    last = int(np.flatnonzero(sound.present)[-1])
    assert last == pytest.approx(SAMPLE_RATE_HZ, abs=0.05 * SAMPLE_RATE_HZ)
    assert sound.present[: last + 1].all()
    assert not _decode(path, 4.0, 5.0, limits).present.any()


def test_a_hole_in_the_sound_is_absent(make_file: MakeFile, limits: ProcessLimits) -> None:
    path = make_file(
        "hole.mkv",
        *PICTURE,
        *BEEP,
        "-filter:a",
        "aselect='not(between(t,3,4))'",
        "-c:v",
        "libx264",
        "-c:a",
        "pcm_s16le",
    )
    sound = _decode(path, 2.0, 5.0, limits)
    absent = np.flatnonzero(~sound.present) / SAMPLE_RATE_HZ
    assert absent[0] == pytest.approx(1.0, abs=0.05)
    assert absent[-1] == pytest.approx(2.0, abs=0.05)
    assert sound.present[-1]


def test_a_hostile_seek_position_is_no_error(beeping: Path, limits: ProcessLimits) -> None:
    for start_s in (-50.0, 5_000.0, 999_000.0):
        assert not _decode(beeping, start_s, start_s + 1, limits).present.any()


@pytest.mark.parametrize("codec", ["pcm_s16le", "pcm_f32le"])
def test_the_mono_mix_is_as_loud_for_every_sample_format(
    make_file: MakeFile, limits: ProcessLimits, codec: str
) -> None:
    stereo = ("-f", "lavfi", "-i", "aevalsrc='0.5*sin(600*PI*t)|0.5*sin(600*PI*t)':d=2")
    path = make_file(f"{codec}.mov", *stereo, "-c:a", codec)
    assert np.abs(_decode(path, 0.5, 1.5, limits).mix.samples).max() == pytest.approx(0.5, abs=0.01)


def test_samples_that_are_no_numbers_do_not_get_through(make_file: MakeFile, limits: ProcessLimits) -> None:
    path = make_file("hostile.mov", "-f", "lavfi", "-i", "aevalsrc='if(gt(t,1),NAN,1e30)':d=2", "-c:a", "pcm_f32le")
    samples = _decode(path, 0.0, 2.0, limits).mix.samples
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() <= 8.0


def test_damaged_sound_is_absent_and_no_error(make_file: MakeFile, limits: ProcessLimits, tmp_path: Path) -> None:
    whole = make_file("whole.mkv", *PICTURE, *BEEP, "-c:v", "libx264", "-c:a", "aac").read_bytes()
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole[: len(whole) // 2])
    assert _decode(cut, 0.0, 1.0, limits).present.all()
    assert not _decode(cut, 25.0, 26.0, limits).present.any()
    garbled = bytearray(whole)
    garbled[len(whole) // 3 :] = bytes(reversed(whole[len(whole) // 3 :]))
    cut.write_bytes(garbled)
    sound = _decode(cut, 0.0, 30.0, limits)
    assert sound.present[:SAMPLE_RATE_HZ].all()
    assert not sound.present.all()


def test_the_default_sound_is_chosen(make_file: MakeFile, limits: ProcessLimits) -> None:
    streams = (*PICTURE, *BEEP, *BEEP, "-map", "0", "-map", "1", "-map", "2", "-c:v", "libx264", "-c:a", "libvorbis")
    second = make_file("second.mkv", *streams, "-disposition:a:0", "0", "-disposition:a:1", "default")
    assert decoding.find_stream(_never, second, limits) == 2
    neither = make_file("neither.mkv", *streams, "-disposition:a:0", "0", "-disposition:a:1", "0")
    assert decoding.find_stream(_never, neither, limits) == 1


def test_files_without_sound_have_no_stream(make_file: MakeFile, limits: ProcessLimits, tmp_path: Path) -> None:
    silent = make_file("silent.mp4", *PICTURE, "-c:v", "libx264")
    playlist = tmp_path / "list.mp4"
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\n{silent}\n#EXT-X-ENDLIST\n")
    text = tmp_path / "text.mp4"
    text.write_text("not a video")
    for path in (silent, playlist, text, tmp_path / "missing.mp4"):
        assert decoding.find_stream(_never, path, limits) is None


def test_decoding_stops_when_nobody_waits_or_time_is_up(beeping: Path, limits: ProcessLimits) -> None:
    with pytest.raises(ProcessCancelled):
        decoding.decode(lambda: True, beeping, 1, 0.0, 5.0, limits)
    with pytest.raises(ProcessTimedOut):
        decoding.decode(_never, beeping, 1, 0.0, 5.0, ProcessLimits(0.0, limits.memory_bytes))
