"""The map of hosts: a row a host, a column a case, the colour how far it is from its peers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from matplotlib.axes import Axes
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from ..compare.page import percent
from ..fleet.layout import COLUMN, HEADING, NAME, SMALL, Layout, layout_of
from ..fleet.views import HostMap, HostRow, Spot
from ..svg import GRID, INK
from ..text import shorten
from .canvas import COLOURS, FONT, WIDTH, Canvas

LESS, MORE = COLOURS[0], COLOURS[1]
FAINT, STRONG = 0.10, 0.85
# A shade is one path for all its fields: a map has tens of thousands of them.
SHADES = 8
# What is as far as this has the strongest colour, unless all is nearer.
FULL, LEAST_FULL = math.log(1.5), math.log(1.05)
WRITTEN = 0.55


def host_map(view: HostMap) -> Canvas:
    layout = layout_of(view)
    page = Canvas(layout.height)
    full = _full(view)
    # Upright, a letter is no higher than its column is wide.
    size = min(FONT - 1, layout.column * 72 * 0.95) if layout.upright else FONT - 1
    for index, name in enumerate(view.columns):
        page.text(layout.left + (index + 0.5) * layout.column, layout.top - 0.05, shorten(name, COLUMN), ha="center", va="bottom",
                  rotation=90 if layout.upright else 0, size=size)
    for part, y in zip(view.parts, layout.headings):
        page.text(0.1, y + HEADING - 0.06, shorten(part.title, 70), ha="left", va="bottom", weight="bold", size=FONT - 0.5)
    rows = [row for part in view.parts for row in part.rows]
    axes = page.axes(0, 0, WIDTH, layout.height)
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(layout.height, 0)
    axes.set_axis_off()
    _shades(axes, rows, layout, full)
    _marks(axes, rows, layout)
    size = FONT * SMALL if layout.small else FONT - 0.5
    for row, y in zip(rows, layout.tops):
        page.text(layout.left - 0.07, y + layout.row / 2, shorten(row.name, NAME), ha="right", va="center", size=size,
                  weight="bold" if row.named else "normal")
        if layout.column > WRITTEN:
            _write(page, row, y, layout)
    _legend(page, axes, layout, full)
    return page


def _full(view: HostMap) -> float:
    far = max((abs(math.log(spot.ratio)) for part in view.parts for row in part.rows for spot in row.spots if spot), default=0.0)
    return max(min(far, FULL), LEAST_FULL)


def _shade(spot: Spot, full: float) -> int:
    """From -SHADES to SHADES; 0 is hardly anything."""
    return round(max(-1.0, min(1.0, math.log(spot.ratio) / full)) * SHADES)


def _alpha(shade: int) -> float:
    return FAINT + (STRONG - FAINT) * (abs(shade) - 1) / (SHADES - 1) if shade else 0.35


def _fields(rows: Sequence[HostRow], layout: Layout) -> Iterator[tuple[float, float, Spot | None]]:
    for row, y in zip(rows, layout.tops):
        for index, spot in enumerate(row.spots):
            yield layout.left + index * layout.column, y, spot


def _shades(axes: Axes, rows: Sequence[HostRow], layout: Layout, full: float) -> None:
    boxes: dict[int, list[tuple[float, float]]] = {}
    for x, y, spot in _fields(rows, layout):
        if spot is not None:
            boxes.setdefault(_shade(spot, full), []).append((x, y))
    # Where fields are small a gap between them is most of them.
    gap = 0.012 if layout.column > 0.08 else 0.003
    for shade, corners in sorted(boxes.items()):
        colour = MORE if shade > 0 else LESS if shade < 0 else GRID
        axes.add_patch(PathPatch(_boxes(corners, layout.column - gap, layout.row - 0.012), facecolor=colour, alpha=_alpha(shade),
                                 edgecolor="none"))


def _boxes(corners: Sequence[tuple[float, float]], width: float, height: float) -> Path:
    points, codes = [], []
    for x, y in corners:
        points += [(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)]
        codes += [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
    return Path(points, codes)


def _marks(axes: Axes, rows: Sequence[HostRow], layout: Layout) -> None:
    found = [(x, y) for x, y, spot in _fields(rows, layout) if spot is not None and spot.found]
    if found:
        size = min(4.5, 40 * layout.row, 45 * layout.column)
        shift = 0.1 if layout.column > WRITTEN else layout.column / 2
        axes.plot([x + shift for x, _ in found], [y + layout.row / 2 for _, y in found], linestyle="none", marker="o",
                  markersize=size, color=INK, markeredgewidth=0)


def _write(page: Canvas, row: HostRow, y: float, layout: Layout) -> None:
    for index, spot in enumerate(row.spots):
        if spot is not None:
            page.text(layout.left + (index + 0.94) * layout.column, y + layout.row * 0.54, percent.change(spot.ratio), ha="right",
                      va="center", size=FONT - 1.5)


def _legend(page: Canvas, axes: Axes, layout: Layout, full: float) -> None:
    top = layout.height - 0.4
    for index, (name, shade, marked) in enumerate((
            (f"{percent.change(math.exp(-full))} or less", -SHADES, False),
            (f"{percent.change(math.exp(full))} or more", SHADES, False), ("chance is no explanation", 0, True))):
        x = 0.1 + 1.45 * index
        colour = MORE if shade > 0 else LESS if shade < 0 else GRID
        axes.add_patch(Rectangle((x, top), 0.22, 0.16, facecolor=colour, alpha=_alpha(shade), edgecolor="none"))
        if marked:
            axes.plot([x + 0.11], [top + 0.08], linestyle="none", marker="o", markersize=4.5, color=INK, markeredgewidth=0)
        page.text(x + 0.29, top + 0.09, name, ha="left", va="center", size=FONT - 1)
