"""Cells become the panels, lanes and captions of a figure: what the sections have in common."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from ..cells import Cell, Value, at_placement, count_text, flags_note, placement_title, placements, styles
from .floors import Floors
from ..views import Axis, Drawing, Kind, Panel, Point, Series, Unit

Values = Sequence[tuple[str, Value]]

P50: Value = lambda row: row.latency_ns_p50
SAMPLES: Value = lambda row: row.samples
OPERATIONS: Value = lambda row: row.operations
PERCENTILES: Values = (
    ("p50", P50),
    ("p90", lambda row: row.latency_ns_p90),
    ("p99", lambda row: row.latency_ns_p99),
    ("p99.9", lambda row: row.latency_ns_p99_9),
)
# More lines than this cannot be told apart in one panel.
MOST_CURVES = 10
SPREAD = "Each mark is the median over processes, its bar the smallest and the largest process."


def dots(cells: Sequence[Cell], values: Values) -> tuple[Series, ...]:
    """A series a value, a point a cell; the categories keep the order of the cells."""
    return tuple(
        Series(title, index, tuple(
            Point(cell.marked_name, spread, case=cell.case.text) for cell in cells if (spread := cell.spread(value))
        ))
        for index, (title, value) in enumerate(values)
    )


def curves(
    cells: Sequence[Cell], at: str, value: Value, style: dict[str, int]
) -> tuple[Series, ...]:
    """A series a backend, a point a number of the parameter `at`."""
    found = []
    for name in sorted({cell.name for cell in cells}):
        points = [
            Point(float(x), spread, cell.flags, cell.case.text) for cell in cells
            if cell.name == name
            and (x := cell.case.number(at)) is not None
            and (spread := cell.spread(value))
        ]
        if points:
            found.append(Series(name, style[name], tuple(sorted(points, key=lambda p: p.at))))
    return tuple(found)


def by_value(cells: Sequence[Cell], value: Value, descending: bool = False) -> list[Cell]:
    sign = -1 if descending else 1
    return sorted(cells, key=lambda cell: (sign * (cell.median(value) or 0), cell.name))


def rows_drawing(
    cells: Sequence[Cell], values: Values, axis: Axis, floors: Floors, descending: bool = False
) -> Drawing:
    """A panel a placement, the best backend on top, each with its floor for the first of the values."""
    found = []
    for placement in placements(cells):
        own = by_value(at_placement(cells, placement), values[0][1], descending)
        found.append(Panel(placement_title(placement, own), dots(own, values),
                           floors=floors.marks(own, values[0][1])))
    return Drawing(Kind.DOTS, axis, Axis("", Unit.COUNT), tuple(found))


def curves_drawing(
    cells: Sequence[Cell], at: str, x: Axis, value: Value, y: Axis, floors: Floors
) -> Drawing:
    """A panel a placement, a line a backend, and a line a floor."""
    style, floor_style = styles(cells), floors.styles(cells)
    found = []
    for placement in placements(cells):
        own = at_placement(cells, placement)
        found.append(Panel(placement_title(placement, own), curves(own, at, value, style),
                           floors=floors.lines(own, at, value, floor_style)))
    return Drawing(Kind.CURVES, x, y, tuple(found))


def leading(
    cells: Sequence[Cell], value: Value, descending: bool = False
) -> tuple[list[Cell], tuple[str, ...]]:
    """The cells of the backends to draw as curves, and a note where that is not all of them.

    Kept are those that stay closest to the best one: by the median, over the cases a backend has,
    of its distance to the best backend of the same case. So a missing size is no advantage.
    """
    best: dict[object, float] = {}
    for cell in cells:
        found = cell.median(value) or 0.0
        if found > 0:
            known = best.setdefault(_condition(cell), found)
            best[_condition(cell)] = max(known, found) if descending else min(known, found)
    distances: dict[str, list[float]] = {}
    for cell in cells:
        found = cell.median(value) or 0.0
        if found > 0:
            ratio = found / best[_condition(cell)]
            distances.setdefault(cell.name, []).append(1 / ratio if descending else ratio)
    names = sorted(distances, key=lambda name: (median(distances[name]), name))
    if len(names) <= MOST_CURVES:
        return list(cells), ()
    note = (f"Drawn are the {MOST_CURVES} of {len(names)} backends that stay closest to the best "
            "one; the table has them all.")
    return [cell for cell in cells if cell.name in names[:MOST_CURVES]], (note,)


def _condition(cell: Cell) -> object:
    """What two cells must share to be compared."""
    return cell.case.placement, cell.case.parameters


def caption(unit: str, cells: Sequence[Cell], count: Value, thing: str, machine: str) -> str:
    """Unit, meaning of the marks, sample count, machine and what weakens the results: without these a chart says nothing."""
    return f"{unit} {SPREAD} {count_text(cells, count, thing)}. {machine}.{flags_note(cells)}"
