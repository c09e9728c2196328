"""The section of measure `contention`: rate and fairness against the number of processes."""

from __future__ import annotations

from collections.abc import Sequence

from .. import tables, units
from ..cells import Cell, Value, at_placement, placement_title, placements, select, styles
from .fairness import fairness_figure
from ..model import Case, Process
from .panels import OPERATIONS, by_value, caption, curves, dots, leading
from .rankings import ranking
from .scalability import Fits, columns, fits_of, lines, says
from ..views import Axis, Drawing, Figure, Kind, Lane, Panel, Section, Table, Unit

_ALL_PEERS: Value = lambda row: row.operations_per_second
_JAIN: tuple[str, Value] = ("Jain", lambda row: row.jain_index)
_WORST: tuple[str, Value] = ("worst", lambda row: row.worst_share)
# Of runs that did not record the worst share.
_LEAST: tuple[str, Value] = ("min/max", lambda row: row.min_max_share)
_RATE = Axis("all peers, a second (log)", Unit.OPERATIONS_PER_SECOND)


def contention_section(cells: Sequence[Cell], processes: Sequence[Process], machine: str) -> Section:
    """A figure for each noun, operation and length of the critical section, and one of its fairness."""
    groups: dict[tuple[str, str | None, int | None], list[Cell]] = {}
    for cell in select(cells, "contention"):
        key = (cell.case.noun, cell.case.parameter("operation"), cell.case.number("hold_ns"))
        groups.setdefault(key, []).append(cell)
    by_case: dict[str, list[Process]] = {}
    for process in processes:
        by_case.setdefault(process.case.text, []).append(process)
    figures: list[Figure] = []
    for index, group in enumerate(groups.values()):
        shares = fairness_figure(group, by_case, _what(group[0].case), machine, f"fairness-{index}")
        figures += [_figure(group, machine, f"contention-{index}"), *([shares] if shares else [])]
    missing = "No shares of single peers: this run did not record them, or every case has one process."
    return Section(
        "contention",
        "Contention against process count",
        "N processes use one object at once. The rate is that of all peers together; the lanes say "
        "whether they shared it: Jain's index is 1 when all got the same and 1/N when one took all, "
        "the worst share is the smallest peer's count over the mean of all. A fast lock that starves a peer shows here.",
        tuple(figures),
        "This run has no contention results.",
        missing=(missing,) if groups and not any(one.anchor.startswith("fairness") for one in figures) else (),
    )


def _what(case: Case) -> str:
    operation, hold = case.parameter("operation"), case.number("hold_ns")
    return case.noun + (f" {operation}" if operation else "") + (f", {units.time(hold)} inside" if hold else "")


def _figure(cells: Sequence[Cell], machine: str, anchor: str) -> Figure:
    case = cells[0].case
    counts = {cell.case.number("processes") for cell in cells}
    peers = f", {case.number('processes')} process{'es' if case.number('processes') != 1 else ''}" if len(counts) == 1 else ""
    drawn, note = leading(cells, _ALL_PEERS, descending=True)
    fits = fits_of(cells, _ALL_PEERS)
    single = "This run measured one process count; the `default` preset measures the curve."
    law = ("Dashes: the universal scalability law, rate(1) · N / (1 + σ(N−1) + κN(N−1)), fitted to each backend; at N* its rate is "
           "highest.",) if fits else ()
    return Figure(
        anchor,
        f"Contention: {_what(case)}{peers}",
        "How does the rate change as more processes use one object, and do they get equal shares?",
        _rows(cells) if peers else _curves(drawn, fits),
        caption("Operations a second of all peers together; fairness from 0 to 1.",
                cells, OPERATIONS, "operations", machine),
        _table(cells, fits),
        (single,) if peers else (*law, *note),
        ranking(cells, _ALL_PEERS, lambda value: units.amount(value, units.rate_scale("operations")), descending=True)
        if peers else says(cells, _ALL_PEERS, fits),
    )


def _fairness(cells: Sequence[Cell]) -> tuple[tuple[str, Value], ...]:
    told = any(cell.median(_WORST[1]) is not None for cell in cells)
    return _JAIN, _WORST if told else _LEAST


def _rows(cells: Sequence[Cell]) -> Drawing:
    panels = []
    for placement in placements(cells):
        own = by_value(at_placement(cells, placement), _ALL_PEERS, descending=True)
        lanes = tuple(Lane(name, dots(own, ((name, value),))) for name, value in _fairness(cells))
        panels.append(Panel(placement_title(placement, own), dots(own, (("all peers", _ALL_PEERS),)), lanes))
    return Drawing(Kind.DOTS, _RATE, Axis("", Unit.COUNT), tuple(panels))


def _curves(cells: Sequence[Cell], fits: Fits) -> Drawing:
    style, fairness = styles(cells), _fairness(cells)
    panels = []
    for placement in placements(cells):
        own = at_placement(cells, placement)
        rates, *shares = (
            curves(own, "processes", value, style)
            for value in (_ALL_PEERS, *(value for _, value in fairness))
        )
        lanes = tuple(Lane(name, share) for (name, _), share in zip(fairness, shares))
        panels.append(Panel(placement_title(placement, own), rates, lanes,
                            fits=lines(own, fits, style)))
    return Drawing(Kind.CURVES, Axis("processes", Unit.COUNT), _RATE, tuple(panels))


def _table(cells: Sequence[Cell], fits: Fits) -> Table:
    return tables.table(
        cells,
        (tables.BACKEND, tables.PLACEMENT, tables.parameter("processes", "processes", str)),
        (
            tables.spread("all peers", _ALL_PEERS, units.rate_scale("operations")),
            *columns(fits),
            *tables.ESTIMATORS,
            tables.spread("Jain's index", lambda row: row.jain_index, units.plain_scale),
            tables.spread("worst share", lambda row: row.worst_share, units.plain_scale),
            tables.spread("min/max share", lambda row: row.min_max_share, units.plain_scale),
            tables.counted("operations timed", OPERATIONS),
            *tables.COST, tables.PROCESSES, tables.CPUS,
        ),
    )
