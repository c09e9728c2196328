"""Shows by hand what the search for changes of level finds in imagined series, and what it invents.

usage: PYTHONPATH=scripts python3 -m ipcmark_report.history.tests.power [SERIES]   (500 of each kind without it)
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy

from ipcmark_report.history.changes import changes

STEP, SCATTER, SPIKE = 0.08, 0.02, 1.0  # of the logarithm
Make = Callable[[numpy.random.Generator], numpy.ndarray]


def noise(count: int) -> Make:
    return lambda random: random.normal(0, SCATTER, count)


def with_step(count: int) -> Make:
    return lambda random: noise(count)(random) + STEP * (numpy.arange(count) >= count // 2)


def with_bump(count: int, first: int, last: int) -> Make:
    return lambda random: noise(count)(random) + STEP * ((numpy.arange(count) >= first) & (numpy.arange(count) < last))


def with_spikes(count: int, width: int) -> Make:
    def make(random: numpy.random.Generator) -> numpy.ndarray:
        values = noise(count)(random)
        first = random.integers(count - width + 1)
        values[first:first + width] += SPIKE
        return values
    return make


def near(found: list[int], places: list[int]) -> bool:
    return len(found) == len(places) and all(abs(a - b) <= 1 for a, b in zip(found, places))


def share(make: Make, holds: Callable[[list[int]], bool], series: int) -> str:
    random = numpy.random.default_rng(1)
    hits = sum(holds([change.at for change in changes(numpy.exp(make(random)), least=0)]) for _ in range(series))
    return f"{100 * hits / series:.1f} %"


def main(series: int) -> None:
    for count in (8, 12, 20, 50):
        print(f"{count} points without a change, one was found: {share(noise(count), bool, series)}")
    for count in (10, 20, 30):
        found = share(with_step(count), lambda at, c=count: near(at, [c // 2]), series)
        print(f"{count} points with a step of {STEP:.0%}, it alone was found, to within a point: {found}")
    found = share(with_bump(30, 12, 18), lambda at: near(at, [12, 18]), series)
    print(f"30 points, 6 of them {STEP:.0%} higher, both ends alone were found, to within a point: {found}")
    for width in (1, 2):
        print(f"20 points, {width} of them far off, a change was found: {share(with_spikes(20, width), bool, series)}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
