"""What this comparison could have seen, and what more pairs would see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from .... import power
from ....views import Table
from ...model import Cell, Comparison
from .. import percent
from ..marks import by_family
from ..views import Figure, Line, LinesPanel, Power

_PAIRS = (6, 8, 10, 12, 16, 20, 24, 30, 40, 60, 80, 100)
_TOLD = (12, 20, 40, 100)
MOST_LINES = 6
MOST_PANELS = 4


def power_figure(comparison: Comparison, prefix: str) -> Figure | None:
    """None where nothing is known of it."""
    families = [(family, line) for family, cells in by_family(comparison.cells).items()
                if (line := _line(family, cells)) is not None]
    if not families:
        return None
    families.sort(key=lambda item: -(item[1].here or (0, 0))[1])
    lines = _merged([line for _, line in families])
    drawn = lines[:MOST_LINES * MOST_PANELS]
    panels = tuple(LinesPanel(title, tuple(own)) for title, own in _panels(drawn))
    return Figure(
        f"{prefix}power", "What could have been seen",
        "How small a change would this comparison have found, and what would more pairs?",
        _says(families), Power(panels),
        "The smallest change, as percent of the time of an operation, that 8 of 10 comparisons find, against the pairs of "
        "processes. The large mark is this comparison: you are here. The line is carried on from there as the spread of a mean "
        "shrinks with the number of pairs, and never falls below the family's threshold.",
        _table(families),
        (f"Drawn are {len(drawn)} of {len(lines)} lines, of the least sensitive families.",) if len(drawn) < len(lines) else ())


def _merged(lines: Sequence[Line]) -> list[Line]:
    """Families that see the same are one line."""
    alike: dict[tuple[tuple[float, float], ...], list[Line]] = {}
    for line in lines:
        alike.setdefault(line.points, []).append(line)
    return [replace(own[0], name=own[0].name + (f" and {len(own) - 1} more" if len(own) > 1 else "")) for own in alike.values()]


def _line(family: str, cells: Sequence[Cell]) -> Line | None:
    known = [cell for cell in cells if cell.detectable and cell.judged.pairs >= power.FEWEST_PAIRS]
    if not known:
        return None
    detectable = median(cell.detectable or 0 for cell in known)
    here = round(median(cell.judged.pairs for cell in known))
    threshold = median(cell.judged.threshold for cell in known)
    points = tuple((float(n), max(power.found_with(n, here, detectable) or 0.0, threshold)) for n in sorted({*_PAIRS, here}))
    return Line(family, points, here=(float(here), max(detectable, threshold)))


def _panels(lines: Sequence[Line]) -> list[tuple[str, Sequence[Line]]]:
    parts = [lines[at:at + MOST_LINES] for at in range(0, len(lines), MOST_LINES)]
    titles = ["families"] if len(parts) == 1 else ["the least sensitive families", *["more sensitive"] * (len(parts) - 1)]
    return list(zip(titles, parts))


def _says(families: Sequence[tuple[str, Line]]) -> str:
    worst, best = families[0][1], families[-1][1]
    assert worst.here is not None and best.here is not None
    if percent.size(worst.here[1]) == percent.size(best.here[1]):
        whose = worst.name if len(families) == 1 else "every family"
        return f"With {worst.here[0]:.0f} pairs {whose} shows changes from {percent.size(worst.here[1])}."
    return (f"{best.name} shows changes from {percent.size(best.here[1])}, "
            f"{worst.name} only from {percent.size(worst.here[1])}.")


def _table(families: Sequence[tuple[str, Line]]) -> Table:
    rows = []
    for family, line in families:
        assert line.here is not None
        pairs, detectable = line.here
        told = (percent.size(dict(line.points)[float(n)]) for n in _TOLD)
        rows.append((family, f"{pairs:.0f}", percent.size(detectable), *told))
    return Table(("family", "pairs", "you are here", *(f"with {n} pairs" for n in _TOLD)), 1, tuple(rows))
