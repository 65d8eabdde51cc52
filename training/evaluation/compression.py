"""What the networks read, and the model makes of it, when videos are compressed anew.

The texture network is shown crops that were encoded again, the motion network whole videos that were.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gateway.features.readings import mean_log_odds
from training.data.videos import MOTION, Videos, wholes
from training.evaluation.checks import Sham, sham_of, with_readings
from training.evaluation.estimates import Bools, Estimate, Floats, auc_estimate
from training.evaluation.verdicts import cross_fitted
from training.fitting.model import Recipe, out_of_fold, trees
from training.networks.scores import Scores, TextureScores, every, texture_of

Areas = dict[str, dict[str, Estimate]]
"""By what was done to which videos, AUC on "paired" (when there are pairs) and on "all"."""

LOOKED_PAST = ("CRF 32", "half size, CRF 28")
"""Compressions whose traces in real videos the motion network learns to look past; others are new to it."""

_AS_IT_IS = "as it is"


@dataclass(frozen=True)
class Sent:
    """The whole model on videos that were sent on.

    Attributes:
        areas: what it is worth.
        alarms: by compression, the share of real videos called fake.
        missed: likewise, of fake videos called real.
    """

    areas: Areas
    alarms: dict[str, Sham]
    missed: dict[str, Sham]


def texture_areas(videos: Videos, texture: TextureScores, rng: np.random.Generator) -> Areas:
    """The texture network alone, on the same crops after each compression, of all videos or of one class."""
    plain = _texture(videos, every(texture.log_odds))
    return _areas(videos, plain, {name: _texture(videos, scores) for name, scores in texture.grid.items()}, rng)


def motion_areas(videos: Sequence[Videos], sent: Mapping[str, Scores], rng: np.random.Generator) -> Areas:
    """The motion network alone, likewise, after whole videos were encoded anew.

    Args:
        videos: the same ones, with what each seed's networks say.
        sent: by compression, the log-odds of their spans.
        rng: source of the draws.
    """
    plain = np.array([one.features[:, MOTION] for one in videos])
    return _areas(videos[0], plain, {name: _motion(videos[0], scores) for name, scores in sent.items()}, rng)


def after_sending(
    seeds: Sequence[Videos],
    recipes: Sequence[Recipe],
    texture: TextureScores,
    sent: Mapping[str, Scores],
    rng: np.random.Generator,
) -> Sent:
    """The whole model, with both networks' readings replaced by those after a compression; the others stay.

    Args:
        seeds: the same videos, with what each seed's networks say.
        recipes: of each seed.
        texture: what texture networks said of crops, also after each compression in `sent`.
        sent: by compression, the log-odds of the spans of all videos.
        rng: source of the draws.
    """
    videos = seeds[0]
    seen = []
    for seed, (one, recipe) in enumerate(zip(seeds, recipes, strict=True)):
        views = [with_readings(one, texture_of(one, every(texture.log_odds)[seed]), one.features[:, MOTION])]
        for name, scores in sent.items():
            views.append(with_readings(one, texture_of(one, texture.grid[name][seed]), _motion(one, scores)[seed]))
        seen.append(out_of_fold(one, trees(recipe), one.features, *views))
    own, before, *after = np.stack(seen, axis=1)
    _, (_, was), *judged = cross_fitted(videos, own, before, *after)

    def called(those: Bools, what: int) -> dict[str, Sham]:
        return {
            name: sham_of(videos.groups[those], was[:, those] == what, now[:, those] == what, rng)
            for name, (_, now) in zip(sent, judged, strict=True)
            if those.any()
        }

    areas = _areas(videos, before, dict(zip(sent, after, strict=True)), rng)
    return Sent(areas, called(~videos.fake, 1), called(videos.fake, -1))


def _areas(videos: Videos, plain: Floats, squeezed: Mapping[str, Floats], rng: np.random.Generator) -> Areas:
    """Of scores (seeds, n) before and after each compression."""
    shown = {_AS_IT_IS: plain}
    for name, scores in squeezed.items():
        shown[f"every video after {name}"] = scores
        shown[f"fake ones after {name}"] = np.where(videos.fake, scores, plain)
        shown[f"real ones after {name}"] = np.where(videos.fake, plain, scores)
    return {name: _on_wholes(videos, scores, rng) for name, scores in shown.items()}


def _on_wholes(videos: Videos, scores: Floats, rng: np.random.Generator) -> dict[str, Estimate]:
    known = np.isfinite(scores).all(axis=0)
    return {
        part: auc_estimate(videos, scores, chosen & known, rng)
        for part, chosen in wholes(videos).items()
        if videos.of_both_kinds(chosen & known)
    }


def _texture(videos: Videos, scores: Scores) -> Floats:
    """What texture networks say of each video, by seed; (seeds, n), NaN where there is no face."""
    return np.array([texture_of(videos, of)[:, 0] for of in scores])


def _motion(videos: Videos, scores: Scores) -> Floats:
    """What motion networks say of each video, likewise."""
    return np.array(
        [[mean_log_odds(of[clip]) if len(of[clip]) else np.nan for clip in videos.clips.tolist()] for of in scores]
    )
