"""One section of the page a measure: which charts are drawn, and from which cells."""

from __future__ import annotations

from collections.abc import Sequence

from . import tables, units
from .cells import (Cell, Value, at_placement, at_size, count_text, nouns, placement_title, placements,
                    reference_size, select, sizes, styles)
from .views import Axis, Drawing, Figure, Kind, Lane, Panel, Point, Section, Series, Unit

_P50: Value = lambda row: row.latency_ns_p50
_SAMPLES: Value = lambda row: row.samples
_OPERATIONS: Value = lambda row: row.operations
_PERCENTILES: tuple[tuple[str, Value], ...] = (
    ("p50", _P50),
    ("p90", lambda row: row.latency_ns_p90),
    ("p99", lambda row: row.latency_ns_p99),
    ("p99.9", lambda row: row.latency_ns_p99_9),
)
SPREAD = "Each mark is the median over processes, its bar the smallest and the largest process."


def dots(cells: Sequence[Cell], values: Sequence[tuple[str, Value]], first_style: int = 0) -> tuple[Series, ...]:
    """A series a value, a point a cell; the categories keep the order of the cells."""
    return tuple(
        Series(title, first_style + index, tuple(
            Point(cell.name, spread) for cell in cells if (spread := cell.spread(value))
        ))
        for index, (title, value) in enumerate(values)
    )


def curves(cells: Sequence[Cell], at: str, value: Value, style: dict[str, int]) -> tuple[Series, ...]:
    """A series a backend, a point a number of the parameter `at`."""
    found = []
    for name in sorted({cell.name for cell in cells}):
        points = [
            Point(float(x), spread) for cell in cells
            if cell.name == name and (x := cell.case.number(at)) is not None and (spread := cell.spread(value))
        ]
        if points:
            found.append(Series(name, style[name], tuple(sorted(points, key=lambda point: point.at))))
    return tuple(found)


def by_value(cells: Sequence[Cell], value: Value, descending: bool = False) -> list[Cell]:
    sign = -1 if descending else 1
    return sorted(cells, key=lambda cell: (sign * (cell.median(value) or 0), cell.name))


def panels_of_dots(cells: Sequence[Cell], values: Sequence[tuple[str, Value]], descending: bool = False) -> tuple[Panel, ...]:
    """A panel a placement, the best backend on top."""
    found = []
    for placement in placements(cells):
        own = by_value(at_placement(cells, placement), values[0][1], descending)
        found.append(Panel(placement_title(placement, own), dots(own, values)))
    return tuple(found)


def latency_figures(cells: Sequence[Cell], machine: str) -> list[Figure]:
    figures = []
    for noun in nouns(select(cells, "latency")):
        own = select(cells, "latency", noun)
        size = reference_size(own)
        shown = at_size(own, size)
        what = f", {units.size(size)} messages" if size is not None else ""
        figures.append(Figure(
            f"latency-{len(figures)}",
            f"Round-trip latency: {noun}{what}",
            f"How long is a round trip through each {noun} backend, and how much longer is a bad one?",
            Drawing(Kind.DOTS, Axis("round trip, there and back (log)", Unit.TIME), Axis("", Unit.COUNT),
                    panels_of_dots(shown, _PERCENTILES)),
            f"Nanoseconds a round trip, not halved. {SPREAD} {count_text(shown, _SAMPLES, 'samples')}. {machine}.",
            tables.table(own, (tables.BACKEND, tables.PLACEMENT, tables.SIZE),
                         (*tables.PERCENTILES, *tables.COST, *tables.CAPACITY, tables.PROCESSES, tables.CPUS)),
            _batch_note(shown),
        ))
    return figures


def latency_against_size(cells: Sequence[Cell], machine: str) -> list[Figure]:
    """A figure for each noun that was measured at several message sizes."""
    return [
        _against_size(select(cells, "latency", noun), noun, machine, f"latency-size-{index}")
        for index, noun in enumerate(nouns(select(cells, "latency")))
        if len(sizes(select(cells, "latency", noun))) > 1
    ]


def _batch_note(cells: Sequence[Cell]) -> tuple[str, ...]:
    batched = sorted({cell.name for cell in cells for row in cell.rows if (row.operations_per_sample or 1) > 1})
    if not batched:
        return ()
    return (
        "A sample of these backends times several operations and is divided by their number, since one "
        f"is shorter than reading the clock; their tail is that of averages: {', '.join(batched)}.",
    )


def _against_size(cells: Sequence[Cell], noun: str, machine: str, anchor: str) -> Figure:
    sized = [cell for cell in cells if cell.case.number("size") is not None]
    style = styles(sized)
    panels = tuple(
        Panel(placement_title(p, at_placement(sized, p)), curves(at_placement(sized, p), "size", _P50, style))
        for p in placements(sized)
    )
    return Figure(
        anchor,
        f"Round-trip latency against message size: {noun}",
        "From which message size on does copying cost more than waking the peer?",
        Drawing(Kind.CURVES, Axis("message size (log)", Unit.BYTES), Axis("p50 (log)", Unit.TIME), panels),
        f"Nanoseconds a round trip (p50). {SPREAD} {count_text(sized, _SAMPLES, 'samples')}. {machine}.",
        tables.table(sized, (tables.BACKEND, tables.PLACEMENT, tables.SIZE), tables.PERCENTILES),
    )


