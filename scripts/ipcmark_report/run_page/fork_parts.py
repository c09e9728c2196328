"""The figure of the parts of starting and reaping a child."""

from __future__ import annotations

from collections.abc import Sequence

from .. import tables, units
from ..cells import Cell, at_placement, placement_title, placements, starts_over
from .panels import P50, SAMPLES, Values, caption, dots
from ..views import Axis, Drawing, Figure, Kind, Panel, Unit

# They follow one another along the child and add up to the whole.
_PARTS: Values = (
    ("to its first instruction", lambda row: row.part_first_instruction_ns_p50),
    ("to its last one", lambda row: row.part_exit_ns_p50),
    ("until it is reaped", lambda row: row.part_reap_ns_p50),
)
# Beside them, in the parent.
_RETURN: Values = (("the parent goes on", lambda row: row.part_return_ns_p50),)
_LEAST: tuple[tables.Column, ...] = (
    tables.spread("first instruction, p10", lambda row: row.part_first_instruction_ns_p10, units.time_scale),
    tables.spread("last instruction, p10", lambda row: row.part_exit_ns_p10, units.time_scale),
    tables.spread("reaped, p10", lambda row: row.part_reap_ns_p10, units.time_scale),
    tables.spread("return, p10", lambda row: row.part_return_ns_p10, units.time_scale),
)


def parts_figure(starts: Sequence[Cell], machine: str) -> Figure | None:
    own = starts_over(starts, "parts")
    if not own:
        return None
    panels = []
    for placement in placements(own):
        here = at_placement(own, placement)
        for mib in sorted({cell.case.number("memory_mib") or 0 for cell in here}):
            rows = [cell for cell in here if cell.case.number("memory_mib") == mib]
            title = f"{units.memory(mib)} touched, {placement_title(placement, rows)}"
            panels.append(Panel(title, dots(rows, _PARTS), marks=dots(rows, _RETURN)))
    parts = tuple(tables.spread(f"{title}, p50", value, units.time_scale) for title, value in (*_PARTS, *_RETURN))
    return Figure(
        "fork-parts",
        "The parts of starting and reaping a child",
        "Where does the time go between the call that makes a child and the status that the parent gets?",
        Drawing(Kind.BARS, Axis("from the call", Unit.TIME), Axis("", Unit.COUNT), tuple(panels)),
        caption("Nanoseconds a part (p50), end to end from the call on.", own, SAMPLES, "samples", machine),
        tables.table(
            own,
            (tables.BACKEND, tables.PLACEMENT, tables.parameter("parent touched", "memory_mib", units.memory)),
            (*parts, tables.spread("whole, p50", P50, units.time_scale), *_LEAST, tables.PROCESSES, tables.CPUS),
        ),
        ("The parts of one child add up to its whole exactly; their medians, as drawn, do so nearly. Each panel has its own "
         "scale.",
         "A thread is a baseline. A vfork's parent goes on only when its child has left."),
        _largest(own),
    )


def _largest(cells: Sequence[Cell]) -> str:
    """Of which part the whole is mostly made, by the case that takes longest."""
    cell = max(cells, key=lambda c: (c.median(P50) or 0, c.case.text))
    parts = [(value, title) for title, read in _PARTS if (value := cell.median(read))]
    if not parts:
        return ""
    value, title = max(parts)
    whole = sum(part for part, _ in parts)
    memory = units.memory(cell.case.number("memory_mib") or 0)
    return (f"Longest is {cell.name} with {memory} touched, {units.time(whole)}; {100 * value / whole:.0f} % of it goes by {title}.")
