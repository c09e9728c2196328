"""The section of measures `fork_cost` and `lifecycle`: what a child costs, and what that depends on."""

from __future__ import annotations

from collections.abc import Sequence

from .. import tables, units
from ..cells import HUGE_PAGES, Cell, is_plain_start, nouns, select
from .floors import Floors
from .fork_axes import axis_figures, reaping_figure
from .fork_parts import parts_figure
from .lifecycle import lifecycle_figure
from .panels import P50, PERCENTILES, SAMPLES, caption, curves_drawing, leading, rows_drawing
from .rankings import ranking
from ..views import Axis, Drawing, Figure, Section, Unit


def fork_section(cells: Sequence[Cell], machine: str) -> Section:
    starts, floors = select(cells, "fork_cost"), Floors(cells)
    plain = [cell for cell in starts if is_plain_start(cell)]
    figures = []
    for index, noun in enumerate(nouns(plain)):
        own = select(plain, "fork_cost", noun)
        figures.append(_memory_figure([cell for cell in own if not _in_huge_pages(cell)], noun, floors, machine,
                                      f"fork-{index}"))
        if huge := [cell for cell in own if _in_huge_pages(cell)]:
            beside = [cell for cell in own if cell.case.backend == "fork" and not _in_huge_pages(cell)]
            figures.append(_huge_figure([*beside, *huge], noun, floors, machine, f"fork-huge-{index}"))
    figures += axis_figures(starts, floors, machine)
    found = (
        parts_figure(starts, machine), reaping_figure(starts, floors, machine),
        lifecycle_figure(select(cells, "lifecycle"), machine),
    )
    return Section(
        "fork",
        "Fork cost and object lifecycle",
        "Fork copies the parent's page tables and its list of mappings, so its cost grows with both; backends that "
        "share the parent's memory until they exec do not pay this. What the child then writes to is copied page by page.",
        (*figures, *(figure for figure in found if figure is not None)),
        "This run has no fork cost and no lifecycle results.",
    )


def _in_huge_pages(cell: Cell) -> bool:
    return HUGE_PAGES in cell.case.parameters


def _memory_figure(cells: Sequence[Cell], noun: str, floors: Floors, machine: str, anchor: str) -> Figure:
    baseline = any(cell.case.backend == "thread" for cell in cells)
    return _figure(
        cells, floors, machine, anchor, f"Fork cost: {noun}",
        "What does it cost to start one child and reap it, and how does that grow with the parent's memory?",
        ("A thread is a baseline, not a process: it shares everything.",) if baseline else (),
    )


def _huge_figure(cells: Sequence[Cell], noun: str, floors: Floors, machine: str, anchor: str) -> Figure:
    return _figure(
        cells, floors, machine, anchor, f"Fork cost in huge pages: {noun}",
        "How much cheaper is a child when the parent's memory lies in transparent huge pages?",
        ("Of memory in huge pages a fork copies one entry for each, where base pages have hundreds.",),
    )


def _figure(cells: Sequence[Cell], floors: Floors, machine: str, anchor: str, title: str, question: str,
            notes: tuple[str, ...]) -> Figure:
    touched = tables.parameter("parent touched", "memory_mib", units.memory)
    drawing, left_out = _memory_drawing(cells, floors)
    return Figure(
        anchor, title, question, drawing,
        caption("Nanoseconds a child, started and reaped.", cells, SAMPLES, "samples", machine),
        tables.table(cells, (tables.BACKEND, tables.PLACEMENT, touched),
                     (*tables.PERCENTILES, *tables.FLOOR, *tables.COST, tables.PROCESSES, tables.CPUS)),
        (*floors.note(cells), *left_out, *notes),
        _growth(cells),
    )


def _growth(cells: Sequence[Cell]) -> str:
    """Which starter is cheapest for the largest parent, and what fork costs it beside a parent without memory."""
    most = max((cell.case.number("memory_mib") or 0 for cell in cells), default=0)
    text = ranking([c for c in cells if (c.case.number("memory_mib") or 0) == most and c.case.backend != "thread"], P50, units.time)
    forks = {(c.case.number("memory_mib") or 0): c.median(P50) for c in cells if c.case.backend == "fork"}
    small, large = forks.get(0), forks.get(most)
    if not most or not small or not large:
        return text
    return f"{text} With {units.memory(most)} touched, fork takes {units.digits(large / small)} times as long as with none."


def _memory_drawing(cells: Sequence[Cell], floors: Floors) -> tuple[Drawing, tuple[str, ...]]:
    if len({cell.case.number("memory_mib") for cell in cells}) == 1:
        return rows_drawing(cells, PERCENTILES, Axis("start and reap (log)", Unit.TIME), floors), ()
    drawn, note = leading(cells, P50)
    touched = Axis("memory the parent touched", Unit.MEBIBYTES)
    cost = Axis("start and reap, p50 (log)", Unit.TIME)
    return curves_drawing(drawn, "memory_mib", touched, P50, cost, floors), note
