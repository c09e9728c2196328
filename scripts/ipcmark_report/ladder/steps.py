"""Where along the kernels of one flavour a case changed: pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..history import changes as levels
from .model import Boots, Kernels
from .rule import THRESHOLD, Change, change_of


@dataclass(frozen=True)
class Step:
    """From the kernel at place `before` to that at `at`, the next of its flavour that has the case."""

    before: int
    at: int
    change: Change


def steps(kernels: Kernels, threshold: float = THRESHOLD) -> tuple[Step, ...]:
    """All that are claimed, first what is farthest beyond the seeds of both."""
    found = [step for case in kernels.cases for step in steps_of(kernels, case, threshold)]
    return tuple(sorted(found, key=lambda step: -step.change.apart))


def steps_of(kernels: Kernels, case: str, threshold: float = THRESHOLD) -> Iterator[Step]:
    for places in kernels.lines.values():
        yield from _along(kernels.boots, [at for at in places if case in kernels.boots[at].readings], case, threshold)


def _along(boots: Sequence[Boots], places: Sequence[int], case: str, threshold: float) -> Iterator[Step]:
    for before, at in zip(places, places[1:]):
        change = change_of(case, boots[before], boots[at], threshold)
        if change is not None and change.starred:
            yield Step(before, at, change)


@dataclass(frozen=True)
class Level:
    """A change that stayed: of the medians of all kernels of a flavour from the last such place to the next."""

    at: int
    ratio: float


def levels_of(kernels: Kernels, case: str, flavour: str, threshold: float = THRESHOLD) -> tuple[Level, ...]:
    """Where a new level begins, as the history finds it: at least three kernels on either side, of at least eight."""
    places = [at for at in kernels.lines[flavour] if case in kernels.boots[at].readings and kernels.boots[at].is_sound]
    medians = [kernels.boots[at].readings[case].median for at in places]
    return tuple(Level(places[change.at], change.ratio) for change in levels.changes(medians, threshold))