def throughput_section(cells: Sequence[Cell], machine: str) -> Section:
    figures = []
    for noun in nouns(select(cells, "throughput")):
        own = select(cells, "throughput", noun)
        several = len(sizes(own)) > 1
        anchor = f"throughput-{len(figures)}"
        figures.append(_throughput_curve(own, noun, machine, anchor) if several
                       else _throughput_dots(own, noun, machine, anchor))
    return Section(
        "throughput", "Throughput against message size",
        "One way, from producer to consumer, counted at the consumer while the producer never pauses. "
        "This is the saturated rate: it says nothing about latency below it.",
        tuple(figures), "This run has no throughput results.",
    )


def _throughput_table(cells: Sequence[Cell]) -> tables.Table:
    return tables.table(
        cells, (tables.BACKEND, tables.PLACEMENT, tables.SIZE),
        (tables.spread("messages", lambda row: row.messages_per_second, units.rate_scale("messages")),
         tables.spread("bytes", lambda row: row.bytes_per_second, units.bytes_scale),
         tables.counted("messages timed", _OPERATIONS),
         *tables.COST, *tables.CAPACITY, tables.PROCESSES, tables.CPUS),
    )


def _throughput_curve(cells: Sequence[Cell], noun: str, machine: str, anchor: str) -> Figure:
    style = styles(cells)
    value: Value = lambda row: row.bytes_per_second
    panels = tuple(
        Panel(placement_title(p, at_placement(cells, p)), curves(at_placement(cells, p), "size", value, style))
        for p in placements(cells)
    )
    return Figure(
        anchor, f"Throughput against message size: {noun}",
        f"Which {noun} backend moves most at which message size, and where do they cross?",
        Drawing(Kind.CURVES, Axis("message size (log)", Unit.BYTES), Axis("one way (log)", Unit.BYTES_PER_SECOND), panels),
        f"Bytes a second, one way. {SPREAD} {count_text(cells, _OPERATIONS, 'messages')}. {machine}.",
        _throughput_table(cells),
    )


def _throughput_dots(cells: Sequence[Cell], noun: str, machine: str, anchor: str) -> Figure:
    size = reference_size(cells)
    thing = "tasks" if noun == "pool" else "messages"
    notes = () if size is None else (
        f"This run measured one message size, {units.size(size)}; the `default` preset measures the curve "
        "against message size.",
    )
    value: Value = lambda row: row.messages_per_second
    return Figure(
        anchor, f"Throughput: {noun}" + (f", {units.size(size)} messages" if size is not None else ""),
        f"How many {thing} a second pass through each {noun} backend?",
        Drawing(Kind.DOTS, Axis(f"{thing} a second, one way (log)", Unit.MESSAGES_PER_SECOND), Axis("", Unit.COUNT),
                panels_of_dots(cells, ((f"{thing} a second", value),), descending=True)),
        f"{thing.capitalize()} a second, one way. {SPREAD} {count_text(cells, _OPERATIONS, thing)}. {machine}.",
        _throughput_table(cells), notes,
    )


def contention_section(cells: Sequence[Cell], machine: str) -> Section:
    own = select(cells, "contention")
    keys = dict.fromkeys(
        (c.case.noun, c.case.parameter("operation"), c.case.number("hold_ns")) for c in own
    )
    figures = []
    for noun, operation, hold in keys:
        group = [c for c in own if (c.case.noun, c.case.parameter("operation"), c.case.number("hold_ns"))
                 == (noun, operation, hold)]
        figures.append(_contention_figure(group, machine, f"contention-{len(figures)}"))
    return Section(
        "contention", "Contention against process count",
        "N processes use one object at once. Throughput is of all peers together; the lanes below say whether "
        "they shared it: Jain's index is 1 when all got the same and 1/N when one took all, min/max is the "
        "smallest peer's count over the largest. A fast lock that starves a peer shows here.",
        tuple(figures), "This run has no contention results.",
    )


_ALL_PEERS: Value = lambda row: row.operations_per_second
_FAIRNESS: tuple[tuple[str, Value], ...] = (
    ("Jain", lambda row: row.jain_index),
    ("min/max", lambda row: row.min_max_share),
)


def _contention_drawing(cells: Sequence[Cell]) -> Drawing:
    """Curves over the process count; with a single count, rows with fairness at their side."""
    style = styles(cells)
    single = len({cell.case.number("processes") for cell in cells}) == 1
    panels = []
    for placement in placements(cells):
        own = at_placement(cells, placement)
        title = placement_title(placement, own)
        if single:
            own = by_value(own, _ALL_PEERS, descending=True)
            series = dots(own, (("all peers", _ALL_PEERS),))
            lanes = tuple(Lane(name, dots(own, ((name, value),))) for name, value in _FAIRNESS)
        else:
            series = curves(own, "processes", _ALL_PEERS, style)
            lanes = tuple(Lane(name, curves(own, "processes", value, style)) for name, value in _FAIRNESS)
        panels.append(Panel(title, series, lanes))
    rate = Axis("all peers, a second (log)", Unit.OPERATIONS_PER_SECOND)
    if single:
        return Drawing(Kind.DOTS, rate, Axis("", Unit.COUNT), tuple(panels))
    return Drawing(Kind.CURVES, Axis("processes", Unit.COUNT), rate, tuple(panels))


