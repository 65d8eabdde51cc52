"""Pictures that are stored in another order than they are shown, in containers that say nothing of the latter."""

from pathlib import Path

import numpy as np
import pytest

from services.metadata.packets import Packet, read
from tests.synthetic.fixtures import MakeFaceVideo
from tests.synthetic.wrapping import COPIED, REORDERED, rewrapped
from tests.unit.services.face.pixels.test_decoding import MOVING, decoded, times


@pytest.fixture(scope="module")
def reordered(face_video: MakeFaceVideo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MP4 file that says when each picture is shown."""
    folder = tmp_path_factory.mktemp("reordered")
    return rewrapped(face_video(MOVING), folder / "reordered.mp4", *REORDERED, "-g", "30")


# Windows Media counts milliseconds from a start of its own.
@pytest.mark.parametrize(("suffix", "within_s"), [(".avi", 1e-6), (".asf", 0.0021), (".mkv", 0.0011)])
def test_times_are_those_of_a_container_that_says_them(
    reordered: Path, tmp_path: Path, suffix: str, within_s: float
) -> None:
    wrapped = rewrapped(reordered, tmp_path / f"wrapped{suffix}", *COPIED)
    told, found = decoded(reordered, (0, 4)), decoded(wrapped, (0, 4))
    assert len(told) == len(found) == 120
    assert times(found) == pytest.approx(times(told), abs=within_s)
    for one, other in zip(told, found, strict=True):
        assert one.picture is not None
        assert other.picture is not None
        assert np.array_equal(one.picture.luma, other.picture.luma)
        assert not one.made_up
    # The decoder gives the last ones when there is nothing left to decode.
    assert sum(frame.made_up for frame in found) <= 3


def test_a_window_alone_is_the_same_as_in_a_run(reordered: Path, tmp_path: Path) -> None:
    wrapped = rewrapped(reordered, tmp_path / "wrapped.avi", *COPIED)
    run = decoded(wrapped, (0, 1), (2.5, 3.5))
    alone = decoded(wrapped, (2.5, 3.5))
    assert times(alone) == pytest.approx(times(run)[30:], abs=1e-6)
    assert times(alone) == pytest.approx(times(decoded(reordered, (2.5, 3.5))), abs=1e-6)


def packets_of(*ticks: tuple[int, int]) -> list[Packet]:
    """Packets at these presentation and decoding times, in sixtieths of a second, that last one each."""
    return [Packet(pts / 60, dts / 60, 1 / 60, 1000, True) for pts, dts in ticks]


def test_a_clock_finer_than_the_frame_rate_shortens_nothing() -> None:
    facts = read(packets_of(*((2 * n + 2, 2 * n) for n in range(30))), 100)
    assert facts is not None
    assert facts.duration_s == pytest.approx(1.0)
    assert facts.fps == pytest.approx(30)


def test_presentation_times_made_up_from_decoding_times_do_not_count() -> None:
    # What ffmpeg makes of the last packet in AVI, after which nothing comes.
    facts = read(packets_of(*((2 * n + 2, 2 * n) for n in range(29)), (59, 58)), 100)
    assert facts is not None
    assert facts.duration_s == pytest.approx(1.0)
    assert not facts.variable_frame_rate
