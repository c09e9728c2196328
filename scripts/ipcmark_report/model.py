"""The frozen facts of a run, as load.py hands them to the other modules."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


WALL, INSTRUCTIONS = CLOCKS = ("wall", "instructions")


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
    long it took as that limit did in the same round. `label` names the CPUs, `remarks` say what to know
    of the result; `topology_mode` counts the run's distances of two CPUs from 0, -1 is a change.
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
    cow_ns_per_page: float | None = None
    cow_ns_per_page_p10: float | None = None
    cow_faults_per_page: float | None = None
    part_return_ns_p10: float | None = None
    part_return_ns_p50: float | None = None
    part_first_instruction_ns_p10: float | None = None
    part_first_instruction_ns_p50: float | None = None
    part_exit_ns_p10: float | None = None
    part_exit_ns_p50: float | None = None
    part_reap_ns_p10: float | None = None
    part_reap_ns_p50: float | None = None
    floor: str | None = None
    floor_ratio: float | None = None
    quiet_ns: float | None = None
    typical_ns: float | None = None
    tail_ns: float | None = None
    anchor_ns: float | None = None
    comparable: float | None = None
    foreign_share: float | None = None
    modes: float | None = None
    migrations: float | None = None
    line_ns_before: float | None = None
    line_ns_after: float | None = None
    topology_mode: float | None = None
    worst_share: float | None = None
    minor_faults_per_operation: float | None = None
    major_faults_per_operation: float | None = None
    other_costs: tuple[tuple[str, float], ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def is_disturbed(self) -> bool:
        return any(remark.startswith("disturbed") for remark in self.remarks)

    def cost(self, name: str) -> float | None:
        """What an operation cost of something that only some machines count, such as instructions."""
        return dict(self.other_costs).get(name)


@dataclass(frozen=True, slots=True)
class Anchor:
    """One look at the anchor: ns for 1000 turns of its loop. `at_ns` is CLOCK_MONOTONIC."""

    at_ns: float
    min_ns: float
    median_ns: float


@dataclass(frozen=True, slots=True)
class Repetition:
    """One timed window of a process. `typical_ns` is the p50 of its operations, or their mean where they
    were counted; switches are an operation. `p10_ns` and `p90_ns` are those of single operations, where they were
    timed. `delayed` is the time that its peers could have run and had no CPU, over the length of the window.
    `peer_operations` is what each peer counted."""

    started_at_ns: float
    typical_ns: float
    voluntary_switches: float
    involuntary_switches: float
    operations: float = 0
    p10_ns: float | None = None
    p90_ns: float | None = None
    delayed: float = 0
    peer_operations: tuple[float, ...] = ()


@dataclass(frozen=True)
class Process:
    """What one process of a case saw in each of its repetitions."""

    case: Case
    round: int
    repetitions: tuple[Repetition, ...]
    anchors: tuple[Anchor, ...]


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
    """The facts at the start and at the end; `end` is None where the run did not get there.

    `changed` names (group, key) what should have stayed and did not, None where the run does not say;
    `counted` is by how much each counter grew.
    """

    start: tuple[Fact, ...]
    end: tuple[Fact, ...] | None
    changed: frozenset[tuple[str, str]] | None = None
    counted: tuple[Fact, ...] = ()

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
class Yardstick:
    """By which estimator a family is judged, and how large a change has to be; fixed before measuring."""

    estimator: str = "quiet"
    threshold_percent: float = 2.0
    anchor_slope: float = 0.0


@dataclass(frozen=True)
class RunInfo:
    """What was asked, and how far it came. `estimators` are by family, `pair` is the directory of the run that took
    turns with this one, `left_after_round` by case. `clock` is what the machine's clock counted, one of CLOCKS."""

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
    repetitions: str = "not recorded"
    labels: tuple[str, ...] = ()
    topology_modes_ns: tuple[float, ...] = ()
    estimators: Mapping[str, Yardstick] = field(default_factory=dict)
    selftest_date: str | None = None
    seed: str | None = None
    bundle: str | None = None
    pair: str | None = None
    clock: str = "wall"
    left_after_round: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """Everything a run directory says. `marks` are what a reader must know first; `caches` the sizes of the
    machine's caches for data in bytes, by level."""

    path: Path
    info: RunInfo
    environment: Environment
    rows: tuple[Row, ...]
    histograms: tuple[Histogram, ...]
    marks: tuple[str, ...]
    processes: tuple[Process, ...] = ()
    caches: tuple[tuple[int, int], ...] = ()
