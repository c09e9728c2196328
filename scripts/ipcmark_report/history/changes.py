"""Finds where a series of measurements changed its level: pure functions.

A change is looked for as by E-divisive (Matteson and James 2014) and its followers for benchmarks: find the split
with the largest statistic, ask by permutation how often chance alone gives one as large, and go on with both sides.
The statistic here is over ranks, so one wild value weighs no more than its neighbour, and also compares windows
beside a split, so a level that comes and goes again is seen. Both sides of a split have at least LEAST_SIDE values:
a single spike is no change.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import fsum, log
from statistics import median

import numpy
from scipy.stats import rankdata

LEAST_SIDE = 3
# With fewer values no order of them is rare enough for 5 %.
LEAST_VALUES = 8
ALPHA = 0.05
PERMUTATIONS = 1999
# As a comparison without a self-test: less is no change.
LEAST_CHANGE = 0.02
CHUNK = 1 << 20


@dataclass(frozen=True)
class Change:
    """A new level begins at index `at`: medians of all values from the last change to the next one. `p` is how often
    chance alone, with no change among these values, gives a split as clear."""

    at: int
    before: float
    after: float
    p: float

    @property
    def ratio(self) -> float:
        return self.after / self.before


def changes(values: Sequence[float], least: float = LEAST_CHANGE, seed: int = 1) -> tuple[Change, ...]:
    """The changes of level of positive values in the order of time; those smaller than the ratio 1 + `least` are
    none. The same values give the same changes."""
    found = dict(_splits(numpy.asarray(values, dtype=float), 0, seed))
    found = dict(zip(_settled(values, sorted(found)), (found[place] for place in sorted(found))))
    while found:
        levels = _levels(values, sorted(found))
        small = min(levels, key=_size)
        if _size(small) >= log(1 + least):
            return tuple(replace(change, p=found[change.at]) for change in levels)
        del found[small.at]
    return ()


def _size(change: Change) -> float:
    return abs(log(change.ratio))


def _levels(values: Sequence[float], places: Sequence[int]) -> list[Change]:
    edges = [0, *places, len(values)]
    middles = [median(values[first:last]) for first, last in zip(edges, edges[1:])]
    return [Change(at, before, after, 1.0) for at, before, after in zip(places, middles, middles[1:])]


def _settled(values: Sequence[float], places: Sequence[int]) -> list[int]:
    """The places, each moved by a few to where the levels beside it fit best: ranks alone know it less exactly."""
    settled = [0, *places, len(values)]
    for index in range(1, len(settled) - 1):
        first, at, last = settled[index - 1:index + 2]
        near = range(max(first + LEAST_SIDE, at - LEAST_SIDE), min(last - LEAST_SIDE, at + LEAST_SIDE) + 1)
        settled[index] = min(near, key=lambda k: _misfit(values[first:k]) + _misfit(values[k:last]))
    return settled[1:-1]


def _misfit(values: Sequence[float]) -> float:
    middle = median(values)
    return fsum(abs(log(value / middle)) for value in values)


def _splits(values: numpy.ndarray, start: int, seed: int) -> Iterator[tuple[int, float]]:
    """The places where the values split significantly, each with its p."""
    if len(values) < LEAST_VALUES:
        return
    ranks = rankdata(values)
    place, largest = best_split(ranks)
    p = _chance(ranks, largest, numpy.random.default_rng((seed, start, len(values))))
    if p < ALPHA:
        yield start + place, p
        yield from _splits(values[:place], start, seed)
        yield from _splits(values[place:], start + place, seed)


def best_split(ranks: numpy.ndarray) -> tuple[int, float]:
    """The first index of the second side, and the statistic there."""
    statistic = _statistics(ranks[None, :])[0]
    place = int(statistic.argmax())
    return place, float(statistic[place])


def _chance(ranks: numpy.ndarray, largest: float, random: numpy.random.Generator) -> float:
    """How often a random order of the same values has a split as large."""
    as_large, left = 0, PERMUTATIONS
    while left:
        rows = min(left, max(1, CHUNK // len(ranks)))
        orders = random.permuted(numpy.tile(ranks, (rows, 1)), axis=1)
        # Equal sums in another order of adding may differ in the last digit.
        as_large += int((_statistics(orders).max(axis=1) >= largest * (1 - 1e-12)).sum())
        left -= rows
    return (1 + as_large) / (1 + PERMUTATIONS)


def _statistics(rows: numpy.ndarray) -> numpy.ndarray:
    """For every row and index the largest difference of means between what lies before and from there on, in
    units of its own spread under chance: over all of the row, and over windows of several sizes."""
    count = rows.shape[1]
    sums = numpy.concatenate([numpy.zeros((len(rows), 1)), rows.cumsum(axis=1)], axis=1)
    places = numpy.arange(LEAST_SIDE, count - LEAST_SIDE + 1)
    statistic = numpy.zeros((len(rows), count))
    before, after = sums[:, places] / places, (sums[:, -1:] - sums[:, places]) / (count - places)
    statistic[:, places] = abs(before - after) * numpy.sqrt(places * (count - places) / count)
    for width in _widths(count):
        at = numpy.arange(width, count - width + 1)
        apart = abs(sums[:, at + width] - 2 * sums[:, at] + sums[:, at - width]) / width * numpy.sqrt(width / 2)
        numpy.maximum(statistic[:, at], apart, out=apart)
        statistic[:, at] = apart
    return statistic


def _widths(count: int) -> Iterator[int]:
    """3, 4, 6, 8, 12, 16 ... up to a quarter of the row: wider ones hardly differ from the whole."""
    power = 2
    while 4 * power <= count:
        for width in (power, power + power // 2):
            if LEAST_SIDE <= width and 4 * width <= count:
                yield width
        power *= 2
