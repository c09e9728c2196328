"""The processes of both sides, one by one: as strips with their distribution, and in the order of time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from .... import units
from ....model import Process, Run
from ....views import Table
from ...model import Cell, Change, Comparison, Design
from .. import percent
from ..marks import by_weight
from ..views import Dot, Figure, Sequence as Trace, Side, SidesPanel, Strips

MOST_CELLS = 6
# Where no cell has a star.
MOST_WITHOUT = 2
# Distances of two CPUs that differ by less are one.
_SAME_DISTANCE = 1.35
_MINUTE_NS, _SECOND_NS, _FEW_MINUTES = 60e9, 1e9, 3
_MOST = 0.9


def process_figures(comparison: Comparison, prefix: str) -> list[Figure]:
    cells = _drawn(comparison)
    if not cells:
        return []
    return [_strips(comparison, cells, prefix), _sequence(comparison, cells, prefix)]


def _drawn(comparison: Comparison) -> list[Cell]:
    """Starred cells; without any, the farthest, so that what a difference looks like is seen all the same."""
    cells = [cell for cell in by_weight(comparison.cells) if cell.judged.base and cell.judged.new]
    starred = [cell for cell in cells if cell.judged.starred]
    return starred[:MOST_CELLS] or cells[:MOST_WITHOUT]


def _strips(comparison: Comparison, cells: Sequence[Cell], prefix: str) -> Figure:
    names = {cell.case.text for cell in cells}
    # Of boots only the first run is at hand, and their values are no processes.
    boots = comparison.design is Design.BOOTS
    base, new = ({} if boots else _distances(run, names) for run in (comparison.base, comparison.new))
    modes = _grouped([*base.values(), *new.values()])
    panels = tuple(
        SidesPanel(_title(cell), (_side(comparison.base_name, cell, cell.judged.base, base, modes),
                                  _side(comparison.new_name, cell, cell.judged.new, new, modes)))
        for cell in cells)
    return Figure(
        f"{prefix}processes", f"{'Boots' if boots else 'Processes'} side by side",
        f"Did all {'boots' if boots else 'processes'} move, or a few, or the share of a mode?",
        _overlaps(cells),
        Strips(panels, tuple(f"CPUs {units.time(low)} apart" for low in modes) if len(modes) > 1 else ()),
        f"Nanoseconds an operation, the figure that gives the verdict. Each dot is one {'boot' if boots else 'process'}; the "
        f"steps below are the share of {'boots' if boots else 'processes'} that took no longer, the base's dashed. "
        + ("Colours are distances of the two CPUs." if len(modes) > 1 else ""),
        _process_table(comparison, cells),
        (_which(comparison, cells),))


def _which(comparison: Comparison, cells: Sequence[Cell]) -> str:
    starred = sum(cell.judged.starred for cell in comparison.cells)
    if not starred:
        return "No cell has a star; drawn are the farthest."
    return f"Drawn are {len(cells)} of {starred} starred cells, those that matter most."


def _title(cell: Cell) -> str:
    return f"{cell.case.text}: {percent.change(cell.judged.ratio)}, {cell.judged_by}"


Distances = dict[tuple[str, int], float]


def _distances(run: Run, cases: set[str]) -> Distances:
    """Of each process the distance of its two CPUs, ns, where it is known and stayed."""
    modes = run.info.topology_modes_ns
    return {
        (row.case.text, row.round): modes[int(row.topology_mode)] for row in run.rows
        if row.case.text in cases and row.topology_mode is not None and 0 <= row.topology_mode < len(modes)
    }


def _grouped(values: Iterable[float]) -> tuple[float, ...]:
    """Where each group of near distances begins, rising."""
    starts: list[float] = []
    last = 0.0
    for value in sorted(set(values)):
        if not starts or value > last * _SAME_DISTANCE:
            starts.append(value)
        last = value
    return tuple(starts)


def _side(name: str, cell: Cell, values: Sequence[tuple[int, float]], distances: Distances, modes: Sequence[float]) -> Side:
    def mode(number: int) -> int:
        at = distances.get((cell.case.text, number))
        return 0 if at is None else max(index for index, start in enumerate(modes) if at >= start)

    return Side(name, tuple(Dot(number, value, mode(number)) for number, value in values))


def _overlaps(cells: Sequence[Cell]) -> str:
    shares = [beyond(cell.judged) for cell in cells]
    most = sum(share >= _MOST for share in shares)
    return (f"In {most} of {len(cells)} {'cell' if len(cells) == 1 else 'cells'} at least {100 * _MOST:.0f} % of the new processes "
            f"lie on one side of the base's median; in {cells[0].case.text} {100 * shares[0]:.0f} %.")


def beyond(change: Change) -> float:
    """Which share of the new processes lies on that side of the base's median where most of them are."""
    middle = median(value for _, value in change.base)
    slower = sum(value > middle for _, value in change.new) / len(change.new)
    return max(slower, 1 - slower)


