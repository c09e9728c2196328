"""The unpaired comparison: Wilcoxon's rank sum within strata (van Elteren), and the shift that belongs to it.
Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import comb

import numpy as np
from scipy.stats import mannwhitneyu, norm, rankdata

# Up to so many values a side the distribution is counted for the interval, above it is taken for normal.
EXACT_VALUES = 30
# Imagined comparisons behind the smallest detectable change.
DRAWS = 64

Values = Sequence[float] | np.ndarray
# The values of the base and of the new side that may be held against each other.
Stratum = tuple[np.ndarray, np.ndarray]


def strata_of(base: Values, new: Values, base_strata: Sequence[int], new_strata: Sequence[int]) -> list[Stratum]:
    """The strata that both sides have, in order."""
    base, new = np.asarray(base, dtype=float), np.asarray(new, dtype=float)
    of_base, of_new = np.asarray(base_strata, dtype=int), np.asarray(new_strata, dtype=int)
    shared = sorted(set(of_base.tolist()) & set(of_new.tolist()))
    return [(base[of_base == one], new[of_new == one]) for one in shared]


def rank_sum(strata: Sequence[Stratum]) -> float:
    """The two-sided p that both sides have one distribution within each stratum; 1 without any.

    One stratum: Mann and Whitney's test, exact where there are few values without ties. Several: van Elteren's, each
    stratum's rank sum weighted by 1 / (its size + 1), by the normal distribution.
    """
    if not strata:
        return 1.0
    if len(strata) == 1:
        base, new = strata[0]
        if np.ptp(np.concatenate(strata[0])) == 0:
            return 1.0
        return float(mannwhitneyu(new, base, alternative="two-sided").pvalue)
    parts = [_standardised(base, new) for base, new in strata]
    sizes = [len(base) + len(new) for base, new in strata]
    distance = sum(part / (size + 1) for (part, _), size in zip(parts, sizes))
    variance = sum(part / (size + 1) ** 2 for (_, part), size in zip(parts, sizes))
    return float(2 * norm.sf(abs(distance) / np.sqrt(variance))) if variance > 0 else 1.0


def _standardised(base: np.ndarray, new: np.ndarray) -> tuple[float, float]:
    """The rank sum of the new side less what is expected, and its variance with ties in it."""
    ranks = rankdata(np.concatenate([base, new]))
    size = len(ranks)
    share = len(base) * len(new) / (size * (size - 1)) if size > 1 else 0.0
    return float(ranks[len(base):].sum() - len(new) * (size + 1) / 2), float(share * ((ranks - (size + 1) / 2) ** 2).sum())


def shift(strata: Sequence[Stratum]) -> float:
    """Hodges and Lehmann's estimate: the median of all differences, new less base, within strata."""
    return float(np.median(np.concatenate([_differences(*one) for one in strata])))


def _differences(base: np.ndarray, new: np.ndarray) -> np.ndarray:
    return np.subtract.outer(new, base).ravel()


def shift_interval(strata: Sequence[Stratum], level: float = 0.95) -> tuple[float, float] | None:
    """All shifts that the test does not refuse at 1 - level; None where there are too few values.

    One stratum: between two of the sorted differences. Several: the ends are searched for among them, since p falls
    with the distance from the estimate.
    """
    if not strata:
        return None
    differences = np.sort(np.concatenate([_differences(*one) for one in strata]))
    if len(strata) == 1:
        out = left_out(len(strata[0][0]), len(strata[0][1]), level)
        return (float(differences[out - 1]), float(differences[-out])) if out else None
    kept = [not_refused(strata, one, level) for one in (differences[0], differences[-1])]
    if any(kept):
        return None
    middle = len(differences) // 2
    low = _first(lambda at: not_refused(strata, differences[at], level), 0, middle)
    high = _first(lambda at: not not_refused(strata, differences[at], level), middle, len(differences) - 1) - 1
    return float(differences[low]), float(differences[high])


def not_refused(strata: Sequence[Stratum], by: float, level: float) -> bool:
    # A difference that is exactly the shift is a tie, which only weakens the test.
    return rank_sum([(base, new - by) for base, new in strata]) > 1 - level


def _first(holds: Callable[[int], bool], low: int, high: int) -> int:
    """The first place from `low` on at which it holds; `high` where at none before."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


@lru_cache(maxsize=1024)
def left_out(base: int, new: int, level: float = 0.95) -> int:
    """How many of the sorted differences lie outside at either end."""
    tail = (1 - level) / 2
    if not base or not new:
        return 0
    if max(base, new) > EXACT_VALUES:
        return max(0, int(base * new / 2 - norm.isf(tail) * np.sqrt(base * new * (base + new + 1) / 12)))
    cumulative = np.cumsum(counts(base, new)) / comb(base + new, base)
    return int(np.searchsorted(cumulative, tail, side="right"))


@lru_cache(maxsize=1024)
def counts(base: int, new: int) -> np.ndarray:
    """In how many orders of the values the new side's lie before so many of the base's: Mann and Whitney's
    recurrence, as the coefficients of a Gaussian binomial."""
    polynomial = np.ones(1)
    for step in range(1, new + 1):
        polynomial = np.convolve(polynomial, _ones(base + step))
        polynomial = _divided(polynomial, step)
    return polynomial


def _ones(degree: int) -> np.ndarray:
    """1 - q^degree."""
    whole = np.zeros(degree + 1)
    whole[0], whole[-1] = 1, -1
    return whole


def _divided(polynomial: np.ndarray, step: int) -> np.ndarray:
    """By 1 - q^step, without a rest."""
    quotient = polynomial.copy()
    for at in range(step, len(quotient)):
        quotient[at] += quotient[at - step]
    return quotient[: len(polynomial) - step]


def detectable(strata: Sequence[Stratum], power: float = 0.8) -> float | None:
    """The smallest shift that so many comparisons with this spread find, p < 0.05: values about the centres of their
    sides and strata, dealt out anew. None where there are too few."""
    base = np.concatenate([one - np.median(one) for one, _ in strata]) if strata else np.zeros(0)
    new = np.concatenate([one - np.median(one) for _, one in strata]) if strata else np.zeros(0)
    out = left_out(len(base), len(new))
    if out == 0:
        return None
    both = np.concatenate([base, new])[_dealt(len(base) + len(new))]
    differences = (both[:, len(base):, None] - both[:, None, : len(base)]).reshape(len(both), -1)
    return float(max(0.0, np.quantile(-np.partition(differences, out - 1, axis=1)[:, out - 1], power)))


@lru_cache(maxsize=1024)
def _dealt(count: int) -> np.ndarray:
    chance = np.random.default_rng(1)
    return np.array([chance.permutation(count) for _ in range(DRAWS)])
