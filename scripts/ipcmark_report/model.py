"""The frozen facts of a run, as load.py hands them to the other modules."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from pathlib import Path


class BadInput(Exception):
    """Something the user can mend: the message is one line that names the thing and the remedy."""


@dataclass(frozen=True)
class Case:
    """A case name, taken apart: measure/noun/backend/parameter:value/.../placement:name."""

    text: str
    measure: str
    noun: str
    backend: str
    parameters: tuple[tuple[str, str], ...]
    placement: str

    def parameter(self, key: str) -> str | None:
        return dict(self.parameters).get(key)

    def number(self, key: str) -> int | None:
        """The parameter as a whole number; None where it is missing or not one."""
        value = self.parameter(key) or ""
        return int(value) if value.isascii() and value.isdigit() and len(value) <= 18 else None


@dataclass(frozen=True)
class Row:
    """One case measured once by one process. `error` set: the numbers are not to be used.

    `floor` is the name of the limit that the case is held against, `floor_ratio` how many times as
    long it took as that limit did in the same round.
    """

    case: Case
    binary: str
    round: int
    label: str = ""
    error: str | None = None
    operations: float | None = None
    time_ns: float | None = None
    latency_ns_p50: float | None = None
    latency_ns_p90: float | None = None
    latency_ns_p99: float | None = None
    latency_ns_p99_9: float | None = None
    latency_ns_max: float | None = None
    samples: float | None = None
    operations_per_sample: float | None = None
    service_ns_p50: float | None = None
    service_ns_p99: float | None = None
    omission_gap: float | None = None
    offered_per_second: float | None = None
    achieved_per_second: float | None = None
    saturated: float | None = None
    message_bytes: float | None = None
    capacity_messages: float | None = None
    capacity_bytes: float | None = None
    messages_per_second: float | None = None
    bytes_per_second: float | None = None
    operations_per_second: float | None = None
    jain_index: float | None = None
    min_max_share: float | None = None
    processes: float | None = None
    hold_ns: float | None = None
    memory_bytes: float | None = None
    cpu_ns_per_operation: float | None = None
    voluntary_switches_per_operation: float | None = None
    involuntary_switches_per_operation: float | None = None
    cache_level: float | None = None
    floor: str | None = None
    floor_ratio: float | None = None


@dataclass(frozen=True)
class Histogram:
    """The distribution of one case in one process; `values` are whole samples, in rising order. `series`
    names what it is of, where it is not of the row's own times."""

    case: Case
    round: int
    operations_per_sample: float
    values: array[float]
    counts: array[int]
    series: str = ""


@dataclass(frozen=True)
class Fact:
    """One fact of the machine. `unknown`: the text is the reason why it is not known."""

    group: str
    key: str
    text: str
    unknown: bool


@dataclass(frozen=True)
class Environment:
    """The facts at the start and at the end; `end` is None where the run did not get there."""

    start: tuple[Fact, ...]
    end: tuple[Fact, ...] | None

    def start_text(self, group: str, key: str) -> str | None:
        for fact in self.start:
            if (fact.group, fact.key) == (group, key) and not fact.unknown:
                return fact.text
        return None

    @property
    def machine(self) -> str:
        """The machine in one phrase, for captions."""
        host = self.start_text("machine", "host_name") or "unknown host"
        model = self.start_text("machine", "cpu_model") or "unknown CPU model"
        cpus = self.start_text("machine", "cpus") or "unknown number of"
        kernel = self.start_text("kernel", "release") or "of unknown release"
        return f"{host}, {model}, {cpus} CPUs, Linux {kernel}"


@dataclass(frozen=True)
class NotMeasurable:
    """A case of the matrix that this machine cannot measure, and why."""

    case: str
    reason: str


@dataclass(frozen=True)
class RunInfo:
    """What was asked, and how far it came."""

    version: str
    git: str
    command: str
    preset: str
    filter: str
    rounds: int
    window_ms: str
    warmup_ms: str
    binaries: tuple[str, ...]
    cases: tuple[str, ...]
    not_measurable: tuple[NotMeasurable, ...]
    started_at: str
    ended_at: str | None
    complete: bool


@dataclass(frozen=True)
class Run:
    """Everything a run directory says. `marks` are what a reader must know first."""

    path: Path
    info: RunInfo
    environment: Environment
    rows: tuple[Row, ...]
    histograms: tuple[Histogram, ...]
    marks: tuple[str, ...]
