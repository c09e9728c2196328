"""Three or more runs in order: where along them a family changed."""

from __future__ import annotations

from collections.abc import Sequence

from ....views import Table
from ...model import Comparison, Group
from .. import percent
from ..marks import drawable
from ..views import Figure, Ladder, Line, LinesPanel

MOST_LINES = 6
MOST_PANELS = 4
# A step must also be larger than this.
LEAST_STEP = 0.02


def ladder_figure(comparisons: Sequence[Comparison]) -> Figure | None:
    """None for fewer than three runs."""
    if len(comparisons) < 2:
        return None
    lines = [line for name in _families(comparisons) if (line := _line(name, comparisons)) is not None]
    if not lines:
        return None
    lines.sort(key=lambda line: (not line.stands_out, -max(abs(y - 1) for _, y in line.points), line.name))
    drawn = lines[:MOST_LINES * MOST_PANELS]
    parts = [drawn[at:at + MOST_LINES] for at in range(0, len(drawn), MOST_LINES)]
    runs = (comparisons[0].base_name, *(one.new_name for one in comparisons))
    return Figure(
        "ladder", "The runs in order", "At which step did it change?", _says(lines, runs),
        Ladder(runs, tuple(LinesPanel("families" if index == 0 else "more families", tuple(part))
                           for index, part in enumerate(parts))),
        "Geometric mean of each family, time an operation over that of the first run, with 95 % intervals. A large mark is a step "
        "that stands out: its interval and the one before it do not touch, and it is more than 2 %.",
        _table(lines, runs),
        (f"Drawn are {len(drawn)} of {len(lines)} families.",) if len(drawn) < len(lines) else ())


def _families(comparisons: Sequence[Comparison]) -> list[str]:
    return list(dict.fromkeys(group.name for one in comparisons for group in one.families))


def _line(name: str, comparisons: Sequence[Comparison]) -> Line | None:
    points: list[tuple[float, float]] = [(0.0, 1.0)]
    bars: list[tuple[float, float] | None] = [None]
    for index, comparison in enumerate(comparisons, 1):
        group = next((group for group in comparison.families if group.name == name), None)
        if group is not None and group.ratio is not None and drawable(group.ratio):
            points.append((float(index), group.ratio))
            bars.append(_bar(group))
    if len(points) < 2:
        return None
    steps = tuple(at for at in range(1, len(points)) if stands_out(
        bars[at - 1] or (points[at - 1][1],) * 2, bars[at], points[at][1] / points[at - 1][1]))
    return Line(name, tuple(points), tuple(bars), steps)


def _bar(group: Group) -> tuple[float, float] | None:
    return (group.interval.low, group.interval.high) if group.interval else None


def stands_out(before: tuple[float, float], after: tuple[float, float] | None, step: float) -> bool:
    """Without an interval nothing does."""
    if after is None or 1 / (1 + LEAST_STEP) <= step <= 1 + LEAST_STEP:
        return False
    return after[0] > before[1] or after[1] < before[0]


def _says(lines: Sequence[Line], runs: Sequence[str]) -> str:
    steps = [(line.name, at, line) for line in lines for at in line.stands_out]
    if not steps:
        return "No step stands out."
    texts = [f"{name} at {runs[int(line.points[at][0])]} ({percent.change(line.points[at][1] / line.points[at - 1][1])})"
             for name, at, line in steps[:4]]
    more = f", and {len(steps) - 4} more" if len(steps) > 4 else ""
    return f"{len(steps)} {'step stands' if len(steps) == 1 else 'steps stand'} out: {', '.join(texts)}{more}."


def _table(lines: Sequence[Line], runs: Sequence[str]) -> Table:
    rows = []
    for line in lines:
        at = dict(line.points)
        marked = {line.points[index][0] for index in line.stands_out}
        rows.append((line.name, *(
            percent.MISSING if (ratio := at.get(float(index))) is None
            else percent.change(ratio) + (" step" if float(index) in marked else "") for index in range(len(runs)))))
    return Table(("family", *runs), 1, tuple(rows))
