"""The section of measures `fork_cost` and `lifecycle`."""

from __future__ import annotations

from collections.abc import Sequence

from . import tables, units
from .cells import Cell, at_placement, nouns, placement_title, placements, select
from .floors import Floors
from .panels import P50, PERCENTILES, SAMPLES, by_value, caption, curves_drawing, dots, leading, rows_drawing
from .views import Axis, Drawing, Figure, Kind, Panel, Section, Unit


def fork_section(cells: Sequence[Cell], machine: str) -> Section:
    figures = [
        _fork_figure(select(cells, "fork_cost", noun), noun, Floors(cells), machine, f"fork-{index}")
        for index, noun in enumerate(nouns(select(cells, "fork_cost")))
    ]
    if lifecycle := select(cells, "lifecycle"):
        figures.append(_lifecycle_figure(lifecycle, machine))
    return Section(
        "fork",
        "Fork cost and object lifecycle",
        "Fork copies the parent's page tables, so its cost grows with the memory the parent touched; "
        "backends that share the parent's memory until they exec do not pay this.",
        tuple(figures),
        "This run has no fork cost and no lifecycle results.",
    )


def _fork_figure(cells: Sequence[Cell], noun: str, floors: Floors, machine: str, anchor: str) -> Figure:
    touched = tables.parameter("parent touched", "memory_mib", units.memory)
    drawing, notes = _fork_drawing(cells, floors)
    baseline = any(cell.case.backend == "thread" for cell in cells)
    return Figure(
        anchor,
        f"Fork cost: {noun}",
        "What does it cost to start one child and reap it, and how does that grow with the parent's memory?",
        drawing,
        caption("Nanoseconds a child, started and reaped.", cells, SAMPLES, "samples", machine),
        tables.table(cells, (tables.BACKEND, tables.PLACEMENT, touched),
                     (*tables.PERCENTILES, *tables.FLOOR, *tables.COST, tables.PROCESSES, tables.CPUS)),
        (*floors.note(cells), *notes, *(("A thread is a baseline, not a process: it shares everything.",) if baseline else ())),
    )


def _fork_drawing(cells: Sequence[Cell], floors: Floors) -> tuple[Drawing, tuple[str, ...]]:
    if len({cell.case.number("memory_mib") for cell in cells}) == 1:
        return rows_drawing(cells, PERCENTILES, Axis("start and reap (log)", Unit.TIME), floors), ()
    drawn, note = leading(cells, P50)
    touched = Axis("memory the parent touched", Unit.MEBIBYTES)
    cost = Axis("start and reap, p50 (log)", Unit.TIME)
    return curves_drawing(drawn, "memory_mib", touched, P50, cost, floors), note


def _lifecycle_figure(cells: Sequence[Cell], machine: str) -> Figure:
    """A panel a noun and placement: all objects on one axis."""
    panels = []
    for noun in nouns(cells):
        of_noun = select(cells, "lifecycle", noun)
        for placement in placements(of_noun):
            own = by_value(at_placement(of_noun, placement), P50)
            title = f"{noun}, {placement_title(placement, own)}"
            panels.append(Panel(title, dots(own, (PERCENTILES[0], PERCENTILES[2]))))
    axis = Axis("create and destroy (log)", Unit.TIME)
    return Figure(
        "lifecycle",
        "Object lifecycle: create and destroy",
        "What does an object cost before it has carried anything?",
        Drawing(Kind.DOTS, axis, Axis("", Unit.COUNT), tuple(panels)),
        caption("Nanoseconds an object, created and destroyed.", cells, SAMPLES, "samples", machine),
        tables.table(cells, (tables.NOUN, tables.BACKEND, tables.PLACEMENT),
                     (*tables.PERCENTILES, *tables.COST, tables.PROCESSES, tables.CPUS)),
    )
