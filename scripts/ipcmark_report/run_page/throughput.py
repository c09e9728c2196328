"""The section of measure `throughput`: curves over message size, or rows where there is one size."""

from __future__ import annotations

from collections.abc import Sequence

from .. import tables, units
from ..cells import Cell, Value, nouns, placements, reference_size, select, sizes
from .floors import Floors
from .panels import OPERATIONS, caption, curves_drawing, leading, rows_drawing
from .rankings import ranking
from .ridges import ridge_says, with_ridges
from ..views import Axis, Figure, Section, Table, Unit

_MESSAGES: Value = lambda row: row.messages_per_second
_BYTES: Value = lambda row: row.bytes_per_second


def throughput_section(cells: Sequence[Cell], caches: Sequence[tuple[int, int]], machine: str) -> Section:
    figures = []
    for index, noun in enumerate(nouns(select(cells, "throughput"))):
        own = select(cells, "throughput", noun)
        anchor = f"throughput-{index}"
        figures.append(_curve(own, noun, Floors(cells), caches, machine, anchor) if len(sizes(own)) > 1
                       else _rows(own, noun, Floors(cells), machine, anchor))
    return Section(
        "throughput",
        "Throughput against message size",
        "One way, from producer to consumer, counted at the consumer while the producer never pauses. "
        "This is the saturated rate: it says nothing about latency below it.",
        tuple(figures),
        "This run has no throughput results.",
    )


def _curve(cells: Sequence[Cell], noun: str, floors: Floors, caches: Sequence[tuple[int, int]], machine: str,
           anchor: str) -> Figure:
    drawn, note = leading(cells, _BYTES, descending=True)
    return Figure(
        anchor,
        f"Throughput against message size: {noun}",
        f"Which {noun} backend moves most at which message size, and where do they cross?",
        with_ridges(curves_drawing(drawn, "size", Axis("message size (log)", Unit.BYTES),
                                   _BYTES, Axis("one way (log)", Unit.BYTES_PER_SECOND), floors), placements(drawn),
                    cells, _BYTES, caches),
        caption("Bytes a second, one way.", cells, OPERATIONS, "messages", machine),
        _table(cells),
        ("The broad line is the ridge: the best backend at each size. Upright: the sizes at which something in the machine or the "
         "kernel changes.", *floors.note(drawn, rate=True), *note),
        ridge_says(cells, _BYTES, caches),
    )


def _rows(cells: Sequence[Cell], noun: str, floors: Floors, machine: str, anchor: str) -> Figure:
    size = reference_size(cells)
    thing = "tasks" if noun == "pool" else "messages"
    axis = Axis(f"{thing} a second, one way (log)", Unit.MESSAGES_PER_SECOND)
    notes = () if size is None else (
        f"This run measured one message size, {units.size(size)}; the `default` preset measures the "
        "curve against message size.",
    )
    return Figure(
        anchor,
        f"Throughput: {noun}" + (f", {units.size(size)} messages" if size is not None else ""),
        f"How many {thing} a second pass through each {noun} backend?",
        rows_drawing(cells, ((f"{thing} a second", _MESSAGES),), axis, floors, descending=True),
        caption(f"{thing.capitalize()} a second, one way.", cells, OPERATIONS, thing, machine),
        _table(cells),
        (*floors.note(cells, rate=True), *notes),
        ranking(cells, _MESSAGES, lambda value: units.amount(value, units.rate_scale(thing)), descending=True),
    )


def _table(cells: Sequence[Cell]) -> Table:
    return tables.table(
        cells, (tables.BACKEND, tables.PLACEMENT, tables.SIZE),
        (
            tables.spread("messages", _MESSAGES, units.rate_scale("messages")),
            tables.spread("bytes", _BYTES, units.bytes_scale),
            *tables.ESTIMATORS,
            tables.counted("messages timed", OPERATIONS),
            *tables.FLOOR, *tables.COST, *tables.CAPACITY, tables.PROCESSES, tables.CPUS,
        ),
    )
