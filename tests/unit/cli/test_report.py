"""What a person reads."""

import io
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from notreally.v1 import analysis_pb2, classifier_pb2, features_pb2
from rich.console import Console

from cli.outcome import FEATURE_NAMES, Outcome, Problem
from cli.progress import Bars, Lines, printable
from cli.report import contribution_bar, print_report
from client import UploadProgress
from tests.unit.client.peer import RUNNING, events, result


def read(outcome: Outcome) -> str:
    console = Console(file=io.StringIO(), width=120, color_system=None)
    print_report(console, outcome)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_verdict_ten_features_and_summary_are_there() -> None:
    answer = result(analysis_pb2.VERDICT_LIKELY_FAKE, 0.9)
    answer.warnings.add(reason="NO_AUDIO", text="The video has no sound.")
    answer.model.features.append(classifier_pb2.FeatureSummary(feature="nose_jitter", p05=0.1, p95=0.4))
    text = read(Outcome("clip.mp4", analysis_pb2.Analysis(result=answer)))
    assert "Likely fake" in text
    assert "Likely fake   estimated chance that the face is manipulated: 90%" in text
    assert "uthenticity" not in text
    assert "onfidence" not in text
    assert "A few words." in text
    assert "The video has no sound." in text
    rows = {line.split()[1]: line for line in text.splitlines() if len(line.split()) > 2}
    assert set(FEATURE_NAMES) <= rows.keys()
    assert "0.5" in rows["nose_jitter"]
    assert "0.1 to 0.4" in rows["nose_jitter"]
    assert "+1.25" in rows["nose_jitter"]
    assert "missing" in rows["mfcc_mean"]
    assert "+0.00" not in text


def test_what_cannot_move_the_score_comes_last_without_a_pull() -> None:
    answer = result(analysis_pb2.VERDICT_LIKELY_FAKE, 0.9)
    for name in FEATURE_NAMES:
        answer.model.features.add(feature=name, used=name in ("face_motion_log_odds", "mfcc_std"))
    lines = read(Outcome("clip.mp4", analysis_pb2.Analysis(result=answer))).splitlines()
    (divide,) = (index for index, line in enumerate(lines) if "shown, not scored" in line)
    moving = [line for line in lines[:divide] if any(name in line for name in FEATURE_NAMES)]
    others = [line for line in lines[divide:] if any(name in line for name in FEATURE_NAMES)]
    assert (len(moving), len(others)) == (2, 8)
    # After the frame on the left, the middle of each bar: one below the other.
    assert len({line.index("│", 1) for line in moving}) == 1
    assert not any("+" in line for line in others if "face+audio" not in line)


def test_what_the_summary_says_is_not_said_again() -> None:
    answer = result(analysis_pb2.VERDICT_LIKELY_FAKE, 0.9)
    answer.warnings.add(reason="GENERATOR_MARK", text="Its tags name a generator.")
    answer.summary = "This video is likely fake. Its tags name a generator."
    assert read(Outcome("clip.mp4", analysis_pb2.Analysis(result=answer))).count("Its tags name a generator.") == 1


def test_insufficient_evidence_names_no_number() -> None:
    answer = result(analysis_pb2.VERDICT_INSUFFICIENT, 0.9)
    answer.insufficiency.add(reason="FACE_TOO_SMALL", text="The face is too small.")
    text = read(Outcome("clip.mp4", analysis_pb2.Analysis(result=answer)))
    assert "Not enough to judge" in text
    assert "The face is too small." in text
    assert "chance" not in text


def test_the_voice_has_a_line_of_its_own() -> None:
    answer = result(analysis_pb2.VERDICT_INCONCLUSIVE, 0.5)
    assert "Voice" not in read(Outcome("clip.mp4", analysis_pb2.Analysis(result=answer)))
    voice = answer.voice
    voice.verdict, voice.prob_fake = analysis_pb2.VERDICT_LIKELY_REAL, 0.04
    for number in range(5):
        voice.stretches.add(suspicious=number == 2)
    text = read(Outcome("clip.mp4", analysis_pb2.Analysis(result=answer)))
    assert "Voice: likely real, estimated chance that it is synthesised: 4%, 1 of 5 stretches stand out" in text


