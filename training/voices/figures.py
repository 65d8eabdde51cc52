"""Everything that the card of the voice says, as figures."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from notreally.v1 import classifier_pb2
from numpy.typing import NDArray

from gateway.features.readings import limited
from training.fitting.calibration import Calibration
from training.voices import evaluation
from training.voices.dubs import Dub, Heard
from training.voices.evaluation import Scores
from training.voices.features import Kind, codec_of
from training.voices.head import Head
from training.voices.recordings import Recording

VIEWS = ((Kind.PLAIN, np.mean), (Kind.RECODED, np.mean), (Kind.PLAIN, np.max))
"""Of each recording: its score as it is and encoded anew, and its most suspicious stretch."""
SCORES = 2
"""As many of the views are what the vector has."""

_MARKED_REAL = 10.0  # percent of real pieces that may have a mark


def scores_alone(scores: Scores) -> Scores:
    """(seeds, views, n) to (seeds · scores, n)."""
    return scores[:, :SCORES].reshape(-1, scores.shape[-1])


def called(
    dubs: Sequence[Dub], heard: Sequence[Heard], heads: Sequence[Mapping[str, Head]], voice: classifier_pb2.VoiceModel
) -> dict[str, object]:
    """How often whole dubs, and real speech made in the same way, are called fake.

    Args:
        dubs: n of them.
        heard: what is heard of each.
        heads: of each seed, by page, what has not met it.
        voice: curve and band.
    """
    curve = Calibration(voice.slope, voice.intercept)
    rates: dict[bool, list[float]] = {True: [], False: []}
    for by_page in heads:
        for dub, one in zip(dubs, heard, strict=True):
            if len(one.values):
                prob_fake = curve.prob_fake(_readings(by_page[dub.page], one).mean())
                rates[dub.fake].append(float(prob_fake > voice.fake_above))
    return {
        "synthesised": len(rates[True]) // len(heads),
        "real": len(rates[False]) // len(heads),
        "synthesised called fake": _mean(rates[True]),
        "real called fake": _mean(rates[False]),
    }


def marked(
    dubs: Sequence[Dub], heard: Sequence[Heard], heads: Sequence[Mapping[str, Head]], voice: classifier_pb2.VoiceModel
) -> dict[str, object]:
    """How often a splice is marked, and in the right place; and how often real speech of that length is marked.

    A mark is in the right place if half of its stretch or more is spliced.
    """
    right: list[float] = []
    anywhere: dict[bool, list[float]] = {True: [], False: []}
    for by_page in heads:
        for dub, one in zip(dubs, heard, strict=True):
            if not len(one.values):
                continue
            marks = _are_marked(_readings(by_page[dub.page], one), voice)
            anywhere[dub.fake].append(float(marks.any()))
            if dub.fake:
                right.append(float(marks[one.on_splice()].any()))
    return {
        "spliced": len(right) // len(heads),
        "real": len(anywhere[False]) // len(heads),
        "marked in the splice": _mean(right),
        "marked anywhere": _mean(anywhere[True]),
        "real marked": _mean(anywhere[False]),
    }


def suspicion_limit(dubs: Sequence[Dub], heard: Sequence[Heard], heads: Sequence[Mapping[str, Head]]) -> float | None:
    """The reading, log-odds, that the highest stretch exceeds in one of ten real pieces of twenty seconds.

    None without any.
    """
    highest = [
        _readings(by_page[dub.page], one).max()
        for by_page in heads
        for dub, one in zip(dubs, heard, strict=True)
        if not dub.fake and len(one.values)
    ]
    return float(np.percentile(highest, 100 - _MARKED_REAL)) if highest else None


def _are_marked(readings: Scores, voice: classifier_pb2.VoiceModel) -> NDArray[np.bool_]:
    return readings > (voice.suspicious_above if voice.HasField("suspicious_above") else np.inf)


def _readings(head: Head, heard: Heard) -> Scores:
    return limited(head.score(heard.values))


def _mean(values: Sequence[float] | NDArray[np.bool_]) -> float:
    return float(np.mean(values)) if len(values) else np.nan


def _marked(scores: Scores, voice: classifier_pb2.VoiceModel, chosen: NDArray[np.bool_]) -> float:
    """Share of recordings with a stretch that is marked; NaN of none."""
    highest = scores[:, SCORES][:, chosen]
    return _mean(_are_marked(highest[np.isfinite(highest)], voice))


def all_figures(
    recordings: list[Recording],
    scores: Scores,
    fold: NDArray[np.intp],
    voice: classifier_pb2.VoiceModel,
    others: dict[str, Scores],
) -> dict[str, object]:
    """Everything that the card says."""
    own = ~np.array([one.track for one in recordings])
    everything = np.ones(len(recordings), np.bool_)
    fake = np.array([one.fake for one in recordings])
    plain, recoded = scores[:, 0].mean(axis=0), scores[:, 1].mean(axis=0)
    codecs = np.array([codec_of(number, 0) for number in range(len(recordings))])
    prob_fake = Calibration(voice.slope, voice.intercept).prob_fake(plain)
    clips = ~own & np.isfinite(plain)
    return {
        "recordings": len(recordings),
        "read": int(np.isfinite(plain).sum()),
        "pages": len({one.page for one in recordings}),
        "systems": len({one.system for one in recordings if one.fake}),
        "folds": len(np.unique(fold)),
        "seeds": len(scores),
        "all": asdict(evaluation.area(recordings, plain, own)),
        "all, re-encoded": asdict(evaluation.area(recordings, recoded, own)),
        "with the sound of real videos": asdict(evaluation.area(recordings, plain, everything)),
        "by kind": {name: asdict(one) for name, one in evaluation.by_kind(recordings, plain, own).items()},
        "by kind, re-encoded": {
            name: asdict(one) for name, one in evaluation.by_kind(recordings, recoded, own).items()
        },
        "by codec": {
            name: asdict(evaluation.area(recordings, recoded, own & (codecs == name))) for name in np.unique(codecs)
        },
        "between real recordings of two pages": evaluation.between_pages(recordings, plain),
        "baselines": {name: asdict(evaluation.area(recordings, one, own)) for name, one in others.items()},
        "baselines between real recordings of two pages": {
            name: evaluation.between_pages(recordings, one) for name, one in others.items()
        },
        "verdicts": asdict(evaluation.verdicts(recordings, scores_alone(scores), fold)),
        "most suspicious stretch": {
            "synthesised": _marked(scores, voice, own & fake),
            "real": _marked(scores, voice, own & ~fake),
        },
        "real videos": {
            "with sound": int(clips.sum()),
            "called fake": float(np.mean(prob_fake[clips] > voice.fake_above)) if clips.any() else None,
            "above a half": float(np.mean(prob_fake[clips] > 0.5)) if clips.any() else None,
        },
        "curve": {
            "slope": voice.slope,
            "intercept": voice.intercept,
            "real below": voice.real_below,
            "fake above": voice.fake_above,
            "marked above": voice.suspicious_above if voice.HasField("suspicious_above") else None,
        },
    }


def plain(value: Any) -> Any:
    """With None where there is no figure: JSON has no NaN."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
