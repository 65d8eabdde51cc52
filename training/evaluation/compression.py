"""Scores of the networks and of the model after re-compression.

The texture network is shown re-encoded crops, the motion network whole videos that were re-encoded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gateway.features.readings import mean_log_odds
from training.data.videos import MOTION, Videos, headline_sets
from training.evaluation.checks import BeforeAfter, before_after, with_readings
from training.evaluation.estimates import Bools, Estimate, Floats, auc_estimate
from training.evaluation.verdicts import cross_fitted
from training.fitting.model import Recipe, out_of_fold, trees
from training.networks.scores import Scores, TextureScores, every, texture_of

Areas = dict[str, dict[str, Estimate]]
"""By what was re-compressed, AUC on "paired" (when there are pairs) and on "all"."""

PROJECTED_OUT = ("CRF 32", "half size, CRF 28")
"""Re-compressions whose nuisance directions are projected out of the motion network; others are new to it."""

_AS_IT_IS = "as it is"


@dataclass(frozen=True)
class AfterRecompression:
    """The whole model after re-compression.

    Attributes:
        areas: its AUC.
        alarms: by re-compression, the share of real videos called fake.
        missed: likewise, of fake videos called real.
    """

    areas: Areas
    alarms: dict[str, BeforeAfter]
    missed: dict[str, BeforeAfter]


def texture_areas(videos: Videos, texture: TextureScores, rng: np.random.Generator) -> Areas:
    """AUC of the texture network alone after re-compression of all videos or of one class."""
    plain = _texture(videos, every(texture.log_odds))
    return _areas(videos, plain, {name: _texture(videos, scores) for name, scores in texture.recompressed.items()}, rng)


def motion_areas(videos: Sequence[Videos], recompressed: Mapping[str, Scores], rng: np.random.Generator) -> Areas:
    """AUC of the motion network alone, likewise.

    Args:
        videos: the same ones, with the scores of each seed's networks.
        recompressed: by re-compression of whole videos, the log-odds of their spans.
        rng: source of the draws.
    """
    plain = np.array([one.features[:, MOTION] for one in videos])
    return _areas(videos[0], plain, {name: _motion(videos[0], scores) for name, scores in recompressed.items()}, rng)


def after_recompression(
    seeds: Sequence[Videos],
    recipes: Sequence[Recipe],
    texture: TextureScores,
    recompressed: Mapping[str, Scores],
    rng: np.random.Generator,
) -> AfterRecompression:
    """The whole model, with both networks' features replaced by those after a re-compression; the others stay.

    Args:
        seeds: the same videos, with the scores of each seed's networks.
        recipes: of each seed.
        texture: scores of the texture networks, also after each re-compression in `recompressed`.
        recompressed: by re-compression, the log-odds of the spans of all videos.
        rng: source of the draws.
    """
    videos = seeds[0]
    seen = []
    for seed, (one, recipe) in enumerate(zip(seeds, recipes, strict=True)):
        views = [with_readings(one, texture_of(one, every(texture.log_odds)[seed]), one.features[:, MOTION])]
        for name, scores in recompressed.items():
            views.append(
                with_readings(one, texture_of(one, texture.recompressed[name][seed]), _motion(one, scores)[seed])
            )
        seen.append(out_of_fold(one, trees(recipe), one.features, *views))
    own, before, *after = np.stack(seen, axis=1)
    _, (_, was), *judged = cross_fitted(videos, own, before, *after)

    def called(those: Bools, what: int) -> dict[str, BeforeAfter]:
        return {
            name: before_after(videos.groups[those], was[:, those] == what, now[:, those] == what, rng)
            for name, (_, now) in zip(recompressed, judged, strict=True)
            if those.any()
        }

    areas = _areas(videos, before, dict(zip(recompressed, after, strict=True)), rng)
    return AfterRecompression(areas, called(~videos.fake, 1), called(videos.fake, -1))


def _areas(videos: Videos, plain: Floats, recompressed: Mapping[str, Floats], rng: np.random.Generator) -> Areas:
    """AUC from scores (seeds, n) before and after each re-compression."""
    shown = {_AS_IT_IS: plain}
    for name, scores in recompressed.items():
        shown[f"every video after {name}"] = scores
        shown[f"fake ones after {name}"] = np.where(videos.fake, scores, plain)
        shown[f"real ones after {name}"] = np.where(videos.fake, plain, scores)
    return {name: _on_headline_sets(videos, scores, rng) for name, scores in shown.items()}


def _on_headline_sets(videos: Videos, scores: Floats, rng: np.random.Generator) -> dict[str, Estimate]:
    known = np.isfinite(scores).all(axis=0)
    return {
        part: auc_estimate(videos, scores, chosen & known, rng)
        for part, chosen in headline_sets(videos).items()
        if videos.of_both_kinds(chosen & known)
    }


def _texture(videos: Videos, scores: Scores) -> Floats:
    """Texture score of each video, by seed; (seeds, n), NaN where there is no face."""
    return np.array([texture_of(videos, of)[:, 0] for of in scores])


def _motion(videos: Videos, scores: Scores) -> Floats:
    """Motion score of each video, likewise."""
    return np.array(
        [[mean_log_odds(of[clip]) if len(of[clip]) else np.nan for clip in videos.clips.tolist()] for of in scores]
    )