def _contention_figure(cells: Sequence[Cell], machine: str, anchor: str) -> Figure:
    case = cells[0].case
    counts = {cell.case.number("processes") for cell in cells}
    operation, hold = case.parameter("operation"), case.number("hold_ns")
    what = case.noun + (f" {operation}" if operation else "")
    held = f", {units.time(hold)} inside" if hold else ""
    peers = f", {case.number('processes')} processes" if len(counts) == 1 else ""
    return Figure(
        anchor, f"Contention: {what}{held}{peers}",
        "How does the rate change as more processes use one object, and do they get equal shares?",
        _contention_drawing(cells),
        f"Operations a second of all peers together; fairness from 0 to 1. {SPREAD} "
        f"{count_text(cells, _OPERATIONS, 'operations')}. {machine}.",
        tables.table(
            cells, (tables.BACKEND, tables.PLACEMENT, tables.parameter("processes", "processes", str)),
            (tables.spread("all peers", _ALL_PEERS, units.rate_scale("operations")),
             tables.spread("Jain's index", lambda row: row.jain_index, units.plain_scale),
             tables.spread("min/max share", lambda row: row.min_max_share, units.plain_scale),
             tables.counted("operations timed", _OPERATIONS), *tables.COST, tables.PROCESSES, tables.CPUS)),
        ("This run measured one process count; the `default` preset measures the curve.",) if peers else (),
    )


def process_section(cells: Sequence[Cell], machine: str) -> Section:
    figures = [
        _fork_figure(select(cells, "fork_cost", noun), noun, machine, f"fork-{index}")
        for index, noun in enumerate(nouns(select(cells, "fork_cost")))
    ]
    if lifecycle := select(cells, "lifecycle"):
        figures.append(_lifecycle_figure(lifecycle, machine))
    return Section(
        "fork", "Fork cost and object lifecycle",
        "Fork copies the parent's page tables, so its cost grows with the memory the parent touched; "
        "backends that share the parent's memory until they exec do not pay this.",
        tuple(figures), "This run has no fork cost and no lifecycle results.",
    )


def _fork_figure(cells: Sequence[Cell], noun: str, machine: str, anchor: str) -> Figure:
    memories = {cell.case.number("memory_mib") for cell in cells}
    style = styles(cells)
    if len(memories) > 1:
        drawing = Drawing(
            Kind.CURVES, Axis("memory the parent touched", Unit.MEBIBYTES), Axis("start and reap, p50 (log)", Unit.TIME),
            tuple(Panel(placement_title(p, at_placement(cells, p)), curves(at_placement(cells, p), "memory_mib", _P50, style))
                  for p in placements(cells)))
    else:
        drawing = Drawing(Kind.DOTS, Axis("start and reap (log)", Unit.TIME), Axis("", Unit.COUNT),
                          panels_of_dots(cells, _PERCENTILES))
    return Figure(
        anchor, f"Fork cost: {noun}",
        "What does it cost to start one child and reap it, and how does that grow with the parent's memory?",
        drawing,
        f"Nanoseconds a child, started and reaped. {SPREAD} {count_text(cells, _SAMPLES, 'samples')}. {machine}.",
        tables.table(cells, (tables.BACKEND, tables.PLACEMENT, tables.parameter("parent touched", "memory_mib", units.memory)),
                     (*tables.PERCENTILES, *tables.COST, tables.PROCESSES, tables.CPUS)),
        ("A thread is a baseline, not a process: it shares everything.",) if any(c.case.backend == "thread" for c in cells) else (),
    )


def _lifecycle_figure(cells: Sequence[Cell], machine: str) -> Figure:
    panels = []
    for noun in nouns(cells):
        for placement in placements(select(cells, "lifecycle", noun)):
            own = by_value(at_placement(select(cells, "lifecycle", noun), placement), _P50)
            panels.append(Panel(f"{noun}, {placement_title(placement, own)}", dots(own, (_PERCENTILES[0], _PERCENTILES[2]))))
    return Figure(
        "lifecycle", "Object lifecycle: create and destroy",
        "What does an object cost before it has carried anything?",
        Drawing(Kind.DOTS, Axis("create and destroy (log)", Unit.TIME), Axis("", Unit.COUNT), tuple(panels)),
        f"Nanoseconds an object, created and destroyed. {SPREAD} {count_text(cells, _SAMPLES, 'samples')}. {machine}.",
        tables.table(cells, (tables.NOUN, tables.BACKEND, tables.PLACEMENT),
                     (*tables.PERCENTILES, *tables.COST, tables.PROCESSES, tables.CPUS)),
    )
