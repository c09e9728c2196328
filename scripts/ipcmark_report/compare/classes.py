"""Which path through the kernel a process took, told by its involuntary switches an operation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import median

from .processes import Unit

# Between two paths the switches of processes leave a gap at least as wide.
_GAP = 0.2

# The path of each number of switches, numbered from the fewest.
Classes = Mapping[float, int]


def classes_of(units: Iterable[Unit]) -> Classes:
    """Of the processes of both sides together."""
    found: dict[float, int] = {}
    last, number = None, 0
    for switches in sorted({unit.switches for unit in units}):
        number += last is not None and switches - last > _GAP
        found[switches], last = number, switches
    return found


def are_several(classes: Classes) -> bool:
    return len(set(classes.values())) > 1


def path_of(unit: Unit, classes: Classes | None) -> int:
    """One for all where paths are not told apart."""
    return 0 if classes is None else classes[unit.switches]


def switches_of(units: Iterable[Unit], classes: Classes | None) -> tuple[float, ...] | None:
    """The middle of each path that these processes took; None where paths are not told apart."""
    if classes is None:
        return None
    found: dict[int, list[float]] = {}
    for unit in units:
        found.setdefault(classes[unit.switches], []).append(unit.switches)
    return tuple(median(values) for _, values in sorted(found.items()))
