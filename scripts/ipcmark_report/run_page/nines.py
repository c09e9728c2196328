"""The percentile-by-nines figures, from the full distributions of a run."""

from __future__ import annotations

from collections.abc import Sequence

from .. import units
from ..cells import (Cell, at_placement, at_size, flags_note, nouns, placement_title, placements, reference_size,
                    select, styles)
from ..model import Histogram
from .panels import P50, leading
from ..stats import Spread, medians, quantile_positions, spread_over_processes, values_at
from ..views import Axis, Drawing, Figure, Kind, Panel, Point, Series, Table, Unit

# Columns of the table: 1/(1-p) for p50, p90, p99, p99.9, p99.99, p99.999.
_COLUMNS = (2.0, 10.0, 100.0, 1e3, 1e4, 1e5)
_TITLES = ("p50", "p90", "p99", "p99.9", "p99.99", "p99.999")


def nines_figures(
    cells: Sequence[Cell], histograms: Sequence[Histogram], machine: str
) -> list[Figure]:
    """A figure a noun; nouns without a distribution have none. Anchors count all latency nouns."""
    by_case: dict[str, list[Histogram]] = {}
    for histogram in (h for h in histograms if not h.series):
        by_case.setdefault(histogram.case.text, []).append(histogram)
    figures = []
    for index, noun in enumerate(nouns(select(cells, "latency"))):
        own = [cell for cell in select(cells, "latency", noun) if cell.case.text in by_case]
        if own:
            figures.append(_figure(own, by_case, machine, f"nines-{index}"))
    return figures


def _figure(
    cells: Sequence[Cell], by_case: dict[str, list[Histogram]], machine: str, anchor: str
) -> Figure:
    noun, size = cells[0].case.noun, reference_size(cells)
    shown = at_size(cells, size)
    drawn, note = leading(shown, P50)
    style = styles(drawn)
    panels = tuple(
        Panel(placement_title(p, at_placement(drawn, p)),
              tuple(_series(cell, by_case[cell.case.text], style)
                    for cell in at_placement(drawn, p)))
        for p in placements(drawn)
    )
    what = f", {units.size(size)} messages" if size is not None else ""
    return Figure(
        anchor, f"Round-trip latency by nines: {noun}{what}",
        "Where does the tail begin, and how far does it reach?",
        Drawing(Kind.CURVES, Axis("share of samples at or below (1/(1−p), log)", Unit.NINES),
                Axis("round trip (log)", Unit.TIME), panels),
        "Nanoseconds a round trip, not halved. Each line is the median over processes of each process's "
        "own percentile, drawn as far as the smallest process has samples. "
        f"{_counts(shown, by_case)}. {machine}.{flags_note(shown)}",
        _table(shown, by_case),
        (*note, "Closed loop: the next round trip starts only after the last one ended, so a stall delays requests "
         "that are then never counted. An open-loop client would see a longer tail.",),
        _says(shown),
    )


def _says(cells: Sequence[Cell]) -> str:
    """Whose tail is the longest, and whose the shortest, over its own median."""
    ratios = sorted(
        (p99 / p50, cell.name, cell.case.placement) for cell in cells
        if (p50 := cell.median(P50)) and (p99 := cell.median(lambda row: row.latency_ns_p99)))
    if not ratios:
        return ""
    (low, *least), (high, *most) = ratios[0], ratios[-1]
    if len(ratios) == 1:
        return f"The p99 of {least[0]} at {least[1]} is {units.digits(low)} times its median."
    return (f"p99 is farthest above the median for {most[0]} at {most[1]} ({units.digits(high)} times) and nearest for {least[0]} at "
            f"{least[1]} ({units.digits(low)} times).")


def _counts(cells: Sequence[Cell], by_case: dict[str, list[Histogram]]) -> str:
    """Processes and samples, from the distributions themselves: a process may lack one."""
    processes = [len({h.round for h in by_case[cell.case.text]}) for cell in cells]
    totals = [sum(h.counts) for cell in cells for h in by_case[cell.case.text]]
    fresh = units.span(min(processes), max(processes), units.whole)
    return (f"{fresh} fresh process{'es' if max(processes) > 1 else ''} (rounds) a case × "
            f"{units.span(min(totals), max(totals), units.whole)} samples each")


def _series(cell: Cell, distributions: Sequence[Histogram], style: dict[str, int]) -> Series:
    positions = quantile_positions(min(sum(h.counts) for h in distributions))
    curve = medians([_latencies(h, positions) for h in distributions])
    *points, last = (Point(x, Spread(y, y, y, 1)) for x, y in zip(positions, curve))
    return Series(cell.name, style[cell.name], (*points, Point(last.at, last.value, cell.flags, cell.case.text)))


def _latencies(histogram: Histogram, positions: Sequence[float]) -> list[float]:
    found = values_at(histogram.values, histogram.counts, positions)
    return [value / histogram.operations_per_sample for value in found]


def _table(cells: Sequence[Cell], by_case: dict[str, list[Histogram]]) -> Table:
    rows = []
    for cell in cells:
        own = by_case[cell.case.text]
        texts = []
        for position in _COLUMNS:
            seen = [h for h in own if sum(h.counts) >= position]
            # A percentile that some process is too short for would compare unlike processes.
            spread = spread_over_processes(
                (h.round, _latencies(h, [position])[0]) for h in seen) if len(seen) == len(own) else None
            texts.append(units.spread(spread, units.time_scale))
        rows.append((cell.marked_name, cell.case.placement, *texts))
    return Table(("backend", "placement", *_TITLES), 2, tuple(rows), cases=tuple(cell.case.text for cell in cells))
