"""What is known of kernels that were booted one after the other: frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import log
from pathlib import Path

from ..model import Case, NotMeasurable
from .versions import order


def is_rt(flavour: str) -> bool:
    """Whether it is a real-time kernel, whatever was added to its command line."""
    return flavour.split(" ")[0] == "rt"


@dataclass(frozen=True)
class Kernel:
    """`id` is the name of its directory; `flavour` is cloud, generic, rt or own, and what was added to its command line;
    `facts` are for people."""

    id: str
    version: str
    flavour: str
    facts: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        return f"{self.version} {self.flavour}" if self.flavour else self.version


@dataclass(frozen=True)
class Reading:
    """Instructions an operation over the boots of one kernel, each with another seed; `values` are those of each.
    `switches` is how often an operation is switched, of all its peers, in the middle of the boots; None where unknown."""

    median: float
    low: float
    high: float
    values: tuple[float, ...]
    switches: float | None = None

    @property
    def boots(self) -> int:
        return len(self.values)

    @property
    def spread(self) -> float:
        """What the seeds make of it: the logarithm of the most over the least."""
        return log(self.high / self.low)


@dataclass(frozen=True)
class CaseProfile:
    """Instructions an operation in each function; `clock` is what the guest's own clock counted of the same boot."""

    functions: Mapping[str, float]
    clock: float | None = None

    @cached_property
    def total(self) -> float:
        return sum(self.functions.values())


@dataclass(frozen=True)
class Boots:
    """What one kernel executed. `off` says of each boot whose self-check was not as it has to be, what it was; then
    nothing is claimed of this kernel."""

    kernel: Kernel
    path: Path
    readings: Mapping[str, Reading]
    cases: Mapping[str, Case]
    check: Reading | None
    off: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    not_measured: tuple[NotMeasurable, ...] = ()
    profile: Mapping[str, CaseProfile] | None = None
    build: str = ""

    @property
    def is_sound(self) -> bool:
        return not self.off


@dataclass(frozen=True)
class Kernels:
    """All of them in the order of their versions."""

    path: Path
    boots: tuple[Boots, ...]
    left_out: tuple[str, ...] = ()

    @cached_property
    def cases(self) -> dict[str, Case]:
        """Every case that any kernel has, those of the first kernel first."""
        return {name: case for boots in self.boots for name, case in boots.cases.items()}

    @cached_property
    def lines(self) -> dict[str, tuple[int, ...]]:
        """The places of each flavour's kernels: only kernels of one flavour follow one another. RT is the last."""
        flavours = dict.fromkeys(boots.kernel.flavour for boots in self.boots)
        return {flavour: tuple(at for at, boots in enumerate(self.boots) if boots.kernel.flavour == flavour)
                for flavour in sorted(flavours, key=lambda flavour: (is_rt(flavour), flavour))}


def in_order(boots: list[Boots]) -> tuple[Boots, ...]:
    return tuple(sorted(boots, key=lambda one: (
        order(one.kernel.version), is_rt(one.kernel.flavour), one.kernel.flavour, order(one.kernel.id))))
