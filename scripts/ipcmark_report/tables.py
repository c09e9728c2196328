"""The data table behind each chart."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from . import units
from .cells import Cell, Value
from .units import Scale
from .views import Table

Column = tuple[str, Callable[[Cell], str]]


def table(cells: Sequence[Cell], names: Sequence[Column], numbers: Sequence[Column]) -> Table:
    """One row a cell, with what weakens it; columns in which no cell has anything are left out."""
    columns = [*names, FLAGS, *numbers, REMARKS]
    texts = [[write(cell) for _, write in columns] for cell in cells]
    kept = [
        index for index in range(len(columns))
        if index < len(names) or any(row[index] != "–" for row in texts)
    ]
    return Table(
        tuple(columns[index][0] for index in kept),
        len(names) + (len(names) in kept),
        tuple(tuple(row[index] for index in kept) for row in texts),
        int(len(columns) - 1 in kept),
        tuple(cell.case.text for cell in cells),
    )


def spread(title: str, value: Value, scale: Scale) -> Column:
    return title, lambda cell: units.spread(cell.spread(value), scale)


def median(title: str, value: Value, scale: Scale) -> Column:
    def write(cell: Cell) -> str:
        found = cell.median(value)
        return "–" if found is None else units.amount(found, scale)

    return title, write


def counted(title: str, value: Value) -> Column:
    """Smallest to largest over the processes, as whole numbers."""

    def write(cell: Cell) -> str:
        found = [n for row in cell.rows if (n := value(row)) is not None]
        return units.span(min(found), max(found), units.whole) if found else "–"

    return title, write


def parameter(title: str, key: str, write: Callable[[int], str]) -> Column:
    def text(cell: Cell) -> str:
        number = cell.case.number(key)
        return "–" if number is None else write(number)

    return title, text


def _flags(cell: Cell) -> str:
    """The letters, each with the share of the processes where that is not all."""
    counts = {letter: cell.flagged(letter) for letter in cell.flags.lower()}
    rows = len(cell.rows)
    return ", ".join(
        letter if count == rows else f"{letter} {count}/{rows}" for letter, count in counts.items()) or "–"


def _remarks(cell: Cell) -> str:
    """One of each kind, as a process had it: what differs between processes is mostly the figures."""
    kinds: dict[str, str] = {}
    for row in cell.rows:
        for remark in row.remarks:
            if remark != cell.case.placement:
                kinds.setdefault(remark.partition(":")[0].lstrip("0123456789 "), remark)
    return "; ".join(kinds.values()) or "–"


FLAGS: Column = ("marks", _flags)
REMARKS: Column = ("remarks, of one process each", _remarks)
NOUN: Column = ("noun", lambda cell: cell.case.noun)
BACKEND: Column = ("backend", lambda cell: cell.name)
PLACEMENT: Column = ("placement", lambda cell: cell.case.placement)
SIZE: Column = parameter("message", "size", units.size)
PROCESSES: Column = ("rounds", lambda cell: str(len({row.round for row in cell.rows})))
CPUS: Column = ("CPUs", lambda cell: "; ".join(dict.fromkeys(r.label for r in cell.rows if r.label)) or "–")

# Of the repetitions of each process; the tail is that of all its samples.
ESTIMATORS: tuple[Column, ...] = (
    spread("quiet", lambda row: row.quiet_ns, units.time_scale),
    spread("typical", lambda row: row.typical_ns, units.time_scale),
)
PERCENTILES: tuple[Column, ...] = (
    *ESTIMATORS,
    spread("p50", lambda row: row.latency_ns_p50, units.time_scale),
    spread("p90", lambda row: row.latency_ns_p90, units.time_scale),
    spread("tail (p99)", lambda row: row.latency_ns_p99, units.time_scale),
    spread("p99.9", lambda row: row.latency_ns_p99_9, units.time_scale),
    spread("longest", lambda row: row.latency_ns_max, units.time_scale),
    counted("samples a process", lambda row: row.samples),
    counted("operations a sample", lambda row: row.operations_per_sample),
)
# What an operation cost beside time: the only fair way to set spinning beside blocking.
COST: tuple[Column, ...] = (
    median("CPU time of all peers, an operation", lambda row: row.cpu_ns_per_operation, units.time_scale),
    median("voluntary switches", lambda row: row.voluntary_switches_per_operation, units.plain_scale),
    median("involuntary switches", lambda row: row.involuntary_switches_per_operation, units.plain_scale),
    median("minor faults", lambda row: row.minor_faults_per_operation, units.plain_scale),
    median("major faults", lambda row: row.major_faults_per_operation, units.plain_scale),
    *(
        median(f"{name}{where}", lambda row, key=key: row.cost(key), units.plain_scale)
        for name in ("instructions", "cycles", "cache misses", "branch misses")
        for where, prefix in (("", ""), (", user space only", "user_"))
        if (key := f"{prefix}{name.replace(' ', '_')}_per_operation")
    ),
)
# What the case was held against, see floors.py.
FLOOR: tuple[Column, ...] = (
    spread("times the floor", lambda row: row.floor_ratio, units.plain_scale),
    ("floor", lambda cell: cell.floor or "–"),
)
CAPACITY: tuple[Column, ...] = (
    counted("capacity, messages", lambda row: row.capacity_messages),
    counted("capacity, bytes", lambda row: row.capacity_bytes),
)
