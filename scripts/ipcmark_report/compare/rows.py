"""The rows of a comparison's tables as text, for the terminal and for Markdown alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log

from ..text import one_line, shorten
from .discovery import ALPHA
from .model import Cell, Change, Comparison, Difference, Group, Interval, Verdict

# As many rows at least, where fewer changed.
_AT_LEAST = 10
_MOST_CONFOUNDERS = 4
# A fact that is longer is told by the words in which it differs, and of these so much.
_LONG, _MOST_OF_A_FACT = 60, 160


@dataclass(frozen=True)
class Table:
    """`rows` have a text a column and, in `verdicts`, what colours each; `below` are lines that belong to a row.
    `optional` names columns in the order in which they go where there is no room."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    verdicts: tuple[Verdict, ...]
    below: tuple[tuple[str, ...], ...]
    optional: tuple[str, ...] = ()


def percent(ratio: float | None) -> str:
    """Of a change; how many times as long from three on, since +1200 % is hard to read."""
    if ratio is None:
        return "–"
    return f"×{ratio:.3g}" if ratio >= 3 else f"{100 * (ratio - 1):+.1f} %"


def interval(value: Interval | None) -> str:
    return "–" if value is None else f"{percent(value.low)} to {percent(value.high)}"


def share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}" if value >= 0.001 else "<0.001"


def verdict(one: Verdict) -> str:
    return f"{one.value} *" if one in (Verdict.REGRESSION, Verdict.IMPROVEMENT) else one.value


def weight(cell: Cell) -> tuple[int, float]:
    """For sorting: stars first, the largest before; then what moved in another way; then by q."""
    change = cell.judged
    if change.starred:
        return 0 if change.verdict is Verdict.REGRESSION else 1, -abs(log(change.ratio or 1))
    if is_telling(cell):
        return 2, change.q if change.q is not None else 1.0
    return {Verdict.INCONCLUSIVE: 3, Verdict.NONE: 4}.get(change.verdict, 5), change.q if change.q is not None else 1.0


def is_telling(cell: Cell) -> bool:
    """Worth a row of its own: starred, another mix, a tail that moved alone, or a star that is not believed."""
    change = cell.judged
    return bool(change.starred or (cell.mix is not None and cell.mix.says) or cell.reading
                or (change.verdict is Verdict.INCONCLUSIVE and change.why))


def chosen(cells: Iterable[Cell], everything: bool) -> list[Cell]:
    """What a reader sees unasked."""
    ordered = sorted(cells, key=weight)
    if everything:
        return ordered
    return [cell for index, cell in enumerate(ordered) if index < _AT_LEAST or is_telling(cell)]


def cell_table(cells: Sequence[Cell], comparison: Comparison) -> Table:
    columns = ("case", "pairs" if comparison.design.value != "unpaired" else "processes", "by", "change", "95 % interval",
               "q", "least", "finds", "verdict")
    return Table(columns, tuple(_row(cell) for cell in cells), tuple(cell.judged.verdict for cell in cells),
                 tuple(_below(cell, comparison) for cell in cells), ("by", "finds", "least", columns[1], "95 % interval"))


def _row(cell: Cell) -> tuple[str, ...]:
    change = cell.judged
    return (one_line(cell.case.text), _pairs(change), change.estimator, percent(change.ratio), interval(change.interval),
            share(change.q), f"{100 * change.threshold:.1f} %",
            "–" if cell.detectable is None else f"{100 * cell.detectable:.1f} %", verdict(change.verdict))


def _pairs(change: Change) -> str:
    """Where some were left out: of how many."""
    return f"{change.pairs} of {change.pairs + change.left_out}" if change.left_out else str(change.pairs)


def _below(cell: Cell, comparison: Comparison) -> tuple[str, ...]:
    change, lines = cell.judged, []
    if change.why and change.why != comparison.void:
        lines.append(change.why)
    if cell.mix is not None and cell.mix.says and cell.mix.says not in lines:
        lines.append(cell.mix.says)
    if cell.reading:
        lines.append(_reading(cell))
    if change.starred and cell.confounders:
        lines.append(f"confounded by: {some(cell.confounders)}")
    if change.starred and change.strata:
        lines.append("compared apart at each distance of the CPUs: " + ", ".join(f"{ns:.0f} ns" for ns in change.strata))
    if change.starred and change.paths is not None:
        lines.append("compared within each path: " + ", ".join(f"{one:.2f}" for one in change.paths)
                     + " involuntary switches an operation")
    return tuple(one_line(line) for line in lines)


