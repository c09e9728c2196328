"""Figures of what else a child's cost depends on: mappings, copied pages, zombies, the way to reap it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .. import tables, units
from ..cells import Cell, Value, starts_over
from .floors import Floors
from .panels import P50, PERCENTILES, SAMPLES, by_value, caption, curves_drawing, rows_drawing
from .rankings import ranking
from ..views import Axis, Figure, Unit

# The starters whose own way it is to leave no zombie.
_OTHER_WAYS = ("double_fork", "fork_sigchld_ignored")


@dataclass(frozen=True)
class _Over:
    """A curve over one parameter of the cases; `whole` says that its values can be held against a floor."""

    key: str
    title: str
    question: str
    axis: str
    value: Value
    what: str
    unit: str
    columns: tuple[tables.Column, ...] = ()
    notes: tuple[str, ...] = ()
    whole: bool = True


_START = "start and reap, p50 (log)"
_CHILDREN = "Nanoseconds a child, started and reaped (p50)."
_FIGURES = (
    _Over(
        "mappings", "Fork cost against the number of mappings",
        "What does each mapping of the parent add, at the same touched memory?",
        "mappings that the memory lies in", P50, _START, _CHILDREN,
        notes=("Neighbouring mappings differ in protection, so that the kernel cannot merge them; the memory is the same, "
               "in base pages.",),
    ),
    _Over(
        "touched_pages", "Copy-on-write: the price of a page",
        "What does a child pay for each page that it writes to and shares with its parent?",
        "pages that the child writes to", lambda row: row.cow_ns_per_page, "a page, p50 (log)",
        "Nanoseconds a base page, on the child's clock: its writes over their number (p50).",
        columns=(
            tables.spread("a page, p50", lambda row: row.cow_ns_per_page, units.time_scale),
            tables.spread("a page, p10", lambda row: row.cow_ns_per_page_p10, units.time_scale),
            tables.spread("faults a page", lambda row: row.cow_faults_per_page, units.plain_scale),
        ),
        notes=("The first write to a huge page splits it for the child, which then copies base pages; so one page of a huge "
               "page is dear and further ones are not.",),
        whole=False,
    ),
    _Over(
        "zombies", "Fork cost beside zombies",
        "Does a child cost more while others have ended and wait to be reaped?",
        "zombies of the same parent", P50, _START, _CHILDREN,
        notes=("reap:waitpid asks for the child just started; reap:wait waits until that one is a zombie too, and takes "
               "the one that has waited longest.",),
    ),
)


def axis_figures(starts: Sequence[Cell], floors: Floors, machine: str) -> list[Figure]:
    return [
        _over(over, own, floors if over.whole else Floors(()), machine)
        for over in _FIGURES if (own := starts_over(starts, over.key))
    ]


def _over(over: _Over, cells: Sequence[Cell], floors: Floors, machine: str) -> Figure:
    memory = units.memory(cells[0].case.number("memory_mib") or 0)
    drawn = [cell for cell in cells if cell.median(over.value) is not None]
    return Figure(
        f"fork-{over.key}",
        f"{over.title}, {memory} touched",
        over.question,
        curves_drawing(drawn, over.key, Axis(over.axis, Unit.COUNT), over.value, Axis(over.what, Unit.TIME), floors),
        caption(over.unit, cells, SAMPLES, "samples", machine),
        tables.table(cells, (tables.BACKEND, tables.PLACEMENT, tables.parameter(over.key.replace("_", " "), over.key, str)),
                     (*over.columns, *tables.PERCENTILES, *tables.FLOOR, *tables.COST, tables.PROCESSES, tables.CPUS)),
        (*floors.note(drawn), *over.notes),
        _growth(over, drawn),
    )


def _growth(over: _Over, cells: Sequence[Cell]) -> str:
    """Who grows most from the fewest to the most of it, and who least."""
    ends: dict[str, list[tuple[int, float]]] = {}
    for cell in cells:
        at, found = cell.case.number(over.key), cell.median(over.value)
        if at is not None and found:
            ends.setdefault(f"{cell.name} at {cell.case.placement}", []).append((at, found))
    grown = sorted((max(own)[1] / min(own)[1], name, min(own), max(own)) for name, own in ends.items() if len(own) > 1)
    if not grown:
        return ""
    factor, name, low, high = grown[-1]
    text = (f"From {units.whole(low[0])} to {units.whole(high[0])}, {name} goes from {units.time(low[1])} to {units.time(high[1])} "
            f"({units.digits(factor)} times)")
    return f"{text}, the most of {len(grown)}; {grown[0][1]} the least ({units.digits(grown[0][0])} times)." if len(grown) > 1 else f"{text}."


def reaping_figure(starts: Sequence[Cell], floors: Floors, machine: str) -> Figure | None:
    """All ways to reap, those that are starters of their own included, of a parent without memory."""
    own = starts_over(starts, "reap")
    if not own:
        return None
    own += [cell for cell in starts
            if cell.case.backend in _OTHER_WAYS and cell.case.parameters == (("memory_mib", "0"),)]
    return Figure(
        "fork-reap",
        "Ways to reap a child",
        "What does it cost to learn of a child's end, and to leave no zombie?",
        rows_drawing(own, PERCENTILES, Axis("start and reap (log)", Unit.TIME), floors),
        caption("Nanoseconds a child, started and reaped.", own, SAMPLES, "samples", machine),
        tables.table(by_value(own, P50), (tables.BACKEND, tables.PLACEMENT),
                     (*tables.PERCENTILES, *tables.FLOOR, *tables.COST, tables.PROCESSES, tables.CPUS)),
        floors.note(own),
        ranking(own, P50, units.time),
    )
