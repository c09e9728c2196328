"""Cells taken together, with one test each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, log
from statistics import fmean, median

import numpy as np

from . import rank_sum, signed_rank
from .discovery import ALPHA, q_values
from .model import Cell, Group, Interval, Verdict
from .sample import Sample

# The bare loops are no backend.
_LIMITS = "limits"
_DRAWS = 1000


@dataclass(frozen=True)
class Member:
    """A cell with the sample that its verdict rests on."""

    cell: Cell
    sample: Sample


def families_of(members: Sequence[Member], blocked: str) -> tuple[Group, ...]:
    return _groups(members, lambda cell: cell.family, blocked)


def backends_of(members: Sequence[Member], blocked: str) -> tuple[Group, ...]:
    own = [member for member in members if member.cell.case.measure != _LIMITS]
    return _groups(own, lambda cell: f"{cell.case.noun}/{cell.case.backend}/{cell.case.placement}", blocked)


def overall_of(members: Sequence[Member], blocked: str) -> Group:
    own = [member for member in members if member.cell.case.measure != _LIMITS]
    return _judged([_group("all", own or members)], [own or members], blocked)[0]


def _groups(members: Sequence[Member], name: Callable[[Cell], str], blocked: str) -> tuple[Group, ...]:
    found: dict[str, list[Member]] = {}
    for member in members:
        found.setdefault(name(member.cell), []).append(member)
    groups = [_group(key, own) for key, own in found.items()]
    return tuple(_judged(groups, list(found.values()), blocked))


def _judged(groups: Sequence[Group], members: Sequence[Sequence[Member]], blocked: str) -> list[Group]:
    known = [group.p for group in groups if group.p is not None]
    q = iter(q_values(known))
    result = []
    for group, own in zip(groups, members):
        one = replace(group, q=None if group.p is None else next(q))
        threshold = median([member.cell.judged.threshold for member in own]) if own else 0.0
        result.append(replace(one, verdict=_verdict(one, threshold, blocked)))
    return result


def _verdict(group: Group, threshold: float, blocked: str) -> Verdict:
    if group.ratio is None or group.q is None or group.interval is None:
        return Verdict.NONE
    if blocked:
        return Verdict.INCONCLUSIVE
    if group.q < ALPHA and abs(log(group.ratio)) > log(1 + threshold):
        return Verdict.REGRESSION if group.ratio > 1 else Verdict.IMPROVEMENT
    inside = group.interval.low > 1 / (1 + threshold) and group.interval.high < 1 + threshold
    return Verdict.EQUIVALENT if inside else Verdict.INCONCLUSIVE


def _group(name: str, members: Sequence[Member]) -> Group:
    # A figure that the mix of paths may have made counts nowhere.
    usable = [member for member in members if member.cell.judged.ratio is not None
              and not (member.cell.mix is not None and member.cell.mix.withheld)]
    counted = [sum(member.cell.judged.verdict is one for member in members)
               for one in (Verdict.REGRESSION, Verdict.IMPROVEMENT)]
    ratio = exp(fmean(log(member.cell.judged.ratio or 1) for member in usable)) if usable else None
    p, spread = (None, None) if not usable else _paired(usable) if usable[0].sample.paired else _unpaired(usable)
    interval = None if ratio is None or spread is None else Interval(ratio * exp(spread[0]), ratio * exp(spread[1]))
    return Group(name, len(usable), ratio, interval, p, None, counted[0], counted[1], Verdict.NONE)


Spread = tuple[float, float] | None


def _paired(members: Sequence[Member]) -> tuple[float | None, Spread]:
    """p over the rounds, each with the mean of its cells' differences; the 95 % about the estimate when rounds are
    drawn anew."""
    centres = [log(member.cell.judged.ratio or 1) for member in members]
    rest: dict[int, list[float]] = {}
    for member, centre in zip(members, centres):
        for (number, _), difference in zip(member.sample.base, member.sample.differences.tolist()):
            rest.setdefault(number, []).append(difference - centre)
    # A round that lacks a cell must not lack its effect.
    rounds = np.array([fmean(values) for _, values in sorted(rest.items())]) + fmean(centres)
    if len(rounds) < signed_rank.LEAST_PAIRS:
        return None, None
    drawn = rounds[_draws(len(rounds))]
    shifts = np.median(signed_rank.pair_means(drawn), axis=1) - signed_rank.hodges_lehmann(rounds)
    return signed_rank.signed_rank(rounds), _ends(shifts)


def _unpaired(members: Sequence[Member]) -> tuple[float | None, Spread]:
    """The same of two sides whose rounds are no pairs."""
    rest: tuple[dict[int, list[float]], dict[int, list[float]]] = ({}, {})
    for member in members:
        middles = _middles(member.sample)
        for side, points, strata in ((rest[0], member.sample.base, member.sample.base_strata),
                                     (rest[1], member.sample.new, member.sample.new_strata)):
            for (number, value), stratum in zip(points, strata or (0,) * len(points)):
                side.setdefault(number, []).append(value - middles[stratum])
    base, new = (np.array([fmean(values) for _, values in sorted(side.items())]) for side in rest)
    if rank_sum.left_out(len(base), len(new)) == 0:
        return None, None
    estimate = rank_sum.shift([(base, new)])
    ours, theirs = base[_draws(len(base))], new[_draws(len(new), 2)]
    shifts = np.median((theirs[:, :, None] - ours[:, None, :]).reshape(_DRAWS, -1), axis=1) - estimate
    return rank_sum.rank_sum([(base, new)]), _ends(shifts)


def _middles(sample: Sample) -> Mapping[int, float]:
    found: dict[int, list[float]] = {}
    for (_, value), stratum in zip(sample.base, sample.base_strata or (0,) * len(sample.base)):
        found.setdefault(stratum, []).append(value)
    return {stratum: median(values) for stratum, values in found.items()}


def _draws(count: int, seed: int = 1) -> np.ndarray:
    """The same for the same run, so that its figures stay."""
    return np.random.default_rng(seed).integers(0, count, size=(_DRAWS, count))


def _ends(shifts: np.ndarray) -> tuple[float, float]:
    low, high = np.quantile(shifts, (0.025, 0.975))
    return float(low), float(high)
