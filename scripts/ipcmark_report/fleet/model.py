"""The frozen facts of a fleet: runs, the hosts that they are of, and the groups of hosts that are alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..machines import Machine
from ..model import Case, Fact
from ..views import Recipe


@dataclass(frozen=True)
class Figure:
    """One case in one run: the logarithm of the median process, ns an operation, and the standard error that its processes
    give it, nan for one process."""

    log: float
    error: float
    processes: int


@dataclass(frozen=True)
class Measured:
    """What is kept of a run. `labels` say what disturbed it; `build` names the ipcmark, `settings` how it measured."""

    path: Path
    machine: Machine
    kernel: str
    kernel_version: str
    model: str
    cpus: str
    started_at: str
    build: str
    settings: str
    complete: bool
    labels: tuple[str, ...]
    left_out: str
    facts: tuple[Fact, ...]
    figures: Mapping[str, Figure]
    recipe: Recipe


@dataclass(frozen=True)
class Host:
    """The runs of one machine on one kernel, in the order of their start."""

    name: str
    runs: tuple[Measured, ...]

    @property
    def contaminated(self) -> int:
        return sum(bool(run.labels) for run in self.runs)


@dataclass(frozen=True)
class Group:
    """Hosts that are alike: the same hardware and the same kernel. Tables have a row a host and a column a case of the fleet:
    `values` are logarithms of ns an operation, means over the runs; `errors` by how much they would differ in a repetition."""

    name: str
    machine: Machine
    kernel: str
    hosts: tuple[Host, ...]
    values: np.ndarray
    errors: np.ndarray
    level_errors: np.ndarray


@dataclass(frozen=True)
class Fleet:
    """`remarks` say what was left out or is odd, a line each; `estimator` is the figure of a process."""

    cases: tuple[Case, ...]
    groups: tuple[Group, ...]
    remarks: tuple[str, ...]
    estimator: str

    @property
    def hosts(self) -> tuple[Host, ...]:
        return tuple(host for group in self.groups for host in group.hosts)

    @property
    def runs(self) -> int:
        return sum(len(host.runs) for host in self.hosts)