def _reading(cell: Cell) -> str:
    tail = cell.change("tail")
    moved = f" (tail {percent(tail.ratio)})" if tail is not None else ""
    return {"path length": "the tail did not change with it: the path is another length",
            "jitter": f"only the tail changed{moved}: jitter",
            "both": f"the tail changed too{moved}"}.get(cell.reading, cell.reading)


def some(names: Sequence[str]) -> str:
    more = len(names) - _MOST_CONFOUNDERS
    return ", ".join(names[:_MOST_CONFOUNDERS]) + (f" and {more} more" if more > 0 else "")


def group_table(groups: Sequence[Group], name: str) -> Table:
    columns = (name, "cells", "mean change", "95 % interval", "q", "slower", "quicker", "verdict")
    rows = tuple((one_line(one.name), str(one.cells), percent(one.ratio), interval(one.interval), share(one.q),
                  str(one.regressions), str(one.improvements), verdict(one.verdict)) for one in groups)
    return Table(columns, rows, tuple(one.verdict for one in groups), ((),) * len(rows),
                 ("slower", "quicker", "95 % interval"))


def difference_table(differences: Sequence[Difference]) -> Table:
    rows = tuple((one_line(f"{one.group}.{one.key}"), *told(one), standing(one)) for one in differences)
    return Table(("differs", "base", "new", "is"), rows, (Verdict.NONE,) * len(rows), ((),) * len(rows))


def told(one: Difference) -> tuple[str, str]:
    """Both values; of long ones, such as the options of a kernel, only the words that the other side lacks."""
    if min(len(one.base), len(one.new)) <= _LONG:
        return shorten(one.base, _MOST_OF_A_FACT), shorten(one.new, _MOST_OF_A_FACT)
    base, new = one.base.replace(",", " ").split(), one.new.replace(",", " ").split()
    sides = [" ".join(word for word in own if word not in set(other)) for own, other in ((base, new), (new, base))]
    return shorten(sides[0] or "nothing more", _MOST_OF_A_FACT), shorten(sides[1] or "nothing more", _MOST_OF_A_FACT)


def standing(one: Difference) -> str:
    if one.varying:
        return "what is compared"
    if one.confounds:
        return "a confounder"
    return "a reading" if one.volatile else "worth knowing"


def counts(comparison: Comparison) -> str:
    """How many tests there were, and what to expect of them."""
    known = [cell.judged for cell in (*comparison.cells, *comparison.controls) if cell.judged.p is not None]
    alone = sum(is_alone(change) for change in known)
    starred = sum(cell.judged.starred for cell in comparison.cells)
    return (f"{len(known)} tests with the controls: {alone} beyond their threshold with p < {ALPHA:g} "
            f"({ALPHA * len(known):.1f} with p < {ALPHA:g} expected of nothing); {starred} starred after correction, "
            f"at most {comparison.expected_false:.2g} of them expected to be false")


def is_alone(change: Change) -> bool:
    return (change.p is not None and change.ratio is not None and change.p < ALPHA
            and abs(log(change.ratio)) > log(1 + change.threshold))


def matrix(comparisons: Sequence[Comparison], everything: bool) -> Table:
    """One row a case that is worth one anywhere, one column a run."""
    cells = {cell.case.text: cell for one in comparisons for cell in chosen(one.cells, everything)
             if everything or is_telling(cell)}
    found = [{cell.case.text: cell for cell in one.cells} for one in comparisons]
    names = sorted(cells, key=lambda name: min(weight(own[name]) for own in found if name in own))
    rows = tuple((one_line(name), *(_short(own.get(name)) for own in found)) for name in names)
    worst = tuple(min((own[name] for own in found if name in own), key=weight).judged.verdict for name in names)
    return Table(("case", *(one_line(one.new_name) for one in comparisons)), rows, worst, ((),) * len(rows))


def _short(cell: Cell | None) -> str:
    if cell is None:
        return "–"
    return percent(cell.judged.ratio) + (" *" if cell.judged.starred else "")
