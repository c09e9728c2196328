"""What of one case may be held against each other, and what the tests say of it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import exp
from statistics import fmean, median

import numpy as np

from . import rank_sum, signed_rank
from .design import Plan
from .model import Design, Interval
from .processes import Side, Unit

# Whether two probes of a cache line in one pair saw the same distance.
SAME_DISTANCE = 2.0
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
    in one order. Else in strata. `strata` names the distances that were kept apart, ns."""

    base: Points
    new: Points
    paired: bool
    left_out: int = 0
    strata: tuple[float, ...] = ()
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
            return "nothing is left to compare"
        what = "pair" if self.paired else "process on a side"
        plural = "pairs" if self.paired else "processes on a side"
        if self.paired and self.size < signed_rank.LEAST_PAIRS:
            return (f"{self.size} {what if self.size == 1 else plural}: fewer than {signed_rank.LEAST_PAIRS} "
                    "can never reach p < 0.05")
        if not self.paired and self.interval() is None:
            return f"{self.size} {what if self.size == 1 else plural}: too few to ever reach p < 0.05"
        return ""


def sample_of(base: Side, new: Side, estimator: str, plan: Plan, distances: Distances,
              rounds: int | None = None) -> Sample:
    """The sample of one case; of the first `rounds` where that is given."""
    ours, theirs = ([unit for unit in side.units if estimator in unit.logs and (rounds is None or unit.round <= rounds)]
                    for side in (base, new))
    if plan.design is Design.INTERLEAVED:
        measured = {number for _, number in base.rounds | new.rounds if rounds is None or number <= rounds}
        return _in_turns(ours, theirs, estimator, distances, len(measured))
    lost = len(base.rounds) + len(new.rounds) - len(ours) - len(theirs)
    if plan.design is Design.UNPAIRED:
        return _one_after_the_other(ours, theirs, estimator, distances, lost)
    return _boots(ours, theirs, estimator, plan, distances, lost)


def _in_turns(ours: Sequence[Unit], theirs: Sequence[Unit], estimator: str, distances: Distances,
              measured: int) -> Sample:
    """Pairs of one round; a process without its other is left out."""
    others = {unit.round: unit for unit in theirs}
    pairs = [(one, others[one.round]) for one in ours if one.round in others]
    kept = [(one, other) for one, other in pairs if _same_distance(one.line_ns, other.line_ns)]
    seen = sorted({distances.of(one.line_ns) for one, _ in kept if one.line_ns > 0})
    return Sample(
        _points([one for one, _ in kept], estimator), _points([other for _, other in kept], estimator), True,
        left_out=measured - len(kept),
        strata=tuple(distances.middles[one] for one in seen) if len(seen) > 1 else ())


def _same_distance(one: float, other: float) -> bool:
    """So it is where there were no probes."""
    return one <= 0 or other <= 0 or max(one, other) <= SAME_DISTANCE * min(one, other)


def _one_after_the_other(ours: Sequence[Unit], theirs: Sequence[Unit], estimator: str, distances: Distances,
                         left_out: int) -> Sample:
    """All processes; those at a distance that the other side never had are left out."""
    of_ours, of_theirs = ([distances.of(unit.line_ns) for unit in units] for units in (ours, theirs))
    shared = set(of_ours) & set(of_theirs)
    base = [(unit, mode) for unit, mode in zip(ours, of_ours) if mode in shared]
    new = [(unit, mode) for unit, mode in zip(theirs, of_theirs) if mode in shared]
    return Sample(
        _points([unit for unit, _ in base], estimator), _points([unit for unit, _ in new], estimator), False,
        left_out=left_out + len(ours) + len(theirs) - len(base) - len(new),
        strata=tuple(distances.middles[mode] for mode in sorted(shared)) if len(shared) > 1 else (),
        base_strata=tuple(mode for _, mode in base), new_strata=tuple(mode for _, mode in new))


def _boots(ours: Sequence[Unit], theirs: Sequence[Unit], estimator: str, plan: Plan, distances: Distances,
           left_out: int) -> Sample:
    """One value a boot, the mean over its processes; what the distances of the CPUs make of them is taken out."""
    centres = _centres(ours, theirs, estimator, distances)
    kept = [[unit for unit in units if distances.of(unit.line_ns) in centres] for units in (ours, theirs)]
    base, new = (_boot_means(units, estimator, centres, distances) for units in kept)
    blocks = [(one, other) for one, other in plan.blocks if one in base and other in new]
    names = [distances.middles[mode] for mode in sorted(centres)] if len(centres) > 1 else []
    shown = [tuple((unit.boot + 1, unit.logs[estimator]) for unit in units) for units in kept]
    return Sample(
        tuple((one + 1, base[one]) for one, _ in blocks) if plan.blocks else tuple((one + 1, base[one]) for one in base),
        tuple((other + 1, new[other]) for _, other in blocks) if plan.blocks else tuple((one + 1, new[one]) for one in new),
        bool(plan.blocks), left_out=left_out + len(ours) + len(theirs) - sum(map(len, kept)), strata=tuple(names),
        base_shown=shown[0], new_shown=shown[1])


def _centres(ours: Sequence[Unit], theirs: Sequence[Unit], estimator: str, distances: Distances) -> dict[int, float]:
    """Where each distance lies that both sides had, in the middle between the sides; 0 where there is but one."""
    by_mode: dict[int, tuple[list[float], list[float]]] = {}
    for side, units in enumerate((ours, theirs)):
        for unit in units:
            by_mode.setdefault(distances.of(unit.line_ns), ([], []))[side].append(unit.logs[estimator])
    shared = {mode: (fmean(base) + fmean(new)) / 2 for mode, (base, new) in by_mode.items() if base and new}
    return shared if len(shared) > 1 else dict.fromkeys(shared, 0.0)


def _boot_means(units: Sequence[Unit], estimator: str, centres: Mapping[int, float],
                distances: Distances) -> dict[int, float]:
    found: dict[int, list[float]] = {}
    for unit in units:
        found.setdefault(unit.boot, []).append(unit.logs[estimator] - centres[distances.of(unit.line_ns)])
    return {boot: fmean(values) for boot, values in found.items()}


def _points(units: Sequence[Unit], estimator: str) -> Points:
    return tuple((unit.round, unit.logs[estimator]) for unit in units)
