"""The values of one case that are held against each other, and what the tests say of them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import exp
from statistics import median

import numpy as np

from . import rank_sum, signed_rank
from .design import LEAST_BOOTS
from .model import Interval
from .processes import Side

# Where the sorted probes of both runs leave a wider gap another distance begins.
ANOTHER_DISTANCE = 1.35

Points = tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Distances:
    """The distances of two CPUs that both sides' probes saw: the lowest probe of each, and its middle."""

    lowest: tuple[float, ...]
    middles: tuple[float, ...]

    def of(self, line_ns: float) -> int:
        """Its number; 0 too where there was no probe."""
        return max(0, bisect_left(self.lowest, line_ns + 1e-9) - 1)


def distances_of(sides: Sequence[Mapping[str, Side]]) -> Distances:
    probes = sorted({unit.line_ns for side in sides for one in side.values() for unit in one.units if unit.line_ns > 0})
    groups: list[list[float]] = []
    for probe in probes:
        if not groups or probe > ANOTHER_DISTANCE * groups[-1][-1]:
            groups.append([])
        groups[-1].append(probe)
    return Distances(tuple(group[0] for group in groups), tuple(median(group) for group in groups))


@dataclass(frozen=True)
class Sample:
    """Values of one estimator, logarithms with the round (or boot) of each. Paired: one value a pair on either side,
    in one order. Else in strata. `strata` names the distances that were kept apart, ns; `paths` the paths that were, by
    their switches, and is None where the whole is compared, whatever its paths."""

    base: Points
    new: Points
    paired: bool
    left_out: int = 0
    strata: tuple[float, ...] = ()
    paths: tuple[float, ...] | None = None
    base_strata: tuple[int, ...] = ()
    new_strata: tuple[int, ...] = ()
    # What is shown of it: one value a process, where the ones tested are means of several.
    base_shown: Points | None = None
    new_shown: Points | None = None

    @property
    def size(self) -> int:
        return min(len(self.base), len(self.new))

    @cached_property
    def differences(self) -> np.ndarray:
        """Of the pairs."""
        return np.array([new for _, new in self.new]) - np.array([base for _, base in self.base])

    @cached_property
    def _means(self) -> np.ndarray:
        return np.sort(signed_rank.pair_means(self.differences))

    def strata_pairs(self) -> list[rank_sum.Stratum]:
        return rank_sum.strata_of([one for _, one in self.base], [one for _, one in self.new],
                                  self.base_strata or (0,) * len(self.base), self.new_strata or (0,) * len(self.new))

    def p(self) -> float:
        return signed_rank.signed_rank(self.differences) if self.paired else rank_sum.rank_sum(self.strata_pairs())

    def effect(self) -> float | None:
        """A log ratio; None where nothing is held against each other."""
        if self.paired:
            return signed_rank.middle(self._means) if self.base else None
        strata = self.strata_pairs()
        return rank_sum.shift(strata) if strata else None

    def interval(self) -> Interval | None:
        found = (signed_rank.interval_of(self._means, len(self.base)) if self.paired
                 else rank_sum.shift_interval(self.strata_pairs()))
        return Interval(exp(found[0]), exp(found[1])) if found else None

    def detectable(self) -> float | None:
        """A ratio less 1."""
        found = (signed_rank.detectable(self.differences) if self.paired
                 else rank_sum.detectable(self.strata_pairs()))
        return exp(found) - 1 if found is not None else None

    @property
    def too_few(self) -> str:
        """Why it can give no verdict; empty where it can."""
        if not self.size:
            return "nothing is left to compare" + (" within one path" if self.paths is not None else "")
        what = "pair" if self.paired else "process on a side"
        plural = "pairs" if self.paired else "processes on a side"
        if self.paired and self.size < signed_rank.LEAST_PAIRS:
            return (f"{self.size} {what if self.size == 1 else plural}: fewer than {signed_rank.LEAST_PAIRS} "
                    "can never reach p < 0.05")
        # Of boots each process is shown, and one value a boot is tested.
        if not self.paired and self.paths is not None and self.base_shown is not None and self.size < LEAST_BOOTS:
            return (f"{self.size} {'boot' if self.size == 1 else 'boots'} a side took the same paths: no verdict with fewer "
                    f"than {LEAST_BOOTS} on either side")
        if not self.paired and self.interval() is None:
            return f"{self.size} {what if self.size == 1 else plural}: too few to ever reach p < 0.05"
        return ""
