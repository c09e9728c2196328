"""The universal scalability law fitted to rates of N peers (Gunther): a pure function."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize

# Three unknowns: with fewer points the law would go through all of them whatever they are.
FEWEST = 4


@dataclass(frozen=True)
class Usl:
    """`one` is the rate of a single peer; `contention` (sigma) the share that only one at a time can do; `crosstalk`
    (kappa) what every pair of peers costs."""

    one: float
    contention: float
    crosstalk: float

    def rate(self, peers: float) -> float:
        return self.one * peers / (1 + self.contention * (peers - 1) + self.crosstalk * peers * (peers - 1))

    @property
    def peak(self) -> float:
        """The number of peers with the highest rate, at least 1; inf where it grows for ever."""
        if self.crosstalk <= 0:
            return math.inf if self.contention < 1 else 1.0
        return max(math.sqrt(max(1 - self.contention, 0.0) / self.crosstalk), 1.0)


def fit(peers: Sequence[float], rates: Sequence[float]) -> Usl | None:
    """By least squares of the log rates, since rates differ by factors; None for fewer than FEWEST numbers of peers."""
    if len(set(peers)) < FEWEST or min(rates) <= 0:
        return None
    n, logs = np.asarray(peers, float), np.log(np.asarray(rates, float))

    def misses(unknown: np.ndarray) -> np.ndarray:
        one, sigma, kappa = unknown
        return one + np.log(n) - np.log1p(sigma * (n - 1) + kappa * n * (n - 1)) - logs

    first = logs[np.argmin(n)] - math.log(min(peers))
    found = optimize.least_squares(misses, (first, 0.1, 0.01), bounds=((-np.inf, 0, 0), (np.inf, np.inf, np.inf)),
                                   x_scale=(1, 0.1, 0.01))
    one, sigma, kappa = found.x
    # On the bound the solver stays a little inside.
    return Usl(math.exp(one), float(sigma if sigma > 1e-9 else 0), float(kappa if kappa > 1e-9 else 0))
