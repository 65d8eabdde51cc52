"""Progress: weighted by work, per modality, never going down."""

from hypothesis import given
from hypothesis import strategies as st
from notreally.v1 import analysis_pb2, features_pb2

from gateway.analysis.progress import AUDIO, DONE, FACE, METADATA, RUNNING, SKIPPED, Progress


def whole(*, sound: bool = True) -> Progress:
    progress = Progress()
    progress.set_state(METADATA, DONE)
    progress.plan(FACE, {0: 4.0, 1: 12.0})
    if not sound:
        progress.set_state(AUDIO, SKIPPED, "no sound")
    return progress


def test_the_percentage_follows_the_seconds_of_video_done() -> None:
    progress = whole(sound=False)
    before = progress.percent
    progress.advance(FACE, 1, 1.0)
    three_quarters = progress.percent
    progress.advance(FACE, 0, 1.0)
    assert before < three_quarters < progress.percent
    assert abs((three_quarters - before) / (progress.percent - before) - 0.75) < 1e-9


def test_everything_done_is_not_yet_a_hundred() -> None:
    progress = whole()
    progress.set_state(FACE, DONE)
    progress.set_state(AUDIO, DONE)
    assert 90 < progress.percent < 100
    assert progress.stage == analysis_pb2.STAGE_FINALIZING


def test_a_modality_left_out_takes_no_share() -> None:
    silent = whole(sound=False)
    silent.set_state(FACE, DONE)
    assert silent.percent > 94


def test_the_stage_is_that_of_the_slowest_modality() -> None:
    progress = Progress()
    assert progress.stage == analysis_pb2.STAGE_READING_METADATA
    progress.set_state(METADATA, DONE)
    assert progress.stage == analysis_pb2.STAGE_ANALYZING_VIDEO
    progress.set_state(FACE, DONE)
    assert progress.stage == analysis_pb2.STAGE_ANALYZING_AUDIO


@given(
    st.floats(0, 100),
    st.lists(st.tuples(st.sampled_from([FACE, AUDIO]), st.integers(0, 1), st.floats(0, 1.5)), max_size=30),
)
def test_the_percentage_never_goes_down(
    floor: float, reports: list[tuple["features_pb2.Modality.ValueType", int, float]]
) -> None:
    progress = Progress(floor)
    progress.plan(FACE, {0: 4.0, 1: 12.0})
    shown = floor
    for modality, run, done in reports:
        progress.advance(modality, run, done)
        assert shown <= progress.percent <= 100
        shown = progress.percent


def test_an_event_tells_each_modality() -> None:
    progress = whole()
    progress.advance(FACE, 1, 0.5, "frame 180 of 480")
    lanes = {lane.modality: lane for lane in progress.event().modalities}
    assert (lanes[FACE].state, lanes[FACE].text) == (RUNNING, "frame 180 of 480")
    assert lanes[FACE].fraction == 0.375
    assert lanes[METADATA].state == DONE
