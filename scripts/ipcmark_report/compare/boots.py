"""Boots as the unit: one value a boot, out of which the distances of the CPUs, and how often each path was taken, are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from .classes import Classes, path_of, switches_of
from .design import Plan
from .processes import Unit
from .sample import Distances, Points, Sample

# Of one side, what the processes of a boot say that took one path.
Boots = dict[int, dict[int, list[float]]]


@dataclass
class _Side:
    """`used` names the boots and paths whose processes are in the values."""

    values: list[tuple[int, float]] = field(default_factory=list)
    strata: list[int] = field(default_factory=list)
    used: set[tuple[int, int]] = field(default_factory=set)

    def add(self, boot: int, own: Mapping[int, list[float]], weights: Mapping[int, float], stratum: int) -> None:
        value = sum(weight * fmean(own[path]) for path, weight in weights.items()) / sum(weights.values())
        self.values.append((boot + 1, value))
        self.strata.append(stratum)
        self.used |= {(boot, path) for path in weights}


def sample_of(ours: Sequence[Unit], theirs: Sequence[Unit], estimator: str, plan: Plan, distances: Distances,
              classes: Classes | None, left_out: int) -> Sample:
    """What distances and paths make of the values is taken out; of paths only where there are `classes`."""
    centres = {path: _centres(*([unit for unit in units if path_of(unit, classes) == path] for units in (ours, theirs)),
                              estimator, distances) for path in {path_of(unit, classes) for unit in (*ours, *theirs)}}
    base, new = (_boots(units, estimator, centres, distances, classes) for units in (ours, theirs))
    sides = _pairs(base, new, plan.blocks) if plan.blocks else _alike(base, new)
    kept = [[unit for unit in units if (unit.boot, path_of(unit, classes)) in side.used
             and distances.of(unit.line_ns) in centres[path_of(unit, classes)]]
            for units, side in zip((ours, theirs), sides)]
    seen = sorted({distances.of(unit.line_ns) for units in kept for unit in units})
    return Sample(
        tuple(sides[0].values), tuple(sides[1].values), bool(plan.blocks),
        left_out=left_out + len(ours) + len(theirs) - sum(map(len, kept)),
        strata=tuple(distances.middles[one] for one in seen) if len(seen) > 1 else (),
        paths=switches_of((*kept[0], *kept[1]), classes),
        base_strata=tuple(sides[0].strata), new_strata=tuple(sides[1].strata),
        base_shown=_shown(kept[0], estimator), new_shown=_shown(kept[1], estimator))


def _shown(units: Sequence[Unit], estimator: str) -> Points:
    return tuple((unit.boot + 1, unit.logs[estimator]) for unit in units)


def _centres(ours: Sequence[Unit], theirs: Sequence[Unit], estimator: str, distances: Distances) -> dict[int, float]:
    """Where each distance lies that both sides had, in the middle between the sides; 0 where there is but one."""
    by_mode: dict[int, tuple[list[float], list[float]]] = {}
    for side, units in enumerate((ours, theirs)):
        for unit in units:
            by_mode.setdefault(distances.of(unit.line_ns), ([], []))[side].append(unit.logs[estimator])
    shared = {mode: (fmean(base) + fmean(new)) / 2 for mode, (base, new) in by_mode.items() if base and new}
    return shared if len(shared) > 1 else dict.fromkeys(shared, 0.0)


def _boots(units: Sequence[Unit], estimator: str, centres: Mapping[int, Mapping[int, float]], distances: Distances,
           classes: Classes | None) -> Boots:
    found: Boots = {}
    for unit in units:
        path = path_of(unit, classes)
        centre = centres[path].get(distances.of(unit.line_ns))
        if centre is not None:
            found.setdefault(unit.boot, {}).setdefault(path, []).append(unit.logs[estimator] - centre)
    return found


def _pairs(base: Boots, new: Boots, blocks: Sequence[tuple[int, int]]) -> tuple[_Side, _Side]:
    """Each boot beside its neighbour, on the paths that both took."""
    sides = _Side(), _Side()
    for one, other in blocks:
        if weights := _weights([base.get(one, {})], [new.get(other, {})]):
            sides[0].add(one, base[one], weights, 0)
            sides[1].add(other, new[other], weights, 0)
    return sides


def _alike(base: Boots, new: Boots) -> tuple[_Side, _Side]:
    """Boots beside those of the other side that took the same paths, however often: then each stands in one stratum,
    and with one value, as a test of boots that depend on nothing in common must have it."""
    sides = _Side(), _Side()
    taken = sorted({tuple(sorted(boot)) for boot in base.values()} & {tuple(sorted(boot)) for boot in new.values()})
    for stratum, paths in enumerate(taken):
        own = [{number: boot for number, boot in side.items() if tuple(sorted(boot)) == paths} for side in (base, new)]
        weights = _weights(list(own[0].values()), list(own[1].values()))
        for side, boots in zip(sides, own):
            for number, boot in boots.items():
                side.add(number, boot, weights, stratum)
    return sides


def _weights(base: Sequence[Mapping[int, list[float]]], new: Sequence[Mapping[int, list[float]]]) -> dict[int, float]:
    """Of each path that both sides took: the same for both, so that no mix is in it, and more where more processes
    took it."""
    counts = [{path: sum(len(boot.get(path, ())) for boot in side) for boot in side for path in boot} for side in (base, new)]
    return {path: 1 / (1 / counts[0][path] + 1 / counts[1][path]) for path in sorted(counts[0].keys() & counts[1].keys())}
