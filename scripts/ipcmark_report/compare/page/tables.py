"""The tables of a comparison: every case, every figure of it, and what they add up to."""

from __future__ import annotations

from collections.abc import Sequence

from ...units import digits
from ...views import Table
from ..model import Cell, Change, Comparison, Group, Mix
from . import percent
from .marks import by_weight, mix_moved

# A page with more cases has the commands and all figures only of those that need a second look.
MOST_IN_FULL = 1000
MOST_UNMATCHED = 1000
_CELLS = ("case", "verdict", "by", "pairs", "left out", "change", "95 % interval", "p", "q", "threshold", "would be seen from",
          "reading", "mix", "confounders and reasons")
_CHANGES = ("case", "figure", "judged by it", "pairs", "left out", "change", "95 % interval", "p", "q", "compared apart")
_GROUPS = ("group", "verdict", "cells", "geometric mean", "95 % interval", "p", "q", "slower", "faster")


def needs_a_look(cell: Cell) -> bool:
    return cell.judged.starred or mix_moved(cell)


def cell_table(comparison: Comparison, most: int) -> Table:
    """At most so many rows; what matters most comes first."""
    cells = by_weight(comparison.cells)
    full = len(cells) <= MOST_IN_FULL
    shown = cells[:most]
    common = common_reasons(cells)
    return Table(_CELLS, 3, tuple(_cell_row(cell, common) for cell in shown), 3,
                 tuple(cell.case.text if full or needs_a_look(cell) else "" for cell in shown))


def common_reasons(cells: Sequence[Cell]) -> tuple[str, ...]:
    """What every cell has: told once."""
    if not cells:
        return ()
    first = dict.fromkeys(_reasons(cells[0]))
    rest = [set(_reasons(cell)) for cell in cells]
    return tuple(one for one in first if all(one in own for own in rest))


def _reasons(cell: Cell) -> list[str]:
    return [one for one in (cell.judged.why, *cell.confounders) if one]


def _cell_row(cell: Cell, common: Sequence[str] = ()) -> tuple[str, ...]:
    judged = cell.judged
    reasons = "; ".join(one for one in _reasons(cell) if one not in common)
    return (
        cell.case.text, verdict(cell), judged.estimator, *_numbers(judged), percent.size(judged.threshold),
        percent.MISSING if cell.detectable is None else percent.size(cell.detectable),
        cell.reading or percent.MISSING, mix_text(cell.mix), reasons or percent.MISSING)


def verdict(cell: Cell) -> str:
    star = "* " if cell.judged.starred else ""
    hatch = ", confounded" if cell.confounders else ""
    return f"{star}{cell.judged.verdict.value}{hatch}"


def _numbers(change: Change) -> tuple[str, ...]:
    return (str(change.pairs), str(change.left_out or percent.MISSING), percent.change(change.ratio),
            percent.interval(change.interval), percent.probability(change.p), percent.probability(change.q))


def mix_text(mix: Mix | None) -> str:
    if mix is None:
        return percent.MISSING
    if mix.simpson:
        return f"Simpson: {mix.says}"
    moved = f"{digits(mix.base_switches)} → {digits(mix.new_switches)}"
    return moved if mix.changed else mix.says or percent.MISSING


def change_table(comparison: Comparison) -> Table:
    """Every figure of a process that was compared, a row each."""
    cells = by_weight(comparison.cells)
    if len(cells) > MOST_IN_FULL:
        cells = [cell for cell in cells if needs_a_look(cell)][:MOST_IN_FULL]
    return Table(_CHANGES, 3, tuple(
        (cell.case.text, change.estimator, "yes" if change.estimator == cell.judged_by else percent.MISSING, *_numbers(change),
         _apart(change))
        for cell in cells for change in cell.changes), 1)


def _apart(change: Change) -> str:
    """Distances of the CPUs, and paths by their involuntary switches."""
    parts = [f"{ns:.0f} ns" for ns in change.strata] + [f"{digits(one)} switches" for one in change.paths or ()]
    return ", ".join(parts) or percent.MISSING


def group_table(groups: Sequence[Group]) -> Table:
    return Table(_GROUPS, 2, tuple(
        (group.name, group.verdict.value, str(group.cells), percent.change(group.ratio), percent.interval(group.interval),
         percent.probability(group.p), percent.probability(group.q), str(group.regressions or percent.MISSING),
         str(group.improvements or percent.MISSING)) for group in groups))


def control_table(comparison: Comparison) -> Table:
    return Table(_CELLS, 3, tuple(map(_cell_row, comparison.controls)), 3,
                 tuple(cell.case.text for cell in comparison.controls))


def unmatched_table(comparison: Comparison) -> Table:
    return Table(("case", "not compared, since"), 1, tuple((one.case, one.why) for one in comparison.unmatched[:MOST_UNMATCHED]), 1)
