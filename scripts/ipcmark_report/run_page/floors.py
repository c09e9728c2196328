"""The limits of a run: which one each cell is held against, and how that is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..cells import HUGE_PAGES, Cell, Value, select
from ..model import Case
from ..views import Point, Series

MEASURE = "limits"


class Floors:
    """The limits that were measured, by case name."""

    def __init__(self, cells: Iterable[Cell]) -> None:
        self._limits = {cell.case.text: cell for cell in select(cells, MEASURE)}

    def of(self, cell: Cell) -> Cell | None:
        return self._limits.get(cell.floor) if cell.floor else None

    def note(self, cells: Iterable[Cell], rate: bool = False) -> tuple[str, ...]:
        """What the floor in a drawing of these cells is."""
        if not any(self.of(cell) for cell in cells):
            return ()
        side = "above, since these are rates" if rate else "below"
        return (f"The black stroke without marks is the floor, {side}: the limit of this machine that a "
                "backend is held against, measured in the same rounds; the table names it.",)

    def marks(self, cells: Sequence[Cell], value: Value) -> tuple[Series, ...]:
        """For rows: one series, a point a cell that has a floor."""
        points = tuple(
            Point(cell.marked_name, spread) for cell in cells
            if (limit := self.of(cell)) and (spread := limit.spread(value))
        )
        return (Series("floor", 0, points),) if points else ()

    def styles(self, cells: Iterable[Cell]) -> dict[str, int]:
        """One style a limit in all panels of a figure."""
        names = {title(limit.case) for cell in cells if (limit := self.of(cell))}
        return {name: index for index, name in enumerate(sorted(names))}

    def lines(
        self, cells: Sequence[Cell], at: str, value: Value, style: dict[str, int]
    ) -> tuple[Series, ...]:
        """For curves: a series a limit, over the numbers of the parameter `at`."""
        found: dict[str, dict[float, Point]] = {}
        for cell in cells:
            limit, x = self.of(cell), cell.case.number(at)
            spread = limit.spread(value) if limit else None
            if limit and spread and x is not None:
                found.setdefault(title(limit.case), {})[float(x)] = Point(float(x), spread)
        return tuple(
            Series(f"floor: {name}", style[name], tuple(points[x] for x in sorted(points)))
            for name, points in sorted(found.items())
        )


def title(case: Case) -> str:
    """A limit without its parameters, but for the kind of pages: `wake_up futex`."""
    huge = ", huge pages" if HUGE_PAGES in case.parameters else ""
    return f"{case.noun} {case.backend}{huge}"
