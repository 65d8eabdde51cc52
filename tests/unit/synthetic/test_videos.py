"""The videos that other tests trust."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from tests.synthetic.fixtures import MakeFaceVideo, face_video
from tests.synthetic.videos import FaceVideo, images, make_face_video, syllables
from tests.synthetic.voices import RATE, voice

__all__ = ["face_video"]

SPEAKING = FaceVideo(seconds=2, size=(160, 120), iod=30, mouth=syllables, sound=syllables)


def loudness(
    samples: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Root mean square of every 40 ms."""
    step = RATE // 25
    whole = samples[: len(samples) // step * step].reshape(-1, step)
    return np.asarray(np.sqrt(np.mean(whole**2, axis=1)), dtype=np.float32)


@pytest.mark.parametrize("shift_s", [0.0, 0.4])
def test_the_voice_is_as_loud_as_its_curve_says(shift_s: float) -> None:
    samples = voice(4.0, syllables, shift_s)
    truth = [syllables((i + 0.5) / 25 - shift_s) for i in range(100)]
    assert len(samples) == 4 * RATE
    assert np.abs(samples).max() <= 1
    assert np.corrcoef(loudness(samples), truth)[0, 1] > 0.98


def test_a_video_has_the_picture_and_the_sound_it_says(face_video: MakeFaceVideo) -> None:
    with av.open(str(face_video(SPEAKING))) as container:
        assert container.streams.video[0].frames == 60
        assert container.streams.audio[0].codec_context.sample_rate == RATE
        assert float(container.duration or 0) / 1e6 == pytest.approx(2, abs=0.1)
    with av.open(str(face_video(replace(SPEAKING, sound=None)))) as container:
        assert not container.streams.audio


def test_equal_videos_are_equal_bytes(tmp_path: Path) -> None:
    one, other = (make_face_video(tmp_path / f"{name}.mp4", SPEAKING).read_bytes() for name in "ab")
    assert one == other


def test_blinks_and_mouth_change_only_the_face() -> None:
    video = FaceVideo(seconds=0.1, size=(320, 240), iod=60)
    open_eyes = next(images(video))
    moved = next(images(replace(video, blinks=(0.0,), mouth=lambda _: 1.0)))
    rows, columns = np.nonzero(np.abs(open_eyes.astype(int) - moved).max(axis=2) > 8)
    assert 80 < rows.min() < 115
    assert 140 < rows.max() < 200
    assert columns.min() > 120
    assert columns.max() < 200


def test_lids_close_at_the_blinks_and_stay_open_otherwise() -> None:
    video = FaceVideo(blinks=(1.0, 3.0), blink_s=0.2)
    assert [video.lids(t) for t in (0.0, 0.89, 1.0, 1.11, 2.0, 3.0)] == [0, 0, 1, 0, 0, 1]


def test_uneven_times_still_ascend() -> None:
    video = FaceVideo(uneven=True, seconds=1)
    times = [video.time(i) for i in range(video.frames)]
    assert times == sorted(set(times))
    assert len({round(b - a, 6) for a, b in pairwise(times)}) == 3
