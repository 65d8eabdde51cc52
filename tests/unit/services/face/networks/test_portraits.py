"""Which portraits of a window are scored, and which are shown."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from services.face.finding.tracking import Track
from services.face.networks.appearance_network import AppearanceNetwork
from services.face.networks.crops import LEAST_FACE_PX, face_portrait
from services.face.networks.portraits import PortraitScores
from services.face.pixels.pictures import Picture
from services.face.pixels.thumbnails import LONGEST_SIDE
from services.face.windows import Window
from tests.synthetic.networks import NO_MATRICES, PATCHES, brightness_network
from tests.unit.services.face.faces import Points, grey_picture, in_grey, made_up_face

FPS = 20
WINDOW = Window(3, 8.0, 12.0)
TIMES = WINDOW.start_s + np.arange(4 * FPS) / FPS
LARGE = made_up_face(100.0, (80.0, 80.0))
ELSEWHERE = made_up_face(100.0, (120.0, 80.0))
SMALL = made_up_face(60.0, (200.0, 80.0))
TINY = made_up_face(LEAST_FACE_PX - 1, (200.0, 80.0))


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> AppearanceNetwork:
    """Brighter is more forged: 32 steps of 8 bits are one of log-odds."""
    path = brightness_network(tmp_path_factory.mktemp("network") / "brightness.onnx")
    return AppearanceNetwork(path, path.read_bytes(), NO_MATRICES)


def grey(_: float) -> int:
    return 128


def picture(brightness: int) -> Picture:
    return grey_picture(np.full((160, 260), brightness, np.uint8))


def scored(
    network: AppearanceNetwork,
    *faces: Points,
    crops: int = 0,
    thumbnails: int = 0,
    brightness: Callable[[float], int] = grey,
    seen: Callable[[float], bool] = lambda _: True,
) -> tuple[PortraitScores, list[Track]]:
    """A window through which the faces are seen, where `seen`, on frames of a brightness that depends on the time."""
    scores = PortraitScores(WINDOW, network, crops, thumbnails)
    tracks = [Track(None) for _ in faces]
    for frame, time_s in enumerate(TIMES.tolist()):
        found = tracks if seen(time_s) else []
        for track, points in zip(found, faces, strict=False):
            track.add(frame, in_grey(points))
        scores.take(time_s, picture(brightness(time_s)), found)
    return scores, tracks


def test_crops_are_spread_evenly_over_the_window(network: AppearanceNetwork) -> None:
    scores, (track,) = scored(network, LARGE, crops=8)
    assert [crop.entry for crop in scores.of(track)] == [5, 15, 25, 35, 45, 55, 65, 75]


def test_each_face_of_a_frame_gives_one_crop(network: AppearanceNetwork) -> None:
    scores, tracks = scored(network, SMALL, LARGE, crops=20)
    for track in tracks:
        entries = [crop.entry for crop in scores.of(track)]
        assert entries == list(range(2, 80, 4))


def test_a_face_too_small_is_not_scored_and_takes_nothing_from_the_others(network: AppearanceNetwork) -> None:
    scores, (tiny, large) = scored(network, TINY, LARGE, crops=5)
    assert scores.of(tiny) == ()
    assert len(scores.of(large)) == 5


def test_more_crops_than_frames_are_one_a_frame(network: AppearanceNetwork) -> None:
    scores, (track,) = scored(network, LARGE, crops=200)
    assert [crop.entry for crop in scores.of(track)] == list(range(1, 80))


def test_where_no_face_is_the_next_one_is_taken(network: AppearanceNetwork) -> None:
    scores, (track,) = scored(network, LARGE, crops=8, seen=lambda time_s: not 9.0 <= time_s < 11.0)
    times = TIMES[[track.frames[crop.entry] for crop in scores.of(track)]]
    assert times.tolist() == pytest.approx([8.25, 8.75, 11.0, 11.25, 11.75])


def test_no_crops_wanted_are_no_crops(network: AppearanceNetwork) -> None:
    scores, (track,) = scored(network, LARGE)
    assert scores.of(track) == ()
    assert scores.shown == []


def test_every_portrait_has_the_score_it_would_have_alone(network: AppearanceNetwork) -> None:
    def brightness(time_s: float) -> int:
        return round(20 * time_s)

    scores, tracks = scored(network, LARGE, SMALL, crops=7, brightness=brightness)
    for track in tracks:
        assert len(scores.of(track)) == 7
        for crop in scores.of(track):
            alone = face_portrait(picture(brightness(float(TIMES[crop.entry]))), track.points[crop.entry])
            assert network.patches(alone).mean(axis=(1, 2)).tolist() == [crop.appearance, crop.blending]


def peaks(time_s: float) -> int:
    """Dark, but for one moment in each half; brighter afterwards in the second."""
    bright = {8.75: 200, 10.25: 220, 11.75: 180}
    return next((level for end, level in bright.items() if end - 1.5 / FPS < time_s <= end), 60)


def test_each_part_is_shown_by_the_most_telling_crop_of_its_largest_face(network: AppearanceNetwork) -> None:
    scores, (_, large) = scored(network, SMALL, LARGE, crops=8, thumbnails=2, brightness=peaks)
    first, second = scores.shown
    assert [(one.time_s, one.track) for one in (first, second)] == [(8.75, large), (10.25, large)]
    for one, brightness in ((first, 200), (second, 220)):
        assert one.log_odds == pytest.approx((brightness - 128) / 32)
        assert one.heat is not None
        assert one.heat.feature == "face_appearance_log_odds"
        assert one.heat.places.shape == (PATCHES, PATCHES)
        assert one.heat.places.mean() == pytest.approx(one.log_odds)
        shown = cv2.imdecode(np.frombuffer(one.jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert shown is not None
        assert shown.shape == (LONGEST_SIDE, LONGEST_SIDE, 3)
        assert np.abs(shown.astype(int) - brightness).max() <= 2


def test_the_heat_map_is_of_the_picture_that_is_shown(network: AppearanceNetwork) -> None:
    half_bright = np.full((160, 260), 64, np.uint8)
    half_bright[:, 60:] = 192
    scores = PortraitScores(WINDOW, network, 1, 1)
    track = Track(None)
    track.add(0, in_grey(LARGE))
    scores.take(10.0, grey_picture(half_bright), [track])
    (portrait,) = scores.shown
    shown = cv2.imdecode(np.frombuffer(portrait.jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert shown is not None
    assert portrait.heat is not None
    assert portrait.heat.feature == "face_appearance_log_odds"
    as_small = cv2.resize(shown.astype(np.float64), (PATCHES, PATCHES), interpolation=cv2.INTER_AREA)
    assert portrait.heat.places == pytest.approx((as_small - 128) / 32, abs=0.1)


def test_the_heat_map_is_of_what_the_picture_looks_more_like(network: AppearanceNetwork) -> None:
    scores, (_,) = scored(network, LARGE, crops=1, thumbnails=1, brightness=lambda _: 64)
    (portrait,) = scores.shown
    assert portrait.heat is not None
    assert portrait.heat.feature == "face_blending_log_odds"
    assert portrait.log_odds == pytest.approx(2.0)
    assert portrait.heat.places.mean() == pytest.approx(2.0)


def test_a_face_too_small_to_be_scored_is_shown_by_the_middle_of_each_part(network: AppearanceNetwork) -> None:
    scores, (tiny,) = scored(network, TINY, crops=8, thumbnails=2)
    assert [(one.time_s, one.track) for one in scores.shown] == [(9.0, tiny), (11.0, tiny)]
    for one in scores.shown:
        assert one.heat is None
        assert one.jpeg.startswith(b"\xff\xd8")


def test_a_part_without_a_face_is_not_shown(network: AppearanceNetwork) -> None:
    scores, _ = scored(network, LARGE, crops=8, thumbnails=4, seen=lambda time_s: time_s < 9.5)
    assert [one.time_s for one in scores.shown] == pytest.approx([8.25, 9.25])
