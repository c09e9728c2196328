"""How small a change so many pairs of processes find: reckoned from a spread, or carried on from what was measured.

compare/signed_rank.py and compare/rank_sum.py answer another question: what one comparison that was made, with the very
differences that it saw, could have found. Here no comparison needs to have been made yet.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import median

from scipy import optimize, stats

# Fewer pairs cannot reach p < 0.05 in an exact signed-rank test.
FEWEST_PAIRS = 6
ALPHA, POWER = 0.05, 0.8
# Of the signed-rank test beside the t-test, where the differences are normal.
_EFFICIENCY = 3 / math.pi
# A shift of so many standard errors is found, whatever the pairs; far beyond it the library's density is zero.
_SURE = 30.0
# A log ratio beyond it is no change of anything's time: a factor of a trillion.
_MOST_LOG = 28.0


def spread_between(values: Sequence[float]) -> float | None:
    """The standard deviation of the logs of one value a process, by the median of their distances: a few far ones
    do not count for more than they are."""
    logs = [math.log(value) for value in values if value > 0]
    if len(logs) < 3:
        return None
    middle = median(logs)
    # Consistent for a normal distribution.
    return float(median(abs(one - middle) for one in logs) / stats.norm.ppf(0.75))


def power(change: float, sd: float, pairs: int) -> float:
    """How many of all comparisons of `pairs` pairs find a change of log ratio `change`, where two processes without
    one differ by `sd`; the paired t-test's power at the signed-rank test's efficiency."""
    return _power(change * math.sqrt(pairs * _EFFICIENCY) / sd, pairs)


def _power(shift: float, pairs: int) -> float:
    """Of a shift in standard errors."""
    critical = float(stats.t.ppf(1 - ALPHA / 2, pairs - 1))
    if abs(shift) > critical + _SURE:
        return 1.0
    return float(stats.nct.sf(critical, pairs - 1, shift) + stats.nct.cdf(-critical, pairs - 1, shift))


@lru_cache(maxsize=1024)
def _reach(pairs: int) -> float:
    """The shift in standard errors that POWER of the comparisons find: the pairs' spread does not change it."""
    return float(optimize.brentq(lambda shift: _power(shift, pairs) - POWER, 1e-3, 10.0))


def detectable(sd: float, pairs: int) -> float | None:
    """The smallest change, a ratio less 1, that POWER of the comparisons find; None where too few pairs can find any, or
    processes differ so much that nothing that anybody measures is found. `sd` is that of one side's processes: two sides
    differ by more."""
    if pairs < FEWEST_PAIRS:
        return None
    change = _reach(pairs) * sd * math.sqrt(2 / (pairs * _EFFICIENCY))
    return math.expm1(change) if change < _MOST_LOG else None


def found_with(pairs: int, here: int, measured: float) -> float | None:
    """The smallest change found with `pairs`, where it is known to be `measured` (a ratio less 1) with `here`: the spread
    of a mean shrinks with the number of pairs. None where either has too few pairs."""
    if min(pairs, here) < FEWEST_PAIRS:
        return None
    return math.expm1(math.log1p(measured) * _reach(pairs) / _reach(here) * math.sqrt(here / pairs))
