"""What is read, and said, of videos that were compressed anew."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from training.data.videos import MOTION, TEXTURE, VARIATION, Videos, texture_features
from training.evaluation.compression import Areas, after_recompression, motion_areas, texture_areas
from training.fitting.model import Recipe
from training.networks.scores import Scores, TextureScores

Population = Callable[..., Videos]

RECIPE = Recipe(0, learn_sound=False)
CRF = "CRF 32"


def areas_of_all(areas: Areas) -> dict[str, float]:
    return {name: by["all"].value for name, by in areas.items()}


def test_the_texture_network_is_measured_on_the_same_crops(population: Population) -> None:
    videos = population(people=40)
    # The crops that are looked at again tell all; the others would spoil it.
    told = tuple(np.array([4.0, -9.0, -9.0] if fake else [-4.0, 9.0, 9.0]) for fake in videos.fake)
    kept, lost = tuple(clip[::3] for clip in told), tuple(np.zeros(1) for _ in videos.fake)
    texture = TextureScores((0,), videos.fold, (told,), {}, {"CRF 23": (kept,), "CRF 40": (lost,)}, {})
    found = areas_of_all(texture_areas(videos, texture, np.random.default_rng(0)))
    assert {found[name] for name in ("as it is", "every video after CRF 23")} == {1.0}
    assert found["every video after CRF 40"] == 0.5


def test_a_network_that_tells_compression_from_none_is_found_out(population: Population) -> None:
    videos = population(people=40)
    rng = np.random.default_rng(0)
    told = tuple(rng.normal(1.0 if fake else -1.0, 1.0, 3) for fake in videos.fake)
    shifted = tuple(clip[::3] - 5.0 for clip in told)
    texture = TextureScores((0,), videos.fold, (told,), {}, {CRF: (shifted,)}, {})
    found = areas_of_all(texture_areas(videos, texture, rng))
    assert found[f"every video after {CRF}"] == found["as it is"] > 0.8
    assert found[f"fake ones after {CRF}"] < 0.2
    assert found[f"real ones after {CRF}"] > 0.95


def test_where_nothing_could_be_measured_there_is_no_area(population: Population) -> None:
    videos = population(people=10)
    nothing = (tuple(np.empty(0) for _ in videos.fake),)
    texture = TextureScores((0,), videos.fold, nothing, {}, {CRF: nothing}, {})
    assert set(map(len, texture_areas(videos, texture, np.random.default_rng(0)).values())) == {0}


def sendable(
    population: Population, *, alarm: float = 0.0, relief: float = 0.0
) -> tuple[Videos, TextureScores, dict[str, Scores]]:
    """Sixty people whom both networks tell apart; re-compression adds `alarm` to reals and takes `relief` off fakes."""
    videos = population(people=60)
    rng = np.random.default_rng(1)
    read = tuple(rng.normal(3.0 if fake else -3.0, 1.0) + rng.normal(0, 0.1, 18) for fake in videos.fake)
    features = videos.features.copy()
    features[:, [TEXTURE, VARIATION]] = [texture_features(clip) for clip in read]
    features[:, MOTION] = [clip.mean() for clip in read]
    videos = dataclasses.replace(videos, features=features)
    recompressed = tuple(clip + (-relief if fake else alarm) for clip, fake in zip(read, videos.fake, strict=True))
    crops = tuple(clip[::3] for clip in recompressed)
    return videos, TextureScores((0,), videos.fold, (read,), {}, {CRF: (crops,)}, {}), {CRF: (recompressed,)}


def test_a_model_that_compression_does_not_disturb_stays_what_it_is(population: Population) -> None:
    videos, texture, moved = sendable(population)
    rng = np.random.default_rng(0)
    found = after_recompression([videos], [RECIPE], texture, moved, rng)
    assert set(areas_of_all(found.areas).values()) == {areas_of_all(found.areas)["as it is"]}
    assert areas_of_all(found.areas)["as it is"] > 0.95
    for same in (found.alarms[CRF], found.missed[CRF]):
        assert (same.change.low, same.change.value, same.change.high) == (0.0, 0.0, 0.0)
    assert set(areas_of_all(motion_areas([videos], moved, rng)).values()) == {
        areas_of_all(motion_areas([videos], moved, rng))["as it is"]
    }


def test_real_videos_that_are_taken_for_fake_once_sent_are_counted(population: Population) -> None:
    videos, texture, moved = sendable(population, alarm=7.0)
    found = after_recompression([videos], [RECIPE], texture, moved, np.random.default_rng(0))
    areas = areas_of_all(found.areas)
    assert areas[f"real ones after {CRF}"] < 0.3
    assert areas[f"fake ones after {CRF}"] == areas["as it is"]
    alarmed = found.alarms[CRF]
    assert alarmed.change.low > 0.5
    assert alarmed.after.value == pytest.approx(alarmed.before.value + alarmed.change.value)
    assert alarmed.before.videos == 60
    assert found.missed[CRF].change.value == 0.0


def test_fake_videos_that_are_taken_for_real_once_sent_are_counted(population: Population) -> None:
    videos, texture, moved = sendable(population, relief=7.0)
    found = after_recompression([videos], [RECIPE], texture, moved, np.random.default_rng(0))
    missed = found.missed[CRF]
    assert missed.change.low > 0.5
    assert missed.before.videos == 60
    assert found.alarms[CRF].change.value == 0.0
