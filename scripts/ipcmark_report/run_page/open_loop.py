"""The figures of measure `open_loop`: response and service time against the offered rate."""

from __future__ import annotations

from collections.abc import Sequence

from .. import tables, units
from ..cells import Cell, Value, at_placement, nouns, placement_title, placements, select, styles
from .panels import P50, SAMPLES, Values, by_value, caption, curves, leading
from ..views import Axis, Drawing, Figure, Kind, Lane, Panel, Point, Section, Series, Unit

P99: Value = lambda row: row.latency_ns_p99
SERVICE_P99: Value = lambda row: row.service_ns_p99
GAP: Value = lambda row: row.omission_gap
SATURATED: Value = lambda row: row.saturated
ACHIEVED: Value = lambda row: row.achieved_per_second
KEPT: Value = lambda row: (
    row.achieved_per_second / row.offered_per_second if row.achieved_per_second and row.offered_per_second else None
)
SPLIT: Values = (
    ("response p50", P50),
    ("service p50", lambda row: row.service_ns_p50),
    ("response p99", P99),
    ("service p99", SERVICE_P99),
)
# Panels of one figure: more of them are not looked at.
MOST_PANELS = 5
RATE = Axis("offered rate, messages a second (log)", Unit.MESSAGES_PER_SECOND)
TIMES = (
    "Nanoseconds a round trip, not halved. Response: from the moment at which the message was due; service: from the "
    "moment at which it was sent."
)
COLUMNS: tuple[tables.Column, ...] = (
    tables.spread("achieved", ACHIEVED, units.rate_scale("messages")),
    ("saturated", lambda cell: "yes" if is_saturated(cell) else "no"),
    tables.spread("response p50", P50, units.time_scale),
    tables.spread("response p99", P99, units.time_scale),
    tables.spread("service p50", lambda row: row.service_ns_p50, units.time_scale),
    tables.spread("service p99", SERVICE_P99, units.time_scale),
    tables.spread("gap", GAP, units.plain_scale),
    tables.counted("samples a process", SAMPLES),
    *tables.COST, tables.PROCESSES, tables.CPUS,
)


def open_loop_section(cells: Sequence[Cell], machine: str) -> Section:
    own = select(cells, "open_loop")
    figures: list[Figure] = []
    for index, noun in enumerate(nouns(own)):
        of_noun = select(own, "open_loop", noun)
        figures += [_against_rate(of_noun, noun, machine, f"rate-{index}"), _gap(of_noun, noun, machine, f"gap-{index}")]
        figures += [
            _split(at_placement(of_noun, placement), noun, machine, f"split-{index}-{number}")
            for number, placement in enumerate(placements(of_noun)) if kept(at_placement(of_noun, placement))
        ]
    return Section(
        "open-loop", "Latency at an offered rate",
        "Messages are due on a timetable, whatever became of the last one; one that is due while the last is still on "
        "its way waits for it. Where a backend cannot keep the rate, it is saturated: its response time then grows for "
        "as long as it is measured and says nothing, so lines end before.",
        tuple(figures),
        "This run has no open-loop results: the preset or the filter left them out.",
    )


def is_saturated(cell: Cell) -> bool:
    """What at least half of the processes say."""
    return (cell.median(SATURATED) or 0) >= 0.5


def saturated_from(cells: Sequence[Cell]) -> int | None:
    """The lowest rate that these cells, of one backend at one placement, could not keep."""
    return min((rate(cell) for cell in cells if is_saturated(cell)), default=None)


def kept(cells: Sequence[Cell]) -> list[Cell]:
    """The cells below the rate from which on their backend is saturated at their placement."""
    found = []
    for cell in cells:
        first = saturated_from(alike(cells, cell))
        if first is None or rate(cell) < first:
            found.append(cell)
    return found


def alike(cells: Sequence[Cell], one: Cell) -> list[Cell]:
    """The cells of the same backend and placement, at all rates."""
    return [c for c in cells if (c.name, c.case.placement) == (one.name, one.case.placement)]


def rate(cell: Cell) -> int:
    return cell.case.number("rate") or 0


def _rate_text(value: float) -> str:
    return units.amount(value, units.rate_scale("messages"))


def _against_rate(cells: Sequence[Cell], noun: str, machine: str, anchor: str) -> Figure:
    drawn, note = leading(kept(cells), P99)
    style = styles(drawn)
    names = set(style)
    found = []
    for placement in placements(cells):
        own = [cell for cell in at_placement(cells, placement) if cell.name in names]
        lane = Lane("achieved", curves(own, "rate", KEPT, style))
        found.append(Panel(placement_title(placement, own),
                           curves(at_placement(drawn, placement), "rate", P99, style), (lane,)))
    return Figure(
        anchor,
        f"Response time against offered rate: {noun}",
        "How long does somebody wait who asks at this rate, and which rate is too much?",
        Drawing(Kind.CURVES, RATE, Axis("response p99 (log)", Unit.TIME), tuple(found)),
        caption(f"{TIMES} Below each panel: the share of the offered rate that was achieved.", cells, SAMPLES,
                "samples", machine),
        _table(cells),
        note,
        _knees(cells),
    )


