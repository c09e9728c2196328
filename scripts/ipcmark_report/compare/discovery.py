"""Many tests at once. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

ALPHA = 0.05
# Of the rigorous preset: after so many pairs the test is made, and p below the second ends it.
LOOKS = ((12, 0.005), (24, 0.016), (40, 0.045))


def q_values(p_values: Sequence[float]) -> list[float]:
    """Of every p the smallest false discovery rate at which it counts as found (Benjamini and Hochberg 1995)."""
    p = np.asarray(p_values, dtype=float)
    if not len(p):
        return []
    order = np.argsort(p, kind="stable")
    scaled = p[order] * len(p) / np.arange(1, len(p) + 1)
    q = np.empty(len(p))
    q[order] = np.minimum(1.0, np.minimum.accumulate(scaled[::-1])[::-1])
    return [float(one) for one in q]


def look_at(rounds: int) -> tuple[int, float] | None:
    """The last planned look that so many rounds have reached."""
    return next((look for look in reversed(LOOKS) if look[0] <= rounds), None)


def as_of_one_look(p: float, alpha: float) -> float:
    """p as it would be if the look had the whole of ALPHA: below it exactly where p is below the look's own."""
    return min(1.0, p * ALPHA / alpha)


def expected_false(q_of_found: Sequence[float]) -> float:
    """How many of those found are expected to be false: at most their number times the largest q."""
    return len(q_of_found) * max(q_of_found, default=0.0)