def test_why_a_voice_is_not_judged_is_said_once() -> None:
    answer = result(analysis_pb2.VERDICT_INCONCLUSIVE, 0.5)
    answer.voice.verdict = analysis_pb2.VERDICT_INSUFFICIENT
    answer.voice.insufficiency.add(reason="TOO_LITTLE_VOICE", text="There is too little voice.")
    text = read(Outcome("clip.mp4", analysis_pb2.Analysis(result=answer)))
    assert "Voice: not enough to judge" in text
    assert text.count("There is too little voice.") == 1
    answer.headline = analysis_pb2.PART_VOICE
    answer.insufficiency.extend(answer.voice.insufficiency)
    assert read(Outcome("a.wav", analysis_pb2.Analysis(result=answer))).count("There is too little voice.") == 1


def test_of_a_sound_recording_no_frames_are_counted() -> None:
    answer = result(analysis_pb2.VERDICT_INCONCLUSIVE, 0.5)
    answer.metadata.audio.codec = "mp3"
    answer.quality.analyzed_s, answer.quality.duration_s = 20.0, 95.0
    text = read(Outcome("voice.mp3", analysis_pb2.Analysis(result=answer)))
    assert "20.0 of 95.0 s of sound, model unknown" in text
    assert "frames" not in text


def test_a_problem_is_one_sentence() -> None:
    text = read(Outcome("[red]clip\x1b[31m.mp4", problem=Problem("NOT_A_VIDEO", "This is not a video.")))
    assert "This is not a video." in text
    assert "[red]clip" in text
    assert "\x1b" not in text


@given(st.floats(-20, 20), st.floats(0, 20))
def test_bars_keep_their_side_and_width(contribution: float, largest: float) -> None:
    left, right = contribution_bar(contribution, largest).plain.split("│")
    assert len(left) == len(right) == 6
    if contribution > 0:
        assert "█" not in left
    else:
        assert "█" not in right
    if 0 < largest <= abs(contribution):
        assert (left + right).count("█") == 6


@given(st.text())
def test_nothing_can_take_over_the_terminal(text: str) -> None:
    assert printable(text).isprintable()
    assert len(printable(text)) == len(text)


def test_lines_come_with_every_stage_and_every_tenth() -> None:
    console = Console(file=io.StringIO(), width=100, color_system=None)
    lines = Lines(console, [Path("clip.mp4")])
    lines.uploaded(0, UploadProgress(1, 1))
    for event in events("analyses/a", [RUNNING] * 100):
        lines.happened(0, event)
    assert isinstance(console.file, io.StringIO)
    said = console.file.getvalue().splitlines()
    assert said[0] == "clip.mp4: uploading, 100%"
    assert said[1] == "clip.mp4: analyzing video, 1%"
    assert said[-1] == "clip.mp4: analyzing video, 91%"
    assert len(said) == 11


def test_the_bars_of_a_file_stand_below_it() -> None:
    console = Console(file=io.StringIO(), width=100, color_system=None, force_terminal=True)
    (event,) = events("analyses/a", [RUNNING])
    event.modalities.add(modality=features_pb2.MODALITY_FACE, fraction=0.5, text="frame [120] of 240")
    event.modalities.add(modality=features_pb2.MODALITY_AUDIO, fraction=1.0, state=analysis_pb2.MODALITY_STATE_SKIPPED)
    with Bars(console, [Path("a.mp4"), Path("b.mp4")]) as bars:
        bars.uploaded(0, UploadProgress(1, 2))
        bars.uploaded(1, UploadProgress(1, 2))
        bars.happened(1, event)
        bars.happened(0, event)
    assert isinstance(console.file, io.StringIO)
    last_frame = console.file.getvalue().rpartition("a.mp4")[2].splitlines()
    rows = [" ".join(line.replace("━", "").split()) for line in last_frame[1:6]]
    assert [row.split()[0] for row in rows] == ["face", "audio", "b.mp4", "face", "audio"]
    assert rows[0] == "face 50% frame [120] of 240"
    assert rows[1] == "audio 100% skipped"
