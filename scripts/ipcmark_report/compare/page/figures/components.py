"""Where the spread comes from: between processes, or between the windows of one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import fmean, median, variance

from ....model import Process, Run
from ....views import Table
from ...model import Comparison
from .. import percent
from ..marks import by_family
from ..views import Figure, Shares

MOST_FAMILIES = 20
# Of each family; more say the same.
MOST_CASES = 20

Components = tuple[float, float]


def components_figure(comparison: Comparison, prefix: str) -> Figure | None:
    families = {family: [cell.case.text for cell in cells[:MOST_CASES]]
                for family, cells in list(by_family(comparison.cells).items())[:MOST_FAMILIES]}
    wanted = {case for cases in families.values() for case in cases}
    sides = ((comparison.base_name, _by_case(comparison.base, wanted)), (comparison.new_name, _by_case(comparison.new, wanted)))
    rows: list[tuple[str, str, Components]] = []
    for family, cases in families.items():
        for name, found in sides:
            known = [c for case in cases if (c := components(found.get(case, ()))) is not None]
            if known:
                rows.append((family, name, (median(c[0] for c in known), median(c[1] for c in known))))
    if not rows:
        return None
    return Figure(
        f"{prefix}components", "Where the spread comes from", "Would more processes help, or longer ones?", _says(rows),
        Shares(("between processes", "between windows of a process"),
               tuple((f"{family}, {name}", _shares(parts)) for family, name, parts in rows),
               tuple(f"±{percent.size(math.expm1(math.sqrt(sum(parts))))}" for _, _, parts in rows)),
        "Shares of the variance of a window's typical time (of its logarithm), the median over the family's cases; at the end "
        "of each row the standard deviation of both together.",
        Table(("family", "side", "between processes", "between windows"), 2, tuple(
            (family, name, *(f"±{percent.size(math.expm1(math.sqrt(part)))}" for part in parts)) for family, name, parts in rows)))


def _by_case(run: Run, cases: set[str]) -> dict[str, list[Process]]:
    found: dict[str, list[Process]] = {}
    for process in run.processes:
        if process.case.text in cases:
            found.setdefault(process.case.text, []).append(process)
    return found


def components(processes: Iterable[Process]) -> Components | None:
    """Variances of the logarithm, between processes and within one; None with fewer than two of each."""
    logs = [[math.log(one.typical_ns) for one in process.repetitions if one.typical_ns > 0] for process in processes]
    logs = [values for values in logs if len(values) > 1]
    if len(logs) < 2:
        return None
    within = fmean(variance(values) for values in logs)
    windows = fmean(len(values) for values in logs)
    between = variance([fmean(values) for values in logs]) - within / windows
    return max(between, 0.0), within


def _shares(parts: Components) -> Components:
    whole = sum(parts)
    return (parts[0] / whole, parts[1] / whole) if whole > 0 else (0.0, 0.0)


def _says(rows: Sequence[tuple[str, str, Components]]) -> str:
    more = sum(between > within for _, _, (between, within) in rows)
    return (f"In {more} of {len(rows)} rows processes differ more than the windows of one: there more processes help, "
            "and longer ones do not." if more else
            "Windows of one process differ more than processes do: more windows a process help as well.")
