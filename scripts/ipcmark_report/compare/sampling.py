"""What of one case may be held against each other: pairs, processes of one distance and path, or boots."""

from __future__ import annotations

from collections.abc import Sequence

from . import boots
from .classes import Classes, are_several, classes_of, path_of, switches_of
from .design import Plan
from .model import Design
from .processes import Side, Unit
from .sample import Distances, Points, Sample

# Whether two probes of a cache line in one pair saw the same distance.
SAME_DISTANCE = 2.0


def sample_of(base: Side, new: Side, estimator: str, plan: Plan, distances: Distances,
              rounds: int | None = None, *, whole: bool = False) -> Sample:
    """The sample of one case; of the first `rounds` where that is given. Without pairs it is compared within each path
    that processes took, unless the `whole` is asked for."""
    ours, theirs = ([unit for unit in side.units if estimator in unit.logs and (rounds is None or unit.round <= rounds)]
                    for side in (base, new))
    if plan.design is Design.INTERLEAVED:
        measured = {number for _, number in base.rounds | new.rounds if rounds is None or number <= rounds}
        return _in_turns(ours, theirs, estimator, distances, len(measured))
    found = classes_of((*base.units, *new.units))
    classes = found if are_several(found) and not whole else None
    lost = len(base.rounds) + len(new.rounds) - len(ours) - len(theirs)
    if plan.design is Design.UNPAIRED:
        return _one_after_the_other(ours, theirs, estimator, distances, classes, lost)
    return boots.sample_of(ours, theirs, estimator, plan, distances, classes, lost)


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
                         classes: Classes | None, left_out: int) -> Sample:
    """All processes; those at a distance and on a path that the other side never had are left out."""
    of_ours, of_theirs = ([(distances.of(unit.line_ns), path_of(unit, classes)) for unit in units]
                          for units in (ours, theirs))
    shared = sorted(set(of_ours) & set(of_theirs))
    number = {one: index for index, one in enumerate(shared)}
    base, new = ([(unit, number[one]) for unit, one in zip(units, own) if one in number]
                 for units, own in ((ours, of_ours), (theirs, of_theirs)))
    seen = sorted({distance for distance, _ in shared})
    return Sample(
        _points([unit for unit, _ in base], estimator), _points([unit for unit, _ in new], estimator), False,
        left_out=left_out + len(ours) + len(theirs) - len(base) - len(new),
        strata=tuple(distances.middles[one] for one in seen) if len(seen) > 1 else (),
        paths=switches_of([unit for unit, _ in (*base, *new)], classes),
        base_strata=tuple(one for _, one in base), new_strata=tuple(one for _, one in new))


def _points(units: Sequence[Unit], estimator: str) -> Points:
    return tuple((unit.round, unit.logs[estimator]) for unit in units)
