"""Which machine a run was measured on: told by what stays, never by readings that vary from boot to boot."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from .model import Environment
from .text import one_line

T = TypeVar("T")


@dataclass(frozen=True)
class Machine:
    """`key` tells machines apart. `known`: it is the record's own; else only the CPU model and their number."""

    key: str
    known: bool

    @property
    def name(self) -> str:
        return self.key if self.known else f"{self.key} (identity not recorded)"


def machine_of(environment: Environment) -> Machine:
    if key := environment.start_text("identity", "key"):
        return Machine(one_line(key), True)
    model = environment.start_text("machine", "cpu_model") or "unknown CPU model"
    cpus = environment.start_text("machine", "cpus") or "unknown number of"
    return Machine(one_line(f"{model}, {cpus} CPUs"), False)


def by_machine(items: Iterable[T], machine: Callable[[T], Machine]) -> dict[Machine, tuple[T, ...]]:
    """The items of each machine in their order, the machine that comes first first. What is known to be a machine
    and what only looks like it stay apart."""
    groups: dict[Machine, list[T]] = {}
    for item in items:
        groups.setdefault(machine(item), []).append(item)
    return {key: tuple(group) for key, group in groups.items()}
