"""The paths that operations took, told by involuntary switches, and how often each was taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import exp
from statistics import fmean, median

from . import rank_sum, signed_rank
from .design import Plan
from .discovery import ALPHA
from .model import Change, Design, Mix, Path
from .processes import Side, Unit
from .sample import Distances, Sample, sample_of

# Fewer involuntary switches an operation are accidents, and a mix that moved by less has not.
LEAST_SWITCHES = 0.1
# Between two paths the switches of processes leave a gap at least as wide.
_GAP = 0.2


def mix_of(base: Side, new: Side, estimator: str, plan: Plan, distances: Distances) -> Mix | None:
    """None where no wake-up preempts. Its q, and what it says, come with judged()."""
    if not base.units or not new.units:
        return None
    if max(unit.switches for unit in (*base.units, *new.units)) <= LEAST_SWITCHES:
        return None
    ours, theirs = fmean(unit.switches for unit in base.units), fmean(unit.switches for unit in new.units)
    classes = _classes(base.units, new.units)
    paths = tuple(_path(number, classes, base, new, estimator, plan, distances) for number in sorted(set(classes.values())))
    return Mix(paths, ours, theirs, _p(base, new, plan), None, False, False, "")


def _classes(base: Sequence[Unit], new: Sequence[Unit]) -> dict[float, int]:
    """The path of each number of switches, the fewest first."""
    found: dict[float, int] = {}
    last, number = None, 0
    for switches in sorted({unit.switches for unit in (*base, *new)}):
        number += last is not None and switches - last > _GAP
        found[switches], last = number, switches
    return found


def _path(number: int, classes: dict[float, int], base: Side, new: Side, estimator: str, plan: Plan,
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
    return sample_of(base, new, estimator, Plan(Design.UNPAIRED), distances)


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


def judged(mix: Mix, q: float, change: Change) -> Mix:
    """With its verdict, and whether the whole hides what the paths did."""
    changed = q < ALPHA and abs(mix.new_switches - mix.base_switches) > LEAST_SWITCHES
    simpson = changed and _hides(mix, change)
    return replace(mix, q=q, changed=changed, simpson=simpson, says=_says(mix, change, changed, simpson))


def _hides(mix: Mix, change: Change) -> bool:
    """Every path that both sides took moved one way, and the whole moved the other."""
    if change.ratio is None or change.p is None or change.p >= ALPHA or change.ratio == 1:
        return False
    ways = [_way(path) for path in mix.paths if path.ratio is not None]
    whole = 1 if change.ratio > 1 else -1
    return bool(ways) and all(way == -whole for way in ways)


def _way(path: Path) -> int:
    """1: surely slower, -1: surely faster, 0: neither is sure."""
    if path.interval is None:
        return 0
    return int(path.interval.low > 1) - int(path.interval.high < 1)


def _says(mix: Mix, change: Change, changed: bool, simpson: bool) -> str:
    if not changed:
        return ""
    moved = (f"another mix of paths: {mix.base_switches:.2f} involuntary switches an operation, "
             f"then {mix.new_switches:.2f}")
    if simpson:
        slower = change.ratio is not None and change.ratio < 1
        return ("Simpson: paths slower, mix better; " if slower else "Simpson: paths faster, mix worse; ") + moved
    shared = [path.ratio for path in mix.paths if path.ratio is not None]
    if not shared:
        return moved + "; no process of either side took the same path"
    percents = ", ".join(f"{100 * (ratio - 1):+.1f} %" for ratio in shared)
    return f"{moved}; like for like {percents}"


