"""Which stretches of a window the voice network scores."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from services.audio.signals import HOP_SAMPLES, SAMPLE_RATE_HZ, Mask, Samples

STRETCH_S = 2.0
"""Short enough to find a sentence that was replaced; with less, scores are worth much less."""
STEP_S = 1.0
"""From one stretch to the next, so that any three seconds of voice hold a whole one."""
LEAST_S = 1.0
"""A window that ends earlier is not scored: too little is heard in it."""
LEAST_VOICED = 0.4
"""Share of a stretch that must be voiced. Between words and sentences, speech is silent for as long as it is voiced."""


@dataclass(frozen=True)
class Reading:
    """What the network makes of one stretch.

    Attributes:
        start_s, end_s: seconds from the first video frame.
        log_odds: of being synthesised.
    """

    start_s: float
    end_s: float
    log_odds: float


def readings(
    samples: Samples, present: Mask, voiced: Mask, start_s: float, log_odds: Callable[[Samples], float]
) -> list[Reading]:
    """Score the stretches of a window that hold enough voice and no gap.

    Args:
        samples: (n,) of the window, 16 kHz.
        present: (n,) whether each sample is there.
        voiced: (frames,) from `services.audio.voicing.voiced_frames`.
        start_s: where the window begins, seconds from the first video frame.
        log_odds: scores samples.
    """
    found = []
    for first, end in stretches(samples.size):
        frames = voiced[first // HOP_SAMPLES : end // HOP_SAMPLES]
        if frames.size and frames.mean() >= LEAST_VOICED and present[first:end].all():
            score = log_odds(np.ascontiguousarray(samples[first:end]))
            found.append(Reading(start_s + first / SAMPLE_RATE_HZ, start_s + end / SAMPLE_RATE_HZ, score))
    return found


def stretches(samples: int) -> Iterator[tuple[int, int]]:
    """The stretches of so many samples, as ranges of them."""
    length, step = round(STRETCH_S * SAMPLE_RATE_HZ), round(STEP_S * SAMPLE_RATE_HZ)
    if samples < length:
        if samples >= LEAST_S * SAMPLE_RATE_HZ:
            yield 0, samples
        return
    first = 0
    while first + length <= samples:
        yield first, first + length
        first += step
