"""The map of changes: one column a run, one row a case, or a family where there are many."""

from __future__ import annotations

from collections.abc import Sequence

from ....views import Table
from ...model import Cell, Comparison
from .. import percent
from ..marks import Mark, by_family, by_weight, drawable, is_confounded, mark, short_name
from ..views import ChangeMap, Field, Figure, MapGroup

# More rows than this are folded into families.
MOST_ROWS = 40
MOST_FAMILIES = 60
# Details of families: so many maps of so many rows.
MOST_DETAILS = 24
_QUESTION = "What changed at a glance?"
_CAPTION = (
    "Time an operation, new over base: blue is faster, orange slower, the stronger the farther. Dot: a change by every rule; "
    "hatched: the sides differ in more than what is compared; ring: equivalent, the whole interval within the threshold; "
    "grey: inconclusive, neither change nor no change was shown; an empty field: not compared."
)

Columns = Sequence[Comparison]


def map_figures(columns: Columns) -> list[Figure]:
    """One map of all cases, or one of families and one more for each family."""
    families = _families(columns)
    if not families:
        return []
    if sum(len(rows) for rows in families.values()) <= MOST_ROWS:
        groups = tuple(MapGroup(family, _rows(rows)) for family, rows in families.items())
        return [_figure("map", "Changes by case", columns, groups, "", ())]
    return [_overview(columns, families), *_details(columns, families)]


Row = tuple[str, tuple[Cell | None, ...]]
Families = dict[str, list[Row]]


def _families(columns: Columns) -> Families:
    """Of each family its cases, with the cell of each run."""
    cells = [{cell.case.text: cell for cell in one.cells} for one in columns]
    found: Families = {}
    for case in dict.fromkeys(text for column in cells for text in column):
        own = tuple(column.get(case) for column in cells)
        first = next(cell for cell in own if cell is not None)
        found.setdefault(first.family, []).append((short_name(first), own))
    return found


def _rows(rows: Sequence[Row]) -> tuple[tuple[str, tuple[Field | None, ...]], ...]:
    return tuple((name, tuple(_field(cell) for cell in cells)) for name, cells in rows)


def _field(cell: Cell | None) -> Field | None:
    if cell is None or cell.judged.ratio is None or not drawable(cell.judged.ratio):
        return None
    return Field(cell.judged.ratio, mark(cell), is_confounded(cell))


def _worst(rows: Sequence[Row], column: int) -> Cell | None:
    cells = [cells[column] for _, cells in rows]
    return next(iter(by_weight(cell for cell in cells if cell is not None)), None)


def _overview(columns: Columns, families: Families) -> Figure:
    ranked = sorted(families.items(), key=lambda item: -_weight(item[1], len(columns)))[:MOST_FAMILIES]
    kept = {family for family, _ in ranked}
    rows = [(f"{family} ({len(own)})", tuple(_worst(own, index) for index in range(len(columns))))
            for family, own in families.items() if family in kept]
    left = len(families) - len(rows)
    note = (f"Drawn are {len(rows)} of {len(families)} families, those with the farthest cells.",) if left else ()
    return _figure("map", "Changes by family", columns, (MapGroup("family (cases)", _rows(rows)),),
                   " Each field is the cell of its family that matters most: starred before others, then the farthest.", note)


def _weight(rows: Sequence[Row], columns: int) -> float:
    worst = [_worst(rows, index) for index in range(columns)]
    return max((abs((cell.judged.ratio or 1) - 1) + 10 * (mark(cell) is Mark.STARRED) for cell in worst if cell), default=0)


def _details(columns: Columns, families: Families) -> list[Figure]:
    """Only beside other runs: one run's families have their own figures, with intervals."""
    if len(columns) < 2:
        return []
    ranked = sorted(families.items(), key=lambda item: -_weight(item[1], len(columns)))[:MOST_DETAILS]
    figures = []
    for index, (family, rows) in enumerate(ranked):
        order = {cell.case.text: at for at, cell in enumerate(by_weight(c for _, cells in rows for c in cells if c))}
        first = sorted(rows, key=lambda row: min(order[cell.case.text] for cell in row[1] if cell))[:MOST_ROWS]
        left = len(rows) - len(first)
        note = (f"Drawn are {len(first)} of {len(rows)} cases, those that matter most; the table of all cases has all.",)
        figures.append(_figure(f"map-{index}", f"Changes in {family}", columns,
                               (MapGroup(family, _rows(first)),), "", note if left else ()))
    return figures


def _figure(anchor: str, title: str, columns: Columns, groups: tuple[MapGroup, ...], more: str,
            notes: tuple[str, ...]) -> Figure:
    names = tuple(one.new_name for one in columns)
    rows = tuple(
        (group.title, name, *(_text(field) for field in fields)) for group in groups for name, fields in group.rows
    )
    return Figure(
        anchor, title, _QUESTION, _says(columns), ChangeMap(names, groups), _CAPTION + more,
        Table(("family", "case", *names), 2, rows), notes)


def _text(field: Field | None) -> str:
    if field is None:
        return percent.MISSING
    return f"{percent.change(field.ratio)} {field.mark.value}" + (", confounded" if field.confounded else "")


def _says(columns: Columns) -> str:
    if len(columns) == 1:
        return _counts(columns[0])
    most = max(columns, key=lambda one: sum(cell.judged.starred for cell in one.cells))
    changed = sum(any(cell.judged.starred for cell in one.cells) for one in columns)
    return f"{changed or 'None'} of {len(columns)} runs {'have' if changed > 1 else 'has'} starred cells." + (
        f" The most are in {most.new_name}: {_counts(most)}" if changed else "")


def _counts(comparison: Comparison) -> str:
    marks = [mark(cell) for cell in comparison.cells]
    slower = sum(cell.judged.starred and (cell.judged.ratio or 0) > 1 for cell in comparison.cells)
    starred, hatched = marks.count(Mark.STARRED), sum(map(is_confounded, comparison.cells))
    families = len({cell.family for cell in comparison.cells if mark(cell) is Mark.STARRED})
    where = f" in {families} of {len(by_family(comparison.cells))} families" if starred else ""
    return (f"{slower} slower, {starred - slower} faster{where}, {marks.count(Mark.EQUIVALENT)} equivalent, "
            f"{marks.count(Mark.INCONCLUSIVE)} inconclusive" + (f"; of what was shown {hatched} confounded." if hatched else "."))
