"""Figures of the processes of a case beside one another: do they agree, fall into heaps, or does one stand apart?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import median

from .. import units
from ..cells import Cell, select
from ..model import Histogram, Process, Row, Run
from ..stats import values_at
from ..views import Axis, Bundle, Ecdf, Figure, Strand, Table, Unit

# Cases of a measure that are drawn.
DRAWN = 4
FEWEST_PROCESSES = 3
# A process is far off where it takes so much longer than the case's median.
FAR = 1.5
# Shares of operations at which a line has a point.
_SHARES = (0.001, 0.01, 0.03, *(step / 20 for step in range(1, 20)), 0.97, 0.99, 0.999)
_MEASURES = {"latency": "round trips", "open_loop": "round trips at a rate", "fork_cost": "starts of a child",
             "lifecycle": "objects", "throughput": "messages", "contention": "contended operations"}


def heap_figures(run: Run, cells: Sequence[Cell], machine: str) -> list[Figure]:
    """A figure a measure, of the cases whose processes are farthest apart."""
    histograms = {(h.case.text, h.round): h for h in run.histograms if not h.series}
    processes = {(p.case.text, p.round): p for p in run.processes}
    figures = []
    for measure, what in _MEASURES.items():
        own = [cell for cell in select(cells, measure) if len(_values(cell)) >= FEWEST_PROCESSES]
        if own:
            figures.append(_figure(run, own, what, histograms, processes, machine, f"heaps-{measure}"))
    return figures


def _values(cell: Cell) -> list[float]:
    return [row.typical_ns for row in cell.rows if row.typical_ns]


def _names(cells: Sequence[Cell]) -> dict[str, str]:
    """By case: noun and backend, and of what cells with the same name do not share its value in each."""
    alike: dict[tuple[str, str, str], list[Cell]] = {}
    for cell in cells:
        alike.setdefault((cell.case.noun, cell.name, cell.case.placement), []).append(cell)
    found = {}
    for own in alike.values():
        keys = dict.fromkeys(key for cell in own for key, _ in cell.case.parameters)
        differing = [key for key in keys if len({cell.case.parameter(key) for cell in own}) > 1]
        for cell in own:
            values = (f"{key}:{cell.case.parameter(key)}" for key in differing if cell.case.parameter(key) is not None)
            found[cell.case.text] = ", ".join([f"{cell.case.noun} {cell.name}", *values])
    return found


def _marks(cell: Cell) -> str:
    return f" [{cell.flags}]" if cell.flags else ""


def _apart(cell: Cell) -> float:
    values = _values(cell)
    return max(values) / min(values)


def _figure(run: Run, cells: Sequence[Cell], what: str, histograms: dict[tuple[str, int], Histogram],
            processes: dict[tuple[str, int], Process], machine: str, anchor: str) -> Figure:
    widest = sorted(cells, key=lambda cell: (-_apart(cell), cell.case.text))
    names = _names(cells)
    bundles = []
    for cell in widest[:DRAWN]:
        strands = tuple(
            strand for row in cell.rows
            if (strand := _strand(run, row, histograms.get((cell.case.text, row.round)),
                                  processes.get((cell.case.text, row.round)))))
        bundles.append(Bundle(f"{names[cell.case.text]}{_marks(cell)}, {cell.case.placement}", strands))
    counts = [len(_values(cell)) for cell in cells]
    return Figure(
        anchor,
        f"Processes side by side: {what}",
        "Do the processes of a case agree, do they fall into heaps, or does one stand apart?",
        Ecdf(Axis("an operation (log)", Unit.TIME), tuple(bundles)),
        f"Nanoseconds an operation. A line is the distribution of one process (of its repetitions, where single operations are "
        f"not timed), a dot its typical time; {units.span(min(counts), max(counts), units.whole)} processes a case; each panel has "
        f"its own scale. {machine}.",
        _table(widest, names),
        (f"Drawn are the {len(bundles)} of {len(cells)} cases whose typical times are farthest apart; the table has all.",),
        _says(widest, names),
    )


def _strand(run: Run, row: Row, histogram: Histogram | None, process: Process | None) -> Strand | None:
    if not row.typical_ns:
        return None
    if histogram is not None:
        positions = [1 / (1 - share) for share in _SHARES]
        values = tuple(value / histogram.operations_per_sample
                       for value in values_at(histogram.values, histogram.counts, positions))
        shares: tuple[float, ...] = _SHARES
    else:
        values = tuple(sorted(one.typical_ns for one in process.repetitions)) if process else (row.typical_ns,)
        shares = tuple((index + 1) / len(values) for index in range(len(values)))
    return Strand(*_kind(run, row), values, shares, row.typical_ns, row.case.text)


def _kind(run: Run, row: Row) -> tuple[str, int]:
    modes = run.info.topology_modes_ns
    if row.topology_mode is None:
        return "no distance probed", 0
    mode = int(row.topology_mode)
    if 0 <= mode < len(modes):
        return f"CPUs {units.time(modes[mode])} apart", mode + 1
    return "distance changed", len(modes) + 1


def _says(widest: Sequence[Cell], names: dict[str, str]) -> str:
    first = widest[0]
    values = _values(first)
    far = sum(_apart(cell) > FAR for cell in widest)
    text = (f"In {far} of {len(widest)} cases the slowest process takes more than {FAR:g} times as long as the quickest; farthest "
            f"apart is {names[first.case.text]} at {first.case.placement}, from {units.time(min(values))} to "
            f"{units.time(max(values))}.")
    return text + _slow_round(widest)


def _slow_round(cells: Sequence[Cell]) -> str:
    """Where processes that stand apart come from one round, the machine was slow then."""
    slow: Counter[int] = Counter()
    for cell in cells:
        middle = median(_values(cell))
        slow.update(row.round for row in cell.rows if row.typical_ns and row.typical_ns > FAR * middle)
    rounds = len({row.round for cell in cells for row in cell.rows})
    if not slow:
        return f" No process takes {FAR:g} times its case's median."
    number, count = max(slow.items(), key=lambda item: (item[1], -item[0]))
    if count > 2 * slow.total() / rounds and count > 2:
        return f" Of {slow.total()} processes beyond {FAR:g} times their case's median {count} are of round {number}."
    if slow.total() == 1:
        return f" The one process beyond {FAR:g} times its case's median is of round {number}."
    return f" The {slow.total()} processes beyond {FAR:g} times their case's median lie in {len(slow)} of {rounds} rounds."


def _table(cells: Sequence[Cell], names: dict[str, str]) -> Table:
    rows = []
    for cell in cells:
        values = _values(cell)
        modes = Counter(int(row.topology_mode) for row in cell.rows if row.topology_mode is not None)
        rows.append((
            f"{names[cell.case.text]}{_marks(cell)}", cell.case.placement, units.time(median(values)), units.time(min(values)),
            units.time(max(values)), units.digits(_apart(cell)), str(len(values)), str(len(modes) or "–")))
    columns = ("case", "placement", "typical, median", "quickest process", "slowest process", "slowest over quickest",
               "processes", "distances")
    return Table(columns, 2, tuple(rows), cases=tuple(cell.case.text for cell in cells))
