"""How faces move that were never filmed: trembling, smooth, still, together, apart, in light that flickers or not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from services.face.mesh import landmarks as lm
from services.face.mesh.light import CHANNELS, REGIONS
from services.face.signals.movement import KINDS, PARTS, RATE_HZ, SPAN, VALUES, Movement, measured, movements, parts
from tests.unit.services.face.faces import Points, turned

Array = NDArray[np.float64]
LOOKS = np.arange(SPAN) / RATE_HZ
TIMES = np.arange(SPAN + 1) / RATE_HZ
"""Frames in which there is one span, at the times of its samples."""

STEP_S = 24 / RATE_HZ
SPAN_S = (SPAN - 1) / RATE_HZ
CHIN, UPPER_LIP = 152, 0
IOD = 80.0

LEFT_OF_RIGHT = {
    **dict(zip(lm.RIGHT_EYE, lm.LEFT_EYE, strict=True)),
    **dict(zip((127, 61, 234, 159, 105), (356, 291, 454, 386, 334), strict=True)),
}
"""Landmarks of the right half that are looked at, and those that they are in a mirror."""

WAVES = {
    CHIN: (1.1, 0.0, 0.05),
    UPPER_LIP: (1.7, 1.0, 0.03),
    14: (0.9, 2.0, 0.04),
    61: (0.7, 0.5, 0.02),
    386: (1.3, 1.5, 0.02),
    334: (0.8, 2.5, 0.03),
    4: (0.6, 0.2, 0.05),
}
"""Landmarks of a lively face: frequency in Hz, phase, and amplitude in inter-ocular distances, down the face."""


def face() -> Points:
    """Landmarks (468, 2) with level eyes about the origin, every point in a place of its own."""
    points = np.random.default_rng(1).uniform(-0.8, 0.8, (lm.COUNT, 2))
    points[[lm.RIGHT_EYE_CORNER, lm.LEFT_EYE_CORNER]] = [(-0.5, -0.2), (0.5, -0.2)]
    return points * IOD


def still(times: Array) -> Array:
    """The face in every frame, (n, 468, 2)."""
    return np.repeat(face()[None], len(times), axis=0)


def lively(times: Array) -> Array:
    """A face whose head nods and turns in the picture while its parts move, all smoothly."""
    points = still(times)
    for landmark, (hz, phase, amplitude) in WAVES.items():
        points[:, landmark, 1] += amplitude * IOD * np.sin(2 * np.pi * hz * times + phase)
    nods = zip(0.1 * np.sin(2 * np.pi * 0.4 * times), 9 * np.sin(2 * np.pi * 0.5 * times + 1), strict=True)
    return np.stack(
        [
            turned(frame, angle, 1 + angle / 9, (down, 2 * down))
            for frame, (angle, down) in zip(points, nods, strict=True)
        ]
    )


def trembling(times: Array, size: float = 0.01, seed: int = 0) -> Array:
    """A lively face whose landmarks tremble by so many inter-ocular distances."""
    points = lively(times)
    return points + np.random.default_rng(seed).normal(0, size * IOD, points.shape)


def steady(times: Array) -> Array:
    """Light that stays as it is, (n, REGIONS, CHANNELS)."""
    return np.broadcast_to(
        np.linspace(40, 200, REGIONS * CHANNELS).reshape(REGIONS, -1), (len(times), REGIONS, CHANNELS)
    )


def spans(
    points: Array, times: Array, segments: NDArray[np.int64] | None = None, light: Array | None = None
) -> list[Movement]:
    return movements(
        points,
        steady(times) if light is None else light,
        times,
        np.zeros(len(times), dtype=np.int64) if segments is None else segments,
    )


def only(points: Array, times: Array, light: Array | None = None) -> Movement:
    (one,) = spans(points, times, light=light)
    return one


def told(course: Array) -> Array:
    """Of courses that a mirror does not change."""
    return measured(course, np.zeros(len(course), dtype=np.bool_))


def frames(count: int, fps: float = RATE_HZ, start_s: float = 0.0) -> Array:
    return start_s + np.arange(count) / fps


def of_parts(values: Array) -> dict[str, Array]:
    """Roughness, persistence, burstiness and tremor by part."""
    return dict(zip(PARTS, values[: 4 * len(PARTS)].reshape(4, len(PARTS)).T, strict=True))


def of_light(values: Array) -> tuple[Array, Array]:
    """The same of each channel and region (CHANNELS, 4, REGIONS), and the couplings (CHANNELS, couples)."""
    channels = values[KINDS["movement"] :].reshape(CHANNELS, -1)
    return channels[:, : 4 * REGIONS].reshape(CHANNELS, 4, REGIONS), channels[:, 4 * REGIONS :]


def coupling(values: Array, one: str, other: str) -> float:
    """How the speeds of two parts go together."""
    first, second = sorted((PARTS.index(one), PARTS.index(other)))
    matrix = np.zeros((len(PARTS), len(PARTS)))
    matrix[np.triu_indices(len(PARTS), 1)] = values[4 * len(PARTS) : KINDS["movement"]]
    return float(matrix[first, second])


def in_mirror(points: Array) -> Array:
    """The same face as a mirror shows it: left is right, and right is left."""
    swapped = points.copy()
    for right, left in LEFT_OF_RIGHT.items():
        swapped[:, [right, left]] = points[:, [left, right]]
    return np.asarray(swapped * [-1, 1])


def test_white_noise_has_the_roughness_and_persistence_of_white_noise() -> None:
    rng = np.random.default_rng(0)
    noise = np.stack([of_parts(told(rng.normal(0, 1, (len(PARTS), SPAN))))[part] for _ in range(60) for part in PARTS])
    roughness, persistence, burstiness, _ = noise.mean(axis=0)
    # The speed x(i) - x(i-1) is N(0, 2), and its change x(i) - 2 x(i-1) + x(i-2) is N(0, 6): on average √(6/2) times
    # as large. Cov(x1 - x0, x2 - x1) is -1, half of -2. The kurtosis of a normal is 3, a little less in few samples.
    assert roughness == pytest.approx(np.log(np.sqrt(3)), abs=0.02)
    assert persistence == pytest.approx(-1 / 2, abs=0.02)
    assert burstiness == pytest.approx(np.log(3), abs=0.15)


def test_one_part_that_trembles_is_told_from_the_others() -> None:
    points = lively(TIMES)
    points[:, CHIN, 1] += np.random.default_rng(3).normal(0, 0.05 * IOD, len(TIMES))
    jaw, lip = (of_parts(only(points, TIMES).values)[part] for part in ("jaw", "upper lip"))
    smooth = of_parts(only(lively(TIMES), TIMES).values)
    assert jaw[0] == pytest.approx(np.log(np.sqrt(3)), abs=0.25)
    assert jaw[1] < -0.2
    assert lip == pytest.approx(smooth["upper lip"])
    assert smooth["jaw"][0] < jaw[0] - 1
    assert smooth["jaw"][1] > 0.9
    assert smooth["jaw"][3] < jaw[3] - 1


def test_a_slow_wave_is_as_rough_as_it_is_fast() -> None:
    for hz in (0.5, 1.0, 2.0):
        course = np.tile(np.sin(2 * np.pi * hz * LOOKS + 0.3), (len(PARTS), 1))
        roughness, persistence, _, tremor = of_parts(told(course))["jaw"]
        # The change of a wave's speed is 2 sin(π f / rate) times its speed.
        assert roughness == pytest.approx(np.log(2 * np.sin(np.pi * hz / RATE_HZ)), abs=0.2)
        assert persistence > 0.8
        # Five looks' average leaves this share of a wave, whose mean is √8 / π of its standard deviation.
        turn = 2 * np.pi * hz / RATE_HZ
        left = 1 - (1 + 2 * np.cos(turn) + 2 * np.cos(2 * turn)) / 5
        assert tremor == pytest.approx(np.log(left * np.sqrt(8) / np.pi), abs=0.2)


def test_a_jerk_is_burstier_than_a_wave() -> None:
    course = np.tile(np.sin(2 * np.pi * LOOKS), (len(PARTS), 1))
    course[PARTS.index("jaw")] = np.arange(SPAN) > 20
    measures = of_parts(told(course))
    # All 46 steps but one are none: the kurtosis is 46.
    assert measures["jaw"][2] == pytest.approx(np.log(46))
    assert measures["brows"][2] < np.log(2)


@pytest.mark.parametrize("amount", [0.2, 5.0])
def test_how_much_a_face_moves_makes_no_difference(amount: float) -> None:
    course = parts(trembling(TIMES))
    about = course.mean(axis=1, keepdims=True)
    assert told(about + amount * (course - about)) == pytest.approx(told(course), abs=0.03)


@pytest.mark.parametrize(
    ("scale", "angle", "shift"), [(0.5, 0.0, (0, 0)), (3.0, 0.0, (700, -90)), (1.0, 0.5, (9, 400))]
)
def test_how_large_a_face_is_and_where_makes_no_difference(
    scale: float, angle: float, shift: tuple[float, float]
) -> None:
    points = trembling(TIMES)
    before, after = only(points, TIMES), only(np.stack([turned(one, angle, scale, shift) for one in points]), TIMES)
    if not angle:
        assert after.values == pytest.approx(before.values, abs=1e-6)
    for part in PARTS[2:]:  # all but across and down, which in a picture that is turned are other ways
        assert of_parts(after.values)[part] == pytest.approx(of_parts(before.values)[part], abs=1e-6)
    assert after.iod_px == pytest.approx(scale * before.iod_px)
    assert after.fps == before.fps


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_a_face_and_its_mirror_image_move_alike(seed: int) -> None:
    points = trembling(TIMES, seed=seed)
    assert only(in_mirror(points), TIMES).values == pytest.approx(only(points, TIMES).values, abs=1e-6)


def test_parts_that_move_together_are_coupled_and_their_opposites_oppositely() -> None:
    wave = 0.05 * IOD * np.sin(2 * np.pi * 1.3 * TIMES)
    other = 0.05 * IOD * np.sin(2 * np.pi * 2.6 * TIMES + 1)
    points = still(TIMES)
    points[:, CHIN, 1] += wave
    points[:, UPPER_LIP, 1] += wave
    points[:, [159, 386], 1] += wave[:, None]
    points[:, 4, 1] += other
    values = only(points, TIMES).values
    assert coupling(values, "jaw", "upper lip") == pytest.approx(1)
    # Lids that go down take the brows further from them.
    assert coupling(values, "jaw", "brows") == pytest.approx(-1)
    assert abs(coupling(values, "jaw", "pitch")) < 0.3
    # The mouth's corners stand still.
    assert coupling(values, "jaw", "mouth width") == 0


def test_a_side_is_coupled_without_its_sign() -> None:
    wave = 0.05 * IOD * np.sin(2 * np.pi * 1.3 * TIMES)
    lifted = []
    for corner in (61, 291):
        points = still(TIMES)
        points[:, CHIN, 1] += wave
        points[:, corner, 1] += wave
        lifted.append(coupling(only(points, TIMES).values, "mouth tilt", "jaw"))
    assert lifted == pytest.approx([1, 1])


def test_a_still_face_has_finite_values_and_no_coupling() -> None:
    values = only(still(TIMES), TIMES).values
    assert values.shape == (VALUES,)
    assert np.isfinite(values).all()
    assert np.all(values[4 * len(PARTS) : KINDS["movement"]] == 0)
    each, couplings = of_light(values)
    assert np.all(each[:, 1] == 0)
    assert np.all(couplings == 0)
    assert all(measures[1] == 0 for measures in of_parts(values).values())


def test_the_same_movement_is_told_alike_at_other_frame_rates() -> None:
    at_its_own = only(lively(frames(50)), frames(50))
    for fps in (30.0, 24.0, 50.0):
        times = frames(round(2 * fps), fps)
        other = only(lively(times), times)
        for part, measures in of_parts(other.values).items():
            assert measures == pytest.approx(of_parts(at_its_own.values)[part], abs=0.05), (fps, part)
        rest = slice(4 * len(PARTS), None)
        assert other.values[rest] == pytest.approx(at_its_own.values[rest], abs=0.02)


@pytest.mark.parametrize("fps", [24.0, 25.0, 29.97, 30.0, 60.0])
def test_the_conditions_are_the_frame_rate_and_the_size(fps: float) -> None:
    times = frames(round(2 * fps), fps, 7.0)
    found = only(still(times) * 1.5, times)
    assert found.fps == pytest.approx(fps)
    assert found.iod_px == pytest.approx(1.5 * IOD)


@pytest.mark.parametrize(("seconds", "count"), [(1.5, 0), (1.8, 0), (1.9, 1), (2.7, 1), (2.9, 2), (4.0, 3), (8.0, 7)])
@pytest.mark.parametrize("fps", [25.0, 30.0])
def test_spans_of_two_seconds_begin_every_second(seconds: float, count: int, fps: float) -> None:
    times = frames(round(seconds * fps) + 1, fps, 3.0)
    found = spans(still(times), times)
    begun = times[[one.entry for one in found]]
    assert len(begun) == count
    assert begun == pytest.approx(3.0 + STEP_S * np.arange(count), abs=1.01 / fps)
    if count:
        assert found[0].entry == 0
        assert begun[-1] + SPAN_S <= times[-1] + 1.01 / fps


@settings(max_examples=50, deadline=None)
@given(st.floats(0, 10_000))
def test_when_a_face_is_seen_makes_no_difference(start_s: float) -> None:
    times = frames(SPAN + 24, start_s=start_s)
    assert [one.entry for one in spans(still(times), times)] == [0, 24]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_face_that_was_hardly_seen_has_no_span(count: int) -> None:
    assert spans(still(frames(count)), frames(count)) == []


def test_a_longer_gap_than_a_quarter_of_a_second_ends_a_span_and_a_shorter_one_does_not() -> None:
    times = frames(90, 30.0)
    short, long = (np.delete(times, range(45, 45 + lost)) for lost in (6, 8))
    assert len(spans(still(short), short)) == 2
    assert spans(still(long), long) == []
    late = np.concatenate([frames(45, 30.0), frames(60, 30.0, 10.0)])
    assert [one.entry for one in spans(still(late), late)] == [45]


def test_a_new_segment_ends_a_span() -> None:
    times = frames(120, 30.0)
    segments = np.repeat([0, 1], [50, 70])
    assert [one.entry for one in spans(still(times), times, segments)] == [50]
    assert spans(still(times), times, np.repeat([0, 1, 2], 40)) == []


def test_spans_on_both_sides_of_a_break_are_told_as_if_alone() -> None:
    times = frames(120, 30.0)
    points = trembling(times)
    both = spans(points, times, np.repeat([0, 1], 60))
    alone = [only(points[part], times[part]) for part in (slice(60), slice(60, 120))]
    assert [one.entry for one in both] == [0, 60]
    for here, there in zip(both, alone, strict=True):
        assert here.values == pytest.approx(there.values, abs=1e-6)
        assert (here.fps, here.iod_px) == pytest.approx((there.fps, there.iod_px))


@pytest.mark.parametrize("scale", [0.0, 1e-157])
def test_a_face_without_size_has_no_span(scale: float) -> None:
    points = scale * still(frames(60))
    points[::2, 4] += 1.0
    assert spans(points, frames(60)) == []


@given(
    arrays.arrays(np.float64, (SPAN, 5), elements=st.floats(-1e4, 1e4)),
    st.floats(0, 1e4),
    st.sampled_from([0.0, 1e-12, 1.0, 100.0]),
)
@settings(max_examples=60)
def test_any_movement_is_told_by_finite_numbers(drawn: Array, size: float, scale: float) -> None:
    moved = [*lm.RIGHT_EYE, *lm.LEFT_EYE, CHIN, UPPER_LIP, 4, 13, 14, 61, 291, 159]
    points = scale * still(TIMES)
    points[:, moved, 1] += np.resize(drawn, (len(TIMES), len(moved)))
    points[:, moved, 0] += size * np.resize(drawn.T, (len(TIMES), len(moved)))
    for one in spans(points, TIMES):
        assert one.values.shape == (VALUES,)
        assert np.isfinite(one.values).all()
        assert one.iod_px > 0


@given(arrays.arrays(np.float64, (len(PARTS), SPAN), elements=st.floats(-1e9, 1e9) | st.just(np.nan)))
@settings(max_examples=60)
def test_any_course_is_told_by_finite_numbers(course: Array) -> None:
    values = told(course)
    assert values.shape == (KINDS["movement"],)
    assert np.isfinite(values).all()
    assert np.abs(values[4 * len(PARTS) :]).max() <= 1 + 1e-9


def test_light_on_one_region_that_flickers_is_told_from_the_others() -> None:
    light = steady(TIMES) + 3 * np.sin(2 * np.pi * 0.7 * TIMES)[:, None, None]
    flickers = light.copy()
    flickers[:, 3, 1] += np.random.default_rng(5).normal(0, 4, len(TIMES))
    smooth, rough = (only(lively(TIMES), TIMES, one).values for one in (light, flickers))
    assert rough[: KINDS["movement"]] == pytest.approx(smooth[: KINDS["movement"]])
    (before, coupled), (after, uncoupled) = of_light(smooth), of_light(rough)
    assert after[1, 0, 3] == pytest.approx(np.log(np.sqrt(3)), abs=0.25)
    assert after[1, 1, 3] < -0.2
    assert before[1, 1, 3] > 0.9
    assert coupled == pytest.approx(np.ones_like(coupled))
    others = np.ones(after.shape, dtype=np.bool_)
    others[1, :, 3] = False
    assert after[others] == pytest.approx(before[others])
    assert (np.abs(uncoupled) < 0.5).sum(axis=1).tolist() == [0, REGIONS - 1, 0]


@pytest.mark.parametrize(("amount", "brighter"), [(0.5, 0.0), (2.0, -30.0)])
def test_how_bright_it_is_and_how_much_light_changes_makes_no_difference(amount: float, brighter: float) -> None:
    changes = np.cumsum(np.random.default_rng(6).normal(0, 1, (len(TIMES), REGIONS, CHANNELS)), axis=0)
    before, after = (
        only(still(TIMES), TIMES, 120 + changes).values,
        only(still(TIMES), TIMES, 120 + brighter + amount * changes).values,
    )
    assert after == pytest.approx(before, abs=0.01)


def test_a_region_that_is_not_seen_stands_still() -> None:
    light = np.cumsum(np.random.default_rng(7).normal(0, 1, (len(TIMES), REGIONS, CHANNELS)), axis=0)
    hidden, briefly = light.copy(), light.copy()
    hidden[:, 4] = np.nan
    briefly[20:23, 4] = np.nan
    whole, none, most = (of_light(only(still(TIMES), TIMES, one).values)[0] for one in (light, hidden, briefly))
    assert np.all(none[:, 1, 4] == 0)
    assert np.delete(none, 4, axis=2) == pytest.approx(np.delete(whole, 4, axis=2))
    assert np.delete(most, 4, axis=2) == pytest.approx(np.delete(whole, 4, axis=2))
    assert most[:, 1, 4] == pytest.approx(whole[:, 1, 4], abs=0.3)


@given(arrays.arrays(np.float64, (SPAN + 1, 4), elements=st.floats(0, 255) | st.just(np.nan)))
@settings(max_examples=40)
def test_any_light_is_told_by_finite_numbers(drawn: Array) -> None:
    light = np.resize(drawn, (len(TIMES), REGIONS, CHANNELS))
    values = only(still(TIMES), TIMES, light).values
    assert values.shape == (VALUES,)
    assert np.isfinite(values).all()
