"""Where the fields of a map lie, for the drawing and for whoever points at it: inches from the upper left corner."""

from __future__ import annotations

from dataclasses import dataclass

from ..text import shorten
from .views import HostMap

WIDTH = 5.3
LETTER = 0.076
NAME, COLUMN = 22, 34
HEADING = 0.26
LEGEND = 0.42
# Of a row: few hosts have room, many are still to be read.
ROWS = ((40, 0.2), (120, 0.15), (10**9, 0.105))
WIDEST = 0.8
SMALL = 0.75


@dataclass(frozen=True)
class Layout:
    """`tops` are the upper edges of the rows, one after the other, `headings` those of the parts."""

    left: float
    top: float
    column: float
    row: float
    tops: tuple[float, ...]
    headings: tuple[float, ...]
    height: float
    upright: bool

    @property
    def small(self) -> bool:
        return self.row < 0.14


def layout_of(view: HostMap) -> Layout:
    row = next(height for most, height in ROWS if view.rows <= most)
    names = max((len(shorten(one.name, NAME)) for part in view.parts for one in part.rows), default=8)
    left = 0.22 + LETTER * (SMALL if row < 0.14 else 1.0) * names
    column = min(WIDEST, (WIDTH - left - 0.1) / max(len(view.columns), 1))
    longest = max((len(shorten(name, COLUMN)) for name in view.columns), default=1) * LETTER
    upright = longest > column
    top = 0.15 + (longest * (0.9 if upright else 0) or 0.15)
    tops, headings, y = [], [], top
    for part in view.parts:
        headings.append(y)
        y += HEADING
        for _ in part.rows:
            tops.append(y)
            y += row
    return Layout(left, top, column, row, tuple(tops), tuple(headings), y + LEGEND + 0.1, upright)
