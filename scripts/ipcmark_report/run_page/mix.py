"""Path and mix: what a blocking round trip costs, and how often its wake-ups preempt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from .. import units
from ..cells import Cell, at_placement, at_size, nouns, placement_title, placements, reference_size, select, styles
from ..model import Process, Repetition
from .panels import MOST_CURVES
from ..stats import Spread, spread_over_processes
from ..views import Axis, Cloud, Figure, Panel, Point, Series, Table, Unit

# Peers that sleep give up their CPU about twice a round trip, or are preempted instead.
_SLEEPS = 0.5
# Fewer involuntary switches a round trip are accidents.
_PREEMPTS = 0.1
# Repetitions in these outer parts of the range of mixes show what each path costs.
_OUTER = 0.25

Repetitions = dict[str, list[tuple[int, Repetition]]]


def mix_figures(cells: Sequence[Cell], processes: Iterable[Process], machine: str) -> list[Figure]:
    """A figure a noun with blocking round trips in which wake-ups preempt."""
    found = _repetitions(processes)
    figures = []
    for index, noun in enumerate(nouns(select(cells, "latency"))):
        own = select(cells, "latency", noun)
        blocking = [cell for cell in at_size(own, reference_size(own)) if _sleeps(found.get(cell.case.text, []))]
        preempting = [cell for cell in blocking if _most(found[cell.case.text]) > _PREEMPTS]
        if preempting:
            figures.append(_figure(blocking, preempting, found, machine, f"mix-{index}"))
    return figures


def _repetitions(processes: Iterable[Process]) -> Repetitions:
    found: Repetitions = {}
    for process in processes:
        found.setdefault(process.case.text, []).extend((process.round, one) for one in process.repetitions)
    return found


def _sleeps(repetitions: Sequence[tuple[int, Repetition]]) -> bool:
    return bool(repetitions) and median(one.voluntary_switches for _, one in repetitions) >= _SLEEPS


def _most(repetitions: Sequence[tuple[int, Repetition]]) -> float:
    return max(one.involuntary_switches for _, one in repetitions)


def _range(repetitions: Sequence[tuple[int, Repetition]]) -> float:
    switches = [one.involuntary_switches for _, one in repetitions]
    return max(switches) - min(switches)


def _figure(blocking: Sequence[Cell], preempting: Sequence[Cell], found: Repetitions, machine: str,
            anchor: str) -> Figure:
    noun, size = blocking[0].case.noun, reference_size(blocking)
    ranges: dict[str, float] = {}
    for cell in preempting:
        ranges[cell.name] = max(ranges.get(cell.name, 0), _range(found[cell.case.text]))
    widest = sorted(ranges, key=lambda name: (-ranges[name], name))[:MOST_CURVES]
    drawn = [cell for cell in preempting if cell.name in widest]
    style = styles(drawn)
    panels = tuple(
        Panel(placement_title(p, at_placement(drawn, p)), tuple(
            Series(cell.name, style[cell.name], tuple(
                Point(one.involuntary_switches, Spread(one.typical_ns, one.typical_ns, one.typical_ns, 1), case=cell.case.text)
                for _, one in found[cell.case.text]))
            for cell in at_placement(drawn, p)))
        for p in placements(drawn)
    )
    counts = [len(found[cell.case.text]) for cell in blocking]
    return Figure(
        anchor,
        f"Path and mix: {noun}" + (f", {units.size(size)} messages" if size is not None else ""),
        "How often does a wake-up preempt, and what does a round trip cost where it does and where it does not?",
        Cloud(Axis("involuntary switches a round trip", Unit.COUNT), Axis("typical (log)", Unit.TIME), panels),
        "Nanoseconds a round trip, not halved. Each dot is one repetition: at 0 no wake-up preempts, the farther "
        f"right, the more of them do. {units.span(min(counts), max(counts), units.whole)} repetitions a case. {machine}.",
        _table(blocking, found),
        (f"Drawn are cases with more than {_PREEMPTS:g} involuntary switches a round trip in some repetition"
         f"{f', the {MOST_CURVES} backends whose mix moves most' if len(ranges) > MOST_CURVES else ''}; the table has all "
         "cases whose peers sleep. A median can move because the mix moved, with both paths as they were.",),
        _says(preempting, found),
    )


def _says(cells: Sequence[Cell], found: Repetitions) -> str:
    """Whose mix moves most."""
    cell = max(cells, key=lambda c: (_range(found[c.case.text]), c.case.text))
    switches = [one.involuntary_switches for _, one in found[cell.case.text]]
    return (f"The mix moves most for {cell.name} at {cell.case.placement}, from {units.digits(min(switches))} to "
            f"{units.digits(max(switches))} involuntary switches a round trip between repetitions.")


def _table(cells: Sequence[Cell], found: Repetitions) -> Table:
    columns = ("backend", "placement", "involuntary switches a round trip", "of repetitions",
               "typical at the fewest", "typical at the most", "voluntary switches")
    return Table(columns, 2, tuple(_row(cell, found[cell.case.text]) for cell in cells),
                 cases=tuple(cell.case.text for cell in cells))


def _row(cell: Cell, repetitions: Sequence[tuple[int, Repetition]]) -> tuple[str, ...]:
    switches = [one.involuntary_switches for _, one in repetitions]
    low, high = min(switches), max(switches)
    outer = (high - low) * _OUTER
    ends = ("–", "–")
    if high - low > _PREEMPTS:
        ends = (_typical(r for r in repetitions if r[1].involuntary_switches <= low + outer),
                _typical(r for r in repetitions if r[1].involuntary_switches >= high - outer))
    return (
        cell.marked_name, cell.case.placement,
        units.spread(spread_over_processes((n, one.involuntary_switches) for n, one in repetitions), units.plain_scale),
        units.span(low, high, units.digits), *ends,
        units.spread(spread_over_processes((n, one.voluntary_switches) for n, one in repetitions), units.plain_scale),
    )


def _typical(repetitions: Iterable[tuple[int, Repetition]]) -> str:
    kept = list(repetitions)
    return f"{units.time(median(one.typical_ns for _, one in kept))} ({len(kept)} repetitions)"
