"""The figures of measure `latency`: percentiles a backend, and round trip against message size."""

from __future__ import annotations

from collections.abc import Sequence

from .. import tables, units
from ..cells import Cell, at_placement, at_size, nouns, placements, reference_size, select, sizes
from .floors import Floors
from .panels import P50, PERCENTILES, SAMPLES, caption, curves_drawing, leading, rows_drawing
from .rankings import ranking
from ..views import Axis, Figure, Unit


def latency_figures(cells: Sequence[Cell], machine: str) -> list[Figure]:
    """A figure a noun, at the size at which its backends are compared."""
    return [
        _percentiles(select(cells, "latency", noun), noun, Floors(cells), machine, f"latency-{index}")
        for index, noun in enumerate(nouns(select(cells, "latency")))
    ]


def latency_against_size(cells: Sequence[Cell], machine: str) -> list[Figure]:
    """A figure for each noun that was measured at several message sizes."""
    return [
        _against_size(select(cells, "latency", noun), noun, Floors(cells), machine, f"latency-size-{index}")
        for index, noun in enumerate(nouns(select(cells, "latency")))
        if len(sizes(select(cells, "latency", noun))) > 1
    ]


def _percentiles(cells: Sequence[Cell], noun: str, floors: Floors, machine: str, anchor: str) -> Figure:
    size = reference_size(cells)
    shown = at_size(cells, size)
    what = f", {units.size(size)} messages" if size is not None else ""
    return Figure(
        anchor,
        f"Round-trip latency: {noun}{what}",
        f"How long is a round trip through each {noun} backend, and how much longer is a bad one?",
        rows_drawing(shown, PERCENTILES, Axis("round trip, there and back (log)", Unit.TIME), floors),
        caption("Nanoseconds a round trip, not halved.", shown, SAMPLES, "samples", machine),
        tables.table(
            cells, (tables.BACKEND, tables.PLACEMENT, tables.SIZE),
            (*tables.PERCENTILES, *tables.FLOOR, *tables.COST, *tables.CAPACITY, tables.PROCESSES, tables.CPUS),
        ),
        (*floors.note(shown), *_batch_note(shown)),
        ranking(shown, P50, units.time),
    )


def _batch_note(cells: Sequence[Cell]) -> tuple[str, ...]:
    batched = sorted({
        cell.name for cell in cells for row in cell.rows if (row.operations_per_sample or 1) > 1
    })
    if not batched:
        return ()
    return (
        "A sample of these backends times several operations and is divided by their number, since "
        f"one is shorter than reading the clock; their tail is that of averages: {', '.join(batched)}.",
    )


def _against_size(cells: Sequence[Cell], noun: str, floors: Floors, machine: str, anchor: str) -> Figure:
    sized = [cell for cell in cells if cell.case.number("size") is not None]
    drawn, note = leading(sized, P50)
    return Figure(
        anchor,
        f"Round-trip latency against message size: {noun}",
        "From which message size on does copying cost more than waking the peer?",
        curves_drawing(drawn, "size", Axis("message size (log)", Unit.BYTES),
                       P50, Axis("p50 (log)", Unit.TIME), floors),
        caption("Nanoseconds a round trip (p50), not halved.", sized, SAMPLES, "samples", machine),
        tables.table(sized, (tables.BACKEND, tables.PLACEMENT, tables.SIZE),
                     (*tables.PERCENTILES, *tables.FLOOR)),
        (*floors.note(drawn), *note),
        _growth(sized),
    )


def _growth(cells: Sequence[Cell]) -> str:
    """At each placement: from which size on the quickest backend of the smallest takes twice as long."""
    sentences = []
    for placement in placements(cells):
        own = at_placement(cells, placement)
        least = min(sizes(own))
        first = min((c for c in own if c.case.number("size") == least and c.median(P50)), key=lambda c: (c.median(P50) or 0, c.name),
                    default=None)
        if first is None:
            continue
        start = first.median(P50) or 0
        grown = sorted((c.case.number("size") or 0) for c in own if c.name == first.name and (c.median(P50) or 0) >= 2 * start)
        when = f"twice that from {units.size(grown[0])} on" if grown else f"less than twice that up to {units.size(max(sizes(own)))}"
        sentences.append(f"{placement.capitalize() if placement == 'unpinned' else f'At {placement}'}, {first.name} takes "
                         f"{units.time(start)} at {units.size(least)}, and {when}.")
    return " ".join(sentences)
