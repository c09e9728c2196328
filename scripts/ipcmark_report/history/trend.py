"""A case over the runs of one machine: a boot is one point, and levels are told apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from math import exp, fsum, log

from ..machines import Machine, by_machine
from ..stats import Spread
from .changes import Change, changes
from .store import Observation


@dataclass(frozen=True)
class Point:
    """The runs of one build in one boot. `spread` is the mean of their medians (geometric), and the smallest and the
    largest process of them all."""

    runs: tuple[Observation, ...]
    spread: Spread


@dataclass(frozen=True)
class Trend:
    case: str
    estimator: str
    machine: Machine
    points: tuple[Point, ...]
    changes: tuple[Change, ...]


def trends(case: str, estimator: str, observations: Iterable[Observation]) -> tuple[Trend, ...]:
    """One for each machine: levels of different machines have nothing to do with each other."""
    found = []
    for machine, mine in by_machine(observations, lambda one: one.run.machine).items():
        points = points_of(mine)
        found.append(Trend(case, estimator, machine, points, changes([point.spread.median for point in points])))
    return tuple(found)


def points_of(observations: Iterable[Observation]) -> tuple[Point, ...]:
    """Runs that follow one another in the same boot with the same build are one point: they share the layout of the
    kernel's memory, so they are no more than one sample of it."""
    def same(one: Observation) -> tuple[str, ...]:
        run = one.run
        return run.boot or run.digest, run.kernel, run.kernel_version, run.kernel_build, run.version, run.git

    return tuple(_point(tuple(group)) for _, group in groupby(observations, key=same))


def _point(runs: tuple[Observation, ...]) -> Point:
    spreads = [run.spread for run in runs]
    mean = exp(fsum(log(spread.median) for spread in spreads) / len(spreads))
    return Point(runs, Spread(mean, min(s.low for s in spreads), max(s.high for s in spreads),
                              sum(s.processes for s in spreads)))
