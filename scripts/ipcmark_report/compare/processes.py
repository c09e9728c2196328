"""One value a process: what a run says of each case, as comparisons need it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from math import log
from statistics import median

from ..judging import ESTIMATORS
from ..model import Case, Process, Row, Run

# Times below this are nothing.
LEAST_NS = 1e-9


@dataclass(frozen=True)
class Unit:
    """One process of a case. `logs` holds the logarithm of its time by estimator, for those it has; `line_ns` is the
    probe of its CPUs' distance before it, 0 where none was taken; `switches` are involuntary ones an operation.
    `boot` counts the runs of its side from 0."""

    round: int
    logs: Mapping[str, float]
    line_ns: float
    switches: float
    voluntary: float
    boot: int = 0


@dataclass(frozen=True)
class Side:
    """One case on one side. `units` are the processes that gave a time and compare, `rounds` (with the boot) all
    that were measured; `error` is what the first that failed said."""

    case: Case
    units: tuple[Unit, ...]
    rounds: frozenset[tuple[int, int]]
    error: str | None


def anchor_floor(runs: Iterable[Run]) -> float | None:
    """The quickest look at the anchor: the machine as fast as it was seen."""
    return min((look.median_ns for run in runs for process in run.processes for look in process.anchors), default=None)


def sides_of(runs: Iterable[Run], slope: Callable[[str], float | None], floor_ns: float) -> dict[str, Side]:
    """By case, the processes of all runs of one side; `slope` is that of the anchor, by family, `floor_ns` the
    quickest look at it on either side."""
    found: dict[str, Side] = {}
    for boot, run in enumerate(runs):
        records = {(one.case.text, one.round): one for one in run.processes}
        groups: dict[str, list[Row]] = {}
        for row in run.rows:
            groups.setdefault(row.case.text, []).append(row)
        for name, rows in groups.items():
            own = _side(rows, records, slope(family_of(rows[0].case)), floor_ns, boot)
            found[name] = _joined(found[name], own) if name in found else own
    return found


def family_of(case: Case) -> str:
    return f"{case.measure}/{case.noun}/{case.placement}"


def _side(rows: list[Row], records: Mapping[tuple[str, int], Process], slope: float | None, floor_ns: float,
          boot: int) -> Side:
    units: dict[int, Unit] = {}
    for row in rows:
        logs = _logs(row, records.get((row.case.text, row.round)), slope, floor_ns) if row.error is None else {}
        if logs and row.comparable != 0:
            units[row.round] = _unit(row, records.get((row.case.text, row.round)), logs, boot)
    return Side(rows[0].case, tuple(units[number] for number in sorted(units)),
                frozenset((boot, row.round) for row in rows),
                next((row.error for row in rows if row.error is not None), None))


def _joined(first: Side, second: Side) -> Side:
    return replace(first, units=first.units + second.units, rounds=first.rounds | second.rounds,
                   error=first.error or second.error)


def _logs(row: Row, process: Process | None, slope: float | None, floor_ns: float) -> dict[str, float]:
    # Before there were repetitions a process had but one window.
    times = {"quiet": row.quiet_ns, "tail": row.tail_ns,
             "typical": row.typical_ns if row.typical_ns is not None else row.time_ns}
    logs = {name: log(ns) for name in ESTIMATORS if (ns := times.get(name)) is not None and ns > LEAST_NS}
    if process is not None and slope is not None and (adjusted := log_adjusted(process, slope, floor_ns)) is not None:
        logs["adjusted"] = adjusted
    return logs


def log_adjusted(process: Process, slope: float, floor_ns: float) -> float | None:
    """The typical time as it would be with the anchors around each repetition at their floor."""
    times = [log(one.typical_ns) for one in process.repetitions if one.typical_ns > LEAST_NS]
    if not times or len(times) != len(process.repetitions):
        return None
    if not process.anchors or slope == 0:
        return median(times)
    looks, floor = _looks(process), log(floor_ns)
    return median(time - slope * ((before + after) / 2 - floor) for time, before, after in zip(times, looks, looks[1:]))


def _looks(process: Process) -> list[float]:
    """Logarithms of the anchors: the first, then the one after each repetition; a window in which nothing ended
    has no repetition, but a look before and after it."""
    logs = [log(one.median_ns) for one in process.anchors]
    if len(logs) == len(process.repetitions) + 1:
        return logs
    starts = {one.at_ns: index for index, one in enumerate(process.anchors[:-1])}
    return [logs[0], *(logs[starts.get(one.started_at_ns, index) + 1] for index, one in enumerate(process.repetitions))]


def _unit(row: Row, process: Process | None, logs: dict[str, float], boot: int) -> Unit:
    involuntary, voluntary = row.involuntary_switches_per_operation, row.voluntary_switches_per_operation
    if process is not None and (operations := sum(one.operations for one in process.repetitions)):
        involuntary = sum(one.involuntary_switches * one.operations for one in process.repetitions) / operations
    return Unit(row.round, logs, row.line_ns_before or 0.0, involuntary or 0.0, voluntary or 0.0, boot)
