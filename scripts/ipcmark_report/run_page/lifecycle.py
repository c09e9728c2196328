"""The figure of measure `lifecycle`: create, attach and destroy an object of each kind."""

from __future__ import annotations

from collections.abc import Sequence

from .. import tables, units
from ..cells import Cell, at_placement, nouns, placement_title, placements, select
from .panels import P50, SAMPLES, by_value, caption
from ..views import Axis, Drawing, Figure, Kind, Panel, Point, Series, Unit

# A run from before there were phases has the whole alone, without a name.
_WHOLE = "whole"
_PHASES = {
    _WHOLE: "create and destroy",
    "create": "create",
    "attach": "first use by a second process",
    "destroy": "destroy",
}


def lifecycle_figure(cells: Sequence[Cell], machine: str) -> Figure | None:
    """A panel a noun and placement: all objects on one axis, a mark a phase."""
    if not cells:
        return None
    panels = []
    for noun in nouns(cells):
        of_noun = select(cells, "lifecycle", noun)
        for placement in placements(of_noun):
            own = at_placement(of_noun, placement)
            panels.append(Panel(f"{noun}, {placement_title(placement, own)}", _series(own)))
    several = {_phase(cell) for cell in cells} - {_WHOLE}
    return Figure(
        "lifecycle",
        "Object lifecycle: create, use from a second process, destroy",
        "What does an object cost before it has carried anything, and until another process has it?",
        Drawing(Kind.DOTS, Axis("an object (log)", Unit.TIME), Axis("", Unit.COUNT), tuple(panels)),
        caption("Nanoseconds an object (p50).", cells, SAMPLES, "samples", machine),
        tables.table(
            cells,
            (tables.NOUN, tables.BACKEND, ("phase", lambda cell: _PHASES.get(_phase(cell), _phase(cell))), tables.PLACEMENT),
            (*tables.PERCENTILES, *tables.COST, tables.PROCESSES, tables.CPUS),
        ),
        (("The second process is a fork that inherited the object, and its own clock tells: faults on pages that it shares "
          "with its parent are most of it. For a pool it is the first task, there and back.",) if several else ()),
        _says(cells),
    )


def _says(cells: Sequence[Cell]) -> str:
    """The cheapest and the dearest object of all, by the first phase that the run has."""
    for phase, title in _PHASES.items():
        own = by_value([cell for cell in cells if _phase(cell) == phase and cell.median(P50)], P50)
        if own:
            first, last = own[0], own[-1]
            text = f"To {title}, {first.case.noun} {first.name} is cheapest ({units.time(first.median(P50) or 0)})"
            return text + (f" and {last.case.noun} {last.name} dearest ({units.time(last.median(P50) or 0)})." if len(own) > 1 else ".")
    return ""


def _phase(cell: Cell) -> str:
    return cell.case.parameter("phase") or _WHOLE


def _series(cells: Sequence[Cell]) -> tuple[Series, ...]:
    """A series a phase, the rows in the order of the first phase that they have."""
    found = []
    for style, (phase, title) in enumerate(_PHASES.items()):
        own = by_value([cell for cell in cells if _phase(cell) == phase], P50)
        points = tuple(Point(cell.name, spread, case=cell.case.text) for cell in own if (spread := cell.spread(P50)))
        if points:
            found.append(Series(title, style, points))
    return tuple(found)
