"""The paired comparison: Wilcoxon's signed-rank test, and the shift and the power that belong to it. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy.stats import norm, rankdata

# Up to so many pairs the distribution is counted, above it is taken for normal.
EXACT_PAIRS = 60
# Fewer can never give p < 0.05.
LEAST_PAIRS = 6
# Imagined comparisons behind the smallest detectable change.
DRAWS = 64

Values = Sequence[float] | np.ndarray


def signed_rank(differences: Values) -> float:
    """The two-sided p that differences are symmetric about zero.

    Zeros are left out. Equal magnitudes share the mean of their ranks, and p counts over all signs of these ranks,
    so it is exact with ties too. Above EXACT_PAIRS: the normal distribution, its variance corrected for ties, no
    correction for continuity. 1 where nothing differs.
    """
    kept = np.asarray(differences, dtype=float)
    kept = kept[kept != 0]
    if not len(kept):
        return 1.0
    magnitudes = np.sort(np.abs(kept))
    if (magnitudes[1:] == magnitudes[:-1]).any():
        # Doubled, mid-ranks are whole numbers.
        ranks = np.rint(2 * rankdata(np.abs(kept))).astype(int)
    else:
        ranks = np.searchsorted(magnitudes, np.abs(kept)) + 1
    positive, whole = int(ranks[kept > 0].sum()), int(ranks.sum())
    if len(kept) > EXACT_PAIRS:
        return float(2 * norm.sf(abs(positive - whole / 2) / np.sqrt((ranks**2).sum() / 4)))
    cumulative = _cumulative(tuple(np.sort(ranks).tolist()))
    return float(min(1.0, 2 * cumulative[min(positive, whole - positive)]))


@lru_cache(maxsize=4096)
def _cumulative(ranks: tuple[int, ...]) -> np.ndarray:
    """The probability that the ranks whose sign came out positive sum up to at most so much."""
    probability = np.zeros(sum(ranks) + 1)
    probability[0] = 1
    for rank in ranks:
        moved = np.zeros_like(probability)
        moved[rank:] = probability[: len(probability) - rank]
        probability = (probability + moved) / 2
    return np.cumsum(probability)


def pair_means(differences: Values) -> np.ndarray:
    """The means of all pairs of values, each with itself included, along the last axis; not sorted."""
    values = np.asarray(differences, dtype=float)
    first, second = _pairs(values.shape[-1])
    return (values[..., first] + values[..., second]) / 2


@lru_cache(maxsize=256)
def _pairs(count: int) -> tuple[np.ndarray, np.ndarray]:
    return np.triu_indices(count)


def hodges_lehmann(differences: Values) -> float:
    """Hodges and Lehmann's estimate of the shift of at least one difference: the median of pair_means()."""
    return middle(np.sort(pair_means(differences)))


def middle(ordered: np.ndarray) -> float:
    """The median of values in rising order."""
    count = len(ordered)
    return float((ordered[(count - 1) // 2] + ordered[count // 2]) / 2)


def shift_interval(differences: Values, level: float = 0.95) -> tuple[float, float] | None:
    """All shifts that the exact test does not refuse at 1 - level; None where there are too few differences."""
    return interval_of(np.sort(pair_means(differences)), len(differences), level)


def interval_of(ordered: np.ndarray, pairs: int, level: float = 0.95) -> tuple[float, float] | None:
    """The same, of the pair_means() of so many pairs in rising order."""
    out = left_out(pairs, level)
    return (float(ordered[out - 1]), float(ordered[-out])) if out else None


def shift_of_many(differences: Values, level: float = 0.95) -> tuple[float, float, float]:
    """hodges_lehmann() and shift_interval() of more differences than one would make all pair means of: 1000 have half a
    million. Each is found by halving, to twelve digits, since to count the means below a number needs no list of them."""
    ordered = np.sort(np.asarray(differences, dtype=float))
    count = len(ordered) * (len(ordered) + 1) // 2
    out = left_out(len(ordered), level)
    places = ((count - 1) // 2, count // 2, out - 1, count - out)
    low_middle, high_middle, low, high = (_pair_mean(ordered, place) for place in places)
    return (low_middle + high_middle) / 2, low, high


def _pair_mean(ordered: np.ndarray, place: int) -> float:
    """The pair mean at that place in rising order, from 0."""
    low, high = float(ordered[0]), float(ordered[-1])
    first = np.arange(len(ordered))
    while high - low > 1e-12 * max(1.0, abs(low), abs(high)):
        middle = (low + high) / 2
        below = np.searchsorted(ordered, 2 * middle - ordered, side="right")
        low, high = (low, middle) if np.maximum(below - first, 0).sum() > place else (middle, high)
    return high


@lru_cache(maxsize=256)
def left_out(pairs: int, level: float = 0.95) -> int:
    """How many of the sorted means lie outside at either end: as many as there are sums of ranks so small that
    both tails together are no likelier than 1 - level."""
    tail = (1 - level) / 2
    if pairs == 0:
        return 0
    if pairs > EXACT_PAIRS:
        deviation = np.sqrt(pairs * (pairs + 1) * (2 * pairs + 1) / 24)
        return int(pairs * (pairs + 1) / 4 - norm.isf(tail) * deviation)
    cumulative = _cumulative(tuple(range(1, pairs + 1)))
    return int(np.searchsorted(cumulative, tail, side="right"))


def detectable(differences: Values, power: float = 0.8) -> float | None:
    """The smallest shift that so many comparisons with this spread find, p < 0.05: of these very differences, where
    power.py reckons for pairs that nobody has measured.

    Comparisons are imagined: the differences about their centre, each as it was or with its sign turned. With a shift
    d added, the test refuses zero in the direction of d exactly where d is more than the interval reaches below zero.
    None where there are too few differences.
    """
    values = np.asarray(differences, dtype=float)
    out = left_out(len(values))
    if out == 0:
        return None
    imagined = _signs(len(values)) * (values - hodges_lehmann(values))
    lows = np.partition(pair_means(imagined), out - 1, axis=1)[:, out - 1]
    return float(max(0.0, np.quantile(-lows, power)))


@lru_cache(maxsize=256)
def _signs(count: int) -> np.ndarray:
    """The same for every case, so that the same run gives the same figure."""
    return np.random.default_rng(1).choice([-1.0, 1.0], size=(DRAWS, count))
