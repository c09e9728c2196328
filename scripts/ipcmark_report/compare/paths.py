"""The paths that operations took, told by involuntary switches: what each cost, and how often it was taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import exp
from statistics import fmean, median

import numpy as np

from . import rank_sum, signed_rank
from .classes import Classes, are_several, classes_of
from .design import Plan
from .model import Design, Mix, Path, Whole
from .processes import Side, Unit
from .sample import Distances, Sample
from .sampling import sample_of

# Fewer involuntary switches an operation are accidents, and a mix that moved by less has not.
LEAST_SWITCHES = 0.1


def mix_of(base: Side, new: Side, estimator: str, plan: Plan, distances: Distances) -> Mix | None:
    """None where no wake-up preempts. Its q, and what it says, come with judged()."""
    if not base.units or not new.units:
        return None
    if max(unit.switches for unit in (*base.units, *new.units)) <= LEAST_SWITCHES:
        return None
    ours, theirs = fmean(unit.switches for unit in base.units), fmean(unit.switches for unit in new.units)
    classes = classes_of((*base.units, *new.units))
    paths = tuple(_path(number, classes, base, new, estimator, plan, distances) for number in sorted(set(classes.values())))
    within = plan.design is not Design.INTERLEAVED and are_several(classes)
    whole = _whole(sample_of(base, new, estimator, plan, distances, whole=True)) if within else None
    return Mix(paths, ours, theirs, _p(base, new, plan), None, False, False, "", whole,
               _left(base.units, new.units, classes))


def _left(base: Sequence[Unit], new: Sequence[Unit], classes: Classes) -> float:
    """The mean over the paths that both sides took, more of those that more processes took."""
    apart, weights = [], []
    for path in {classes[unit.switches] for unit in base} & {classes[unit.switches] for unit in new}:
        ours, theirs = ([unit.switches for unit in units if classes[unit.switches] == path] for units in (base, new))
        apart.append(abs(fmean(theirs) - fmean(ours)))
        weights.append(1 / (1 / len(ours) + 1 / len(theirs)))
    return float(np.average(apart, weights=weights)) if apart else 0.0


def _whole(sample: Sample) -> Whole | None:
    effect = sample.effect() if sample.size else None
    return None if effect is None else Whole(exp(effect), sample.interval(), sample.p())


def _path(number: int, classes: Classes, base: Side, new: Side, estimator: str, plan: Plan,
          distances: Distances) -> Path:
    own = [replace(side, units=tuple(unit for unit in side.units if classes[unit.switches] == number))
           for side in (base, new)]
    sample = _like_for_like(own[0], own[1], estimator, plan, distances)
    effect = sample.effect() if sample.size else None
    return Path(
        median(unit.switches for side in own for unit in side.units),
        len(own[0].units) / len(base.units), len(own[1].units) / len(new.units),
        None if effect is None else exp(effect), sample.interval() if sample.size else None)


def _like_for_like(base: Side, new: Side, estimator: str, plan: Plan, distances: Distances) -> Sample:
    """Pairs where both sides took the path often enough together, else all that took it."""
    paired = sample_of(base, new, estimator, plan, distances)
    if not paired.paired or paired.size >= signed_rank.LEAST_PAIRS:
        return paired
    # A boot stays the unit.
    design = Design.UNPAIRED if plan.design is Design.INTERLEAVED else plan.design
    return sample_of(base, new, estimator, Plan(design), distances)


def _p(base: Side, new: Side, plan: Plan) -> float:
    if plan.design is Design.INTERLEAVED:
        theirs = {unit.round: unit.switches for unit in new.units}
        return signed_rank.signed_rank([theirs[unit.round] - unit.switches for unit in base.units
                                        if unit.round in theirs])
    if plan.design is Design.UNPAIRED:
        return rank_sum.rank_sum(rank_sum.strata_of([unit.switches for unit in base.units],
                                                    [unit.switches for unit in new.units],
                                                    [0] * len(base.units), [0] * len(new.units)))
    ours, theirs_by_boot = _by_boot(base.units), _by_boot(new.units)
    if plan.blocks:
        return signed_rank.signed_rank([theirs_by_boot[other] - ours[one] for one, other in plan.blocks
                                        if one in ours and other in theirs_by_boot])
    return rank_sum.rank_sum(rank_sum.strata_of(list(ours.values()), list(theirs_by_boot.values()),
                                                [0] * len(ours), [0] * len(theirs_by_boot)))


def _by_boot(units: Sequence[Unit]) -> dict[int, float]:
    found: dict[int, list[float]] = {}
    for unit in units:
        found.setdefault(unit.boot, []).append(unit.switches)
    return {boot: fmean(values) for boot, values in found.items()}
