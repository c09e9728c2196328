"""Where the spread comes from: between processes, or between the windows of one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from ....model import Run
from ....variance import Components, Window, components
from ....views import Table
from ...model import Comparison
from .. import percent
from ..marks import by_family
from ..views import Figure, Shares

MOST_FAMILIES = 20
# Of each family; more say the same.
MOST_CASES = 20

_PARTS = ("between processes", "between windows of a process", "within windows")
_HELP = ("more processes", "more windows a process", "longer windows")


@dataclass(frozen=True)
class _Row:
    """`process` and `whole` are standard deviations of the logarithm."""

    family: str
    side: str
    shares: tuple[float, ...]
    process: float
    whole: float


def components_figure(comparison: Comparison, prefix: str) -> Figure | None:
    families = {family: [cell.case.text for cell in cells[:MOST_CASES]]
                for family, cells in list(by_family(comparison.cells).items())[:MOST_FAMILIES]}
    wanted = {case for cases in families.values() for case in cases}
    sides = ((comparison.base_name, _by_case(comparison.base, wanted)), (comparison.new_name, _by_case(comparison.new, wanted)))
    rows: list[_Row] = []
    for family, cases in families.items():
        for name, found in sides:
            known = [parts for case in cases if (parts := components(found.get(case, ()))) is not None]
            if known:
                shares = tuple(median(parts.shares()[index] for parts in known) for index in range(len(_PARTS)))
                rows.append(_Row(family, name, tuple(share / (sum(shares) or 1) for share in shares),
                                 median(math.sqrt(parts.process) for parts in known), median(_sd(parts) for parts in known)))
    if not rows:
        return None
    return Figure(
        f"{prefix}components", "Where the spread comes from", "Would more processes help, or longer ones?", _says(rows),
        Shares(_PARTS, tuple((f"{row.family}, {row.side}", row.shares) for row in rows),
               tuple(f"±{percent.size(math.expm1(row.whole))}" for row in rows)),
        "Shares of the variance of a process's typical time (of its logarithm), the median over the family's cases; at the end "
        "of each row the standard deviation of one process.",
        Table(("family", "side", *_PARTS, "sd between processes alone", "sd of a process"), 2, tuple(
            (row.family, row.side, *(f"{100 * share:.0f} %" for share in row.shares),
             *(f"±{percent.size(math.expm1(sd))}" for sd in (row.process, row.whole))) for row in rows)))


def _by_case(run: Run, cases: set[str]) -> dict[str, list[list[Window]]]:
    found: dict[str, list[list[Window]]] = {}
    for process in run.processes:
        if process.case.text in cases:
            found.setdefault(process.case.text, []).append(
                [Window(one.typical_ns, one.operations, one.p10_ns, one.p90_ns) for one in process.repetitions])
    return found


def _sd(parts: Components) -> float:
    return math.sqrt(parts.process + (parts.repetition + parts.within) / parts.repetitions)


def _says(rows: Sequence[_Row]) -> str:
    most = [max(range(len(_PARTS)), key=lambda index: row.shares[index]) for row in rows]
    texts = [f"{_HELP[index]} would help most in {most.count(index)}" for index in range(len(_PARTS)) if index in most]
    return f"Of {len(rows)} {'row' if len(rows) == 1 else 'rows'} {', '.join(texts)}."
