"""The figures of a process that results are compared by, and which processes may be compared at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median

from .model import Case, Row, Run
from .stats import Spread, spread_over_processes

# As load.py: less than this is no time.
LEAST = 1e-9


def _first(*values: float | None) -> float | None:
    return next((value for value in values if value is not None), None)


# ns an operation. Processes without repetitions have only what they took over all their samples.
ESTIMATORS: dict[str, Callable[[Row], float | None]] = {
    "quiet": lambda row: row.quiet_ns,
    "typical": lambda row: _first(row.typical_ns, row.latency_ns_p50, row.time_ns),
    "tail": lambda row: _first(row.tail_ns, row.latency_ns_p99),
}


@dataclass(frozen=True)
class Estimate:
    """One figure of one case: (round, ns an operation) of each process, rounds rising."""

    case: Case
    estimator: str
    values: tuple[tuple[int, float], ...]
    spread: Spread


@dataclass(frozen=True)
class Selection:
    """Rows of a run, the figures of those that may be compared, and how much was left out and why."""

    rows: tuple[Row, ...]
    estimates: tuple[Estimate, ...]
    left_out: tuple[tuple[str, int], ...]

    def without(self, estimates: Iterable[Estimate], why: str) -> Selection:
        """The rest, and that these were left out."""
        gone = set(map(id, estimates))
        if not gone:
            return self
        kept = tuple(estimate for estimate in self.estimates if id(estimate) not in gone)
        return Selection(self.rows, kept, (*self.left_out, (why, len(gone))))

    @property
    def says(self) -> str:
        """What was left out, in one line; empty where nothing was."""
        return ", ".join(f"{count} {why}" for why, count in self.left_out)


def select(run: Run, wanted: Callable[[str], bool] = lambda name: True, everything: bool = False) -> Selection:
    """What of the run may be compared, or `everything` that did not fail, of the cases whose name is wanted."""
    refused = failure if everything else refusal
    rows = [row for row in run.rows if wanted(row.case.text)]
    kept = tuple(row for row in rows if refused(row) is None)
    reasons = Counter(why for row in rows if (why := refused(row)) is not None)
    seen = {row.case.text for row in rows}
    if missing := sum(wanted(name) and name not in seen for name in set(run.info.cases)):
        reasons["planned cases without a result"] = missing
    return Selection(kept, estimates_of(kept), tuple(sorted(reasons.items())))


def failure(row: Row) -> str | None:
    return "processes that failed" if row.error is not None else None


def refusal(row: Row) -> str | None:
    """Why a process must not be compared, None where it may."""
    if row.error is not None:
        return failure(row)
    if row.comparable == 0:
        return "processes that are not comparable"
    if row.saturated:
        return "saturated processes"
    return None


def estimates_of(rows: Iterable[Row]) -> tuple[Estimate, ...]:
    """Each figure of each case, in the order of the rows."""
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row.case.text, []).append(row)
    found = []
    for group in grouped.values():
        for name in ESTIMATORS:
            values = _per_process(group, name)
            if spread := spread_over_processes(values):
                found.append(Estimate(group[0].case, name, values, spread))
    return tuple(found)


def _per_process(rows: Iterable[Row], estimator: str) -> tuple[tuple[int, float], ...]:
    by_round: dict[int, list[float]] = {}
    for row in rows:
        value = ESTIMATORS[estimator](row)
        if value is not None and value >= LEAST:
            by_round.setdefault(row.round, []).append(value)
    return tuple((number, median(values)) for number, values in sorted(by_round.items()))
