"""What is said of pictures that are not as usual."""

import math
from typing import Any

import numpy as np
import pytest
from notreally.v1.face_pb2 import FaceWindow, FrameSize
from notreally.v1.metadata_pb2 import MediaFacts, MediaNote

from gateway.features.vector import OF_MOVEMENT, compute_features
from gateway.verdict.evidence import insufficiency, shortfalls
from tests.unit.gateway.synthetic_signals import eyes, face_clip, frame_times, media_facts, sound_clip


def warned(windows: list[FaceWindow]) -> list[str]:
    return [reason.reason for reason in shortfalls(MediaFacts(), windows, 1)]


def test_times_that_were_made_up_are_told() -> None:
    windows = face_clip(frame_times(4.0))
    windows[0].frames_without_time = 120
    assert warned(windows) == ["TIMES_MADE_UP"]


def test_single_times_that_were_lost_are_not() -> None:
    windows = face_clip(frame_times(4.0))
    windows[0].frames_without_time = 3
    assert warned(windows) == []


def test_a_size_that_changes_is_told_and_bits_are_shared_by_the_pixels_there_are() -> None:
    windows = face_clip(frame_times(8.0))
    usual = compute_features(windows, [], media_facts()).vector.log10_bits_per_pixel
    windows[0].frame_sizes.extend(
        [FrameSize(width=320, height=240, frames=60), FrameSize(width=640, height=480, frames=60)]
    )
    (reason,) = shortfalls(MediaFacts(), windows, 1)
    assert reason.reason == "SIZE_CHANGES"
    assert "(320 by 240, then 640 by 480)" in reason.text
    found = compute_features(windows, [], media_facts()).vector.log10_bits_per_pixel
    assert found - usual == pytest.approx(-math.log10((60 * 0.25 + 180) / 240))


def test_a_size_that_changes_between_windows_is_told() -> None:
    windows = face_clip(frame_times(8.0))
    windows[1].frame_width = 320
    assert warned(windows) == ["SIZE_CHANGES"]


def test_a_photograph_gets_no_verdict_and_nothing_of_its_movement_is_measured() -> None:
    times = frame_times(12.0)
    trembling = 0.0005 * np.random.default_rng(5).standard_normal(len(times))
    # Zoomed into and moved about.
    zoom = np.linspace(0.2, 0.4, len(times))
    windows = face_clip(
        times,
        ear=0.3 + trembling,
        mouth_gap=0.02 + trembling,
        yaw_deg=3 + 100 * trembling,
        nose_px=np.stack([300 + 40 * times, 200 + 10 * times], axis=1),
        box=np.stack([0.5 - zoom, 0.5 - zoom, zoom, 1.4 * zoom], axis=1),
    )
    features = compute_features(windows, sound_clip(12.0), media_facts())
    assert features.still
    assert set(OF_MOVEMENT) <= set(features.missing)
    assert features.missing["blink_rate_per_min"] == "nothing in the face moves"
    assert "STILL_PICTURE" in [reason.reason for reason in insufficiency(features)]


@pytest.mark.parametrize(
    "alive",
    [
        {"ear": eyes(frame_times(6.0), [(2.0, 0.3)])},
        {"mouth_gap": 0.02 + 0.02 * (frame_times(6.0) > 3)},
        {"yaw_deg": np.sin(frame_times(6.0))},
    ],
)
def test_one_blink_one_word_or_one_turn_is_no_photograph(alive: dict[str, Any]) -> None:
    still: dict[str, Any] = {"yaw_deg": 0.0}
    assert not compute_features(face_clip(frame_times(6.0), **{**still, **alive}), [], media_facts()).still
    assert compute_features(face_clip(frame_times(6.0), **still), [], media_facts()).still
    # In two seconds somebody may keep still.
    assert not compute_features(face_clip(frame_times(2.0), **still), [], media_facts()).still


def test_repeated_pictures_are_told_and_are_the_reason_for_what_is_missing() -> None:
    windows = face_clip(frame_times(12.0, fps=15.0))
    windows[0].frames_repeated = 60
    (reason,) = shortfalls(MediaFacts(), windows, 1)
    assert reason.reason == "PICTURES_REPEATED"
    assert "60 of 240 only repeat the one before" in reason.text
    missing = compute_features(windows, [], media_facts()).missing
    assert missing["nose_jitter"].startswith("pictures are repeated")


@pytest.mark.parametrize(
    ("turns", "text"),
    [
        ((90, 90), "The picture lies on its side"),
        ((180, 180), "The picture lies upside down"),
        ((0, 270), "In parts of"),
    ],
)
def test_a_picture_that_was_turned_is_told(turns: tuple[int, int], text: str) -> None:
    windows = face_clip(frame_times(8.0))
    for window, turned_deg in zip(windows, turns, strict=True):
        window.turned_deg = turned_deg
    (reason,) = shortfalls(MediaFacts(), windows, 1)
    assert reason.reason == "TURNED"
    assert reason.text.startswith(text)


def test_hdr_is_told_with_the_verdict() -> None:
    facts = MediaFacts(notes=[MediaNote(reason="HDR", text="It is HDR.")])
    assert [reason.text for reason in shortfalls(facts, face_clip(frame_times(4.0)), 1)] == ["It is HDR."]


def with_textures(windows: list[FaceWindow], **contrast: float) -> list[FaceWindow]:
    """The same faces, with this said of all their textures."""
    for window in windows:
        for track in window.tracks:
            for texture in track.textures:
                for name, value in contrast.items():
                    setattr(texture, name, value)
    return windows


@pytest.mark.parametrize(
    ("contrast", "missing"),
    [
        ({"eyes_contrast": 0.4, "eyes_lightness": 1.2}, {"blink_rate_per_min", "face_motion_log_odds"}),
        ({"eyes_contrast": 3.0, "eyes_lightness": 0.3}, {"blink_rate_per_min", "face_motion_log_odds"}),
        ({"mouth_contrast": 0.5}, {"av_sync_corr", "face_motion_log_odds"}),
        ({"eyes_contrast": 3.0, "eyes_lightness": 0.7, "mouth_contrast": 9.0}, set()),
        ({"eyes_contrast": math.nan, "eyes_lightness": math.nan, "mouth_contrast": math.nan}, set()),
    ],
)
def test_what_is_covered_is_missing_with_that_reason(contrast: dict[str, float], missing: set[str]) -> None:
    windows = with_textures(face_clip(frame_times(12.0)), **contrast)
    found = compute_features(windows, sound_clip(12.0), media_facts()).missing
    assert {name for name, reason in found.items() if "covered" in reason} == missing


def test_a_hand_that_passes_by_covers_nothing() -> None:
    windows = face_clip(frame_times(12.0))
    with_textures(windows, mouth_contrast=20.0, eyes_contrast=20.0, eyes_lightness=0.6)
    with_textures(windows[:1], mouth_contrast=0.0, eyes_contrast=0.0)
    found = compute_features(windows, [], media_facts()).missing
    assert not [reason for reason in found.values() if "covered" in reason]