def _knees(cells: Sequence[Cell]) -> str:
    """Who keeps the most and who the least, a placement after the other."""
    sentences = []
    for placement in placements(cells):
        own = at_placement(cells, placement)
        highest: dict[str, Cell] = {}
        for cell in sorted(kept(own), key=rate):
            highest[cell.name] = cell
        never = sorted({cell.name for cell in own} - set(highest))
        if not highest:
            sentences.append(f"At {placement} no backend keeps any of the offered rates.")
            continue
        # Of those that keep the same rate, the one that answers sooner at it.
        order = sorted(highest.values(), key=lambda c: (-rate(c), c.median(P99) or 0, c.name))
        text = f"At {placement} {_knee(order[0])}"
        if never:
            text += f"; {', '.join(never)} cannot keep the lowest rate"
        elif rate(order[-1]) < rate(order[0]):
            text += f", and {_knee(order[-1])}"
        sentences.append(text + ".")
    return " ".join(sentences)


def _knee(cell: Cell) -> str:
    return f"{cell.name} keeps {_rate_text(rate(cell))} with a p99 of {units.time(cell.median(P99) or 0)}"


def _gap(cells: Sequence[Cell], noun: str, machine: str, anchor: str) -> Figure:
    drawn, note = leading(kept(cells), P99)
    style = styles(drawn)
    panels = tuple(
        Panel(placement_title(placement, at_placement(drawn, placement)),
              curves(at_placement(drawn, placement), "rate", GAP, style))
        for placement in placements(drawn)
    )
    return Figure(
        anchor,
        f"The coordinated-omission gap: {noun}",
        "How far would a closed loop, which waits for each answer before it asks again, understate the tail?",
        Drawing(Kind.CURVES, RATE, Axis("p99, response / service", Unit.COUNT), panels),
        caption("Times: p99 of response over p99 of service; 1 is no gap.", cells, SAMPLES, "samples", machine),
        _table(cells),
        note,
        _widest(kept(cells)),
    )


def _widest(cells: Sequence[Cell]) -> str:
    if not cells:
        return ""
    cell = max(cells, key=lambda c: c.median(GAP) or 0)
    return (
        f"Below saturation the gap is widest for {cell.name} at {cell.case.placement} and {_rate_text(rate(cell))}: "
        f"p99 is {units.time(cell.median(SERVICE_P99) or 0)} in service and "
        f"{units.time(cell.median(P99) or 0)} in response."
    )


def _split(cells: Sequence[Cell], noun: str, machine: str, anchor: str) -> Figure:
    """A panel a backend; those that answer soonest."""
    placement = cells[0].case.placement
    all_kept = kept(cells)
    lowest = min(rate(cell) for cell in all_kept)
    order = [cell.name for cell in by_value([c for c in all_kept if rate(c) == lowest], P99)]
    panels = []
    for name in order[:MOST_PANELS]:
        own = [cell for cell in all_kept if cell.name == name]
        first = saturated_from([cell for cell in cells if cell.name == name])
        saturated = "" if first is None else f", saturated at {_rate_text(first)}"
        panels.append(Panel(f"{name}, {placement}{saturated}", _values(own), void_from=first))
    note = (f"Drawn are {MOST_PANELS} of {len(order)} backends, those with the lowest p99 at "
            f"{_rate_text(lowest)}; the table has them all.",) if len(order) > MOST_PANELS else ()
    return Figure(
        anchor,
        f"Response beside service: {noun}, {placement}",
        "Where do the two part, since messages wait for the ones before them?",
        Drawing(Kind.CURVES, RATE, Axis("round trip (log)", Unit.TIME), tuple(panels)),
        caption(f"{TIMES} Grey: saturated.", cells, SAMPLES, "samples", machine),
        _table(cells),
        note,
    )


def _values(cells: Sequence[Cell]) -> tuple[Series, ...]:
    """A series a value of SPLIT, a point a rate."""
    return tuple(
        Series(title, index, tuple(
            Point(float(rate(cell)), spread, cell.flags, cell.case.text) for cell in sorted(cells, key=rate) if (spread := cell.spread(value))
        ))
        for index, (title, value) in enumerate(SPLIT)
    )


def _table(cells: Sequence[Cell]) -> tables.Table:
    offered = tables.parameter("offered", "rate", _rate_text)
    return tables.table(sorted(cells, key=lambda c: (c.name, c.case.placement, rate(c))),
                        (tables.BACKEND, tables.PLACEMENT, offered), COLUMNS)
