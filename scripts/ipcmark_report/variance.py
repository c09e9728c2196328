"""Where a case's variance arises: pure functions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from scipy import stats

# p10 and p90 of a normal distribution are so many standard deviations apart.
_P10_TO_P90 = 2 * stats.norm.ppf(0.9)
# The variance of a median over that of a mean, for many normal values.
_OF_MEDIAN = math.pi / 2


@dataclass(frozen=True)
class Window:
    """One repetition: its typical time, and p10 and p90 of so many single operations, where they were timed."""

    typical: float
    operations: float
    p10: float | None = None
    p90: float | None = None


@dataclass(frozen=True)
class Components:
    """Variances of the logarithm of time: between processes, between repetitions of a process, and what is left of
    single operations in a repetition's typical time. `repetitions` are those of a process."""

    process: float
    repetition: float
    within: float
    processes: int
    repetitions: float

    def shares(self) -> tuple[float, float, float]:
        """Of the variance of the run's figure, by where it arises; they add up to 1."""
        parts = (self.process, self.repetition / self.repetitions, self.within / self.repetitions)
        whole = sum(parts)
        return tuple(part / whole for part in parts) if whole > 0 else (0.0, 0.0, 0.0)  # type: ignore[return-value]

    def best_repetitions(self, process_cost: float, repetition_cost: float) -> float:
        """How many repetitions a process make most of the time, after Kalibera and Jones (2013); inf where
        processes do not differ."""
        if self.process <= 0:
            return math.inf
        return math.sqrt(process_cost / repetition_cost * (self.repetition + self.within) / self.process)


def components(processes: Sequence[Sequence[Window]]) -> Components | None:
    """Nested analysis of variance over the logs; None for fewer than two processes of two repetitions."""
    logs = [np.log([w.typical for w in windows if w.typical > 0]) for windows in processes]
    logs = [one for one in logs if len(one) > 1]
    if len(logs) < 2:
        return None
    repetitions = 1 / fmean(1 / len(one) for one in logs)
    between_repetitions = fmean(one.var(ddof=1) for one in logs)
    within = min(fmean(_of_operations(w) for windows in processes for w in windows), between_repetitions)
    between_processes = float(np.var([one.mean() for one in logs], ddof=1))
    return Components(max(between_processes - between_repetitions / repetitions, 0.0), between_repetitions - within, within,
                      len(logs), repetitions)


def _of_operations(window: Window) -> float:
    """What the spread of single operations leaves in their median; 0 where they were only counted."""
    if not window.p10 or not window.p90 or window.operations < 1:
        return 0.0
    return _OF_MEDIAN * (math.log(window.p90 / window.p10) / _P10_TO_P90) ** 2 / window.operations
