"""Statistics over rounds: pure functions.

The sampling unit is the process. Samples inside one process share its memory layout, its CPUs and
the machine's mood, so a process gives one value, and the spread shown is the one between processes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil
from statistics import median


@dataclass(frozen=True)
class Spread:
    """One value a process: the median over processes, the smallest, the largest, and how many."""

    median: float
    low: float
    high: float
    processes: int


def spread_over_processes(values: Iterable[tuple[int, float | None]]) -> Spread | None:
    """The spread of (round, value) pairs; repetitions inside one round first become its median.

    Missing values (None) are left out; None when nothing is left.
    """
    by_round: dict[int, list[float]] = {}
    for number, value in values:
        if value is not None:
            by_round.setdefault(number, []).append(value)
    per_process = [median(repetitions) for repetitions in by_round.values()]
    if not per_process:
        return None
    return Spread(median(per_process), min(per_process), max(per_process), len(per_process))


def quantile_positions(smallest_count: int) -> tuple[float, ...]:
    """Where to draw a by-nines curve: x = 1/(1-p), evenly on a log axis, 1 included.

    The last position is the count itself: beyond one sample in `smallest_count` nothing was seen.
    """
    steps_a_decade = 12
    positions = []
    step = 0
    while (x := 10 ** (step / steps_a_decade)) < smallest_count:
        positions.append(x)
        step += 1
    return (*positions, float(smallest_count))


def values_at(values: Sequence[float], counts: Sequence[int], positions: Sequence[float]) -> list[float]:
    """The distribution's value at each position x = 1/(1-p): the smallest value that at least the
    share p of the samples does not exceed. The buckets are in rising order."""
    cumulative = list(accumulate(counts))
    total = cumulative[-1]
    found = []
    for x in positions:
        # Rounding must not push an exact rank (p = 0.9 of 10) one sample up.
        rank = max(1, ceil(total * (1 - 1 / x) - 1e-9))
        found.append(values[bisect_left(cumulative, rank)])
    return found


def medians(curves: Sequence[Sequence[float]]) -> list[float]:
    """The median curve of several curves over the same positions."""
    return [median(column) for column in zip(*curves)]
