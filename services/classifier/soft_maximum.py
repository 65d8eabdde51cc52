"""How the networks' scores become one: by a soft maximum.

A forgery shows in one kind of trace: a synthesised face in its appearance, a swapped one where it was blended in, both
now and then in how they move. The others look as real as ever, so a sum of scores drowns the one that counts; a maximum
follows it, and the soft one still rises when several point the same way.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple


class Term(NamedTuple):
    """A network's score on real videos.

    Attributes:
        usual: its mean.
        spread: its standard deviation.
        unknown: what a missing score counts as, in standard deviations from the mean: that with which the median of the
            soft maximum over real videos is what it is when the score is there. With less, gaps would be a sign of a
            real video.
    """

    usual: float
    spread: float
    unknown: float


@dataclass(frozen=True)
class SoftMaximum:
    """`slope` · log(mean of exp(z)) + `intercept` log-odds of being fake.

    z is a network's score in standard deviations from its mean on real videos; see `Term` for where it is missing.

    Attributes:
        slope: not negative.
        intercept: log-odds where the soft maximum is 0.
        terms: by feature.
    """

    slope: float
    intercept: float
    terms: Mapping[str, Term]

    @property
    def bias(self) -> float:
        """Log-odds of a video of which nothing is known."""
        return self.intercept + self.slope * _log_mean_exp([term.unknown for term in self.terms.values()])

    def contributions(self, scores: Mapping[str, float]) -> dict[str, float]:
        """What each feature adds to `bias`: its Shapley value (Shapley 1953), exact, as there are few.

        Args:
            scores: by feature; NaN where missing, which adds nothing.
        """
        names = list(self.terms)
        z = [self._deviation(name, scores[name]) for name in names]
        unknown = [term.unknown for term in self.terms.values()]

        def known(shown: Sequence[int]) -> float:
            return _log_mean_exp([z[index] if index in shown else unknown[index] for index in range(len(z))])

        orders = math.factorial(len(z))
        found = []
        for own in range(len(z)):
            others = [one for one in range(len(z)) if one != own]
            total = 0.0
            for size in range(len(z)):
                weight = math.factorial(size) * math.factorial(len(z) - size - 1) / orders
                for before in combinations(others, size):
                    total += weight * (known((*before, own)) - known(before))
            found.append(self.slope * total)
        return dict(zip(names, found, strict=True))

    def _deviation(self, name: str, score: float) -> float:
        term = self.terms[name]
        return term.unknown if math.isnan(score) else (score - term.usual) / term.spread


def _log_mean_exp(values: Sequence[float]) -> float:
    """0 of none."""
    if not values:
        return 0.0
    largest = max(values)
    return largest + math.log(math.fsum(math.exp(one - largest) for one in values) / len(values))
