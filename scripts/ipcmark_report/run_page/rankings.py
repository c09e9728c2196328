"""Sentences that say which backend is first and which is last."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .. import units
from ..cells import Cell, Value, at_placement, placements


def ranking(cells: Sequence[Cell], value: Value, write: Callable[[float], str], descending: bool = False) -> str:
    """A sentence a placement; unpinned results come after those that say where they were measured."""
    order = sorted(placements(cells), key=lambda placement: placement == "unpinned")
    return " ".join(filter(None, (_at(at_placement(cells, p), p, value, write, descending) for p in order)))


def _at(cells: Sequence[Cell], placement: str, value: Value, write: Callable[[float], str], descending: bool) -> str:
    found = sorted(((v, cell.name) for cell in cells if (v := cell.median(value))), reverse=descending)
    if not found:
        return ""
    best, last = found[0], found[-1]
    text = f"{placement.capitalize() if placement == 'unpinned' else f'At {placement}'}, {best[1]} is best with {write(best[0])}"
    if len(found) == 1:
        return text + "."
    factor = max(best[0], last[0]) / min(best[0], last[0])
    return f"{text}; {last[1]}, the last of {len(found)}, has {write(last[0])} ({units.digits(factor)} times)."
