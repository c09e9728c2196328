"""How a cell is marked in charts and rows, and which cells come first."""

from __future__ import annotations

import math
from collections.abc import Iterable
from enum import Enum

from ..model import Cell, Change, Verdict


class Mark(Enum):
    STARRED = "starred"
    EQUIVALENT = "equivalent"
    INCONCLUSIVE = "inconclusive"


def mark(cell: Cell) -> Mark:
    if cell.judged.starred:
        return Mark.STARRED
    return Mark.EQUIVALENT if cell.judged.verdict is Verdict.EQUIVALENT else Mark.INCONCLUSIVE


def is_confounded(cell: Cell) -> bool:
    """Something was shown, and the sides differ in more than what is compared."""
    return bool(cell.confounders) and mark(cell) is not Mark.INCONCLUSIVE


def mix_moved(cell: Cell) -> bool:
    """Or it gives the lie to the whole."""
    return cell.mix is not None and bool(cell.mix.changed or cell.mix.simpson or cell.mix.against_whole)


def distance(change: Change) -> float:
    """How far from no change, whichever way."""
    return abs(math.log(change.ratio)) if drawable(change.ratio) else 0.0


def drawable(ratio: float | None) -> bool:
    """On a scale of ratios only these have a place."""
    return ratio is not None and math.isfinite(ratio) and ratio > 0


def by_weight(cells: Iterable[Cell]) -> list[Cell]:
    """What a reader looks at first: starred ones, slower before faster, then those whose mix moved, then the farthest."""
    return sorted(cells, key=lambda cell: (
        not cell.judged.starred, cell.judged.verdict is Verdict.IMPROVEMENT, not mix_moved(cell),
        -distance(cell.judged), cell.case.text))


def by_family(cells: Iterable[Cell]) -> dict[str, list[Cell]]:
    """The cells of each family, families in the order of their first cell."""
    found: dict[str, list[Cell]] = {}
    for cell in cells:
        found.setdefault(cell.family, []).append(cell)
    return found


def short_name(cell: Cell) -> str:
    """The case within its family: the backend with its parameters."""
    return " ".join(filter(None, (cell.case.backend, parameters(cell))))


def parameters(cell: Cell) -> str:
    return " ".join(f"{key}:{value}" for key, value in cell.case.parameters)