def _process_table(comparison: Comparison, cells: Sequence[Cell]) -> Table:
    rows = []
    for cell in cells:
        base, new = dict(cell.judged.base), dict(cell.judged.new)
        for number in sorted(base.keys() | new.keys()):
            pair = percent.change(new[number] / base[number]) if number in base and number in new and base[number] else "–"
            rows.append((cell.case.text, str(number), _time(base.get(number)), _time(new.get(number)),
                         pair if comparison.design is Design.INTERLEAVED else "–"))
    return Table(("case", "round", comparison.base_name, comparison.new_name, "of this pair"), 2, tuple(rows))


def _time(value: float | None) -> str:
    return percent.MISSING if value is None else units.time(value)


def _sequence(comparison: Comparison, cells: Sequence[Cell], prefix: str) -> Figure:
    names = {cell.case.text for cell in cells}
    boots = comparison.design is Design.BOOTS
    base, new = ({} if boots else _found(run, names) for run in (comparison.base, comparison.new))
    clock = comparison.design is Design.INTERLEAVED and _all_known(cells, base, new)
    first = min((p.repetitions[0].started_at_ns for p in (*base.values(), *new.values()) if p.repetitions), default=0.0)

    last = max((p.repetitions[0].started_at_ns for p in (*base.values(), *new.values()) if p.repetitions), default=0.0)
    unit, name = (_MINUTE_NS, "minutes") if last - first > _FEW_MINUTES * _MINUTE_NS else (_SECOND_NS, "seconds")

    def at(number: int, process: Process | None) -> float:
        return (process.repetitions[0].started_at_ns - first) / unit if clock and process else float(number)

    def panel(cell: Cell) -> SidesPanel:
        own = ((comparison.base_name, cell.judged.base, base), (comparison.new_name, cell.judged.new, new))
        find = cell.case.text
        return SidesPanel(
            _title(cell),
            tuple(Side(side, tuple(Dot(at(n, found.get((find, n))), value) for n, value in values))
                  for side, values, found in own),
            tuple(Side(side, tuple(
                Dot(at(n, found[find, n]), median(look.median_ns for look in found[find, n].anchors))
                for n, _ in values if (find, n) in found and found[find, n].anchors))
                for side, values, found in own))

    return Figure(
        f"{prefix}sequence", "In the order of time", "Is the difference drift?",
        _halves(cells),
        Trace(f"{name} since the first process" if clock else "boot" if boots else "round", tuple(panel(cell) for cell in cells)),
        "Nanoseconds an operation, one dot a process, both sides. The lane below is the anchor, ns for 1000 turns of a loop that "
        "no library and no kernel can move: where it rises, the machine was slow. "
        + ("" if comparison.design is Design.INTERLEAVED else
           "The sides did not take turns: the same place of both is not the same time."),
        _halves_table(cells))


def _found(run: Run, cases: set[str]) -> dict[tuple[str, int], Process]:
    return {(process.case.text, process.round): process for process in run.processes if process.case.text in cases}


def _all_known(cells: Sequence[Cell], base: dict[tuple[str, int], Process], new: dict[tuple[str, int], Process]) -> bool:
    return all(
        found.get((cell.case.text, number)) is not None and found[cell.case.text, number].repetitions
        for cell in cells for values, found in ((cell.judged.base, base), (cell.judged.new, new)) for number, _ in values)


def halves(change: Change) -> tuple[float, float] | None:
    """The ratio of medians, new over base, in the earlier and the later half of the rounds."""
    rounds = sorted({number for number, _ in (*change.base, *change.new)})
    middle = rounds[len(rounds) // 2] if rounds else 0
    ratios = []
    for late in (False, True):
        base, new = ([value for number, value in values if (number >= middle) is late]
                     for values in (change.base, change.new))
        if not base or not new or median(base) <= 0:
            return None
        ratios.append(median(new) / median(base))
    return ratios[0], ratios[1]


def _halves(cells: Sequence[Cell]) -> str:
    found = [(cell, both) for cell in cells if (both := halves(cell.judged)) is not None]
    if not found:
        return "There are too few processes to compare two halves of the run."
    same = sum((first > 1) == (second > 1) for _, (first, second) in found)
    cell, (first, second) = found[0]
    return (f"In {same} of {len(found)} {'cell' if len(found) == 1 else 'cells'} the change points the same way in both halves of "
            f"the rounds; in {cell.case.text} {percent.change(first)}, then {percent.change(second)}.")


def _halves_table(cells: Sequence[Cell]) -> Table:
    rows = []
    for cell in cells:
        found = halves(cell.judged)
        first, second = (percent.change(ratio) for ratio in found) if found else (percent.MISSING, percent.MISSING)
        rows.append((cell.case.text, first, second, percent.change(cell.judged.ratio)))
    return Table(("case", "first half of the rounds", "second half", "whole"), 1, tuple(rows))
