"""The ground that every chart is drawn on: measures, colours, marks, and the legend.

Series differ in colour (Okabe and Ito's palette, safe for colour-blind readers), in marker and in
line style, so a grey print keeps them apart. Text stays text and takes the page's colour.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Sequence

# Before the import, which complains of a home directory that it cannot write to.
logging.getLogger("matplotlib").setLevel(logging.ERROR)

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..svg import GRID, INK
from ..text import shorten
from ..views import Point, Series

WIDTH = 5.3  # inches; the page may scale a chart down to a phone without losing its labels
ROW, TITLE, CURVE, LANE, GAP = 0.19, 0.30, 1.75, 0.5, 0.10
LEFT = 0.95  # of curves: room for the longest tick label and the axis label
PAPER = "#ffffff"
FONT = 9.0
LABEL_LIMIT = 30
CHARACTER = 0.076  # inches a label character takes, generously
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#e69f00", "#56b4e9", "#cc79a7", INK)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">", "p")
LINES = ("-", "--", "-.", ":")
# Floors are strokes of ink without marks.
FLOORS: tuple[object, ...] = ((0, (1, 1)), (0, (4, 1.5)), (0, (6, 1.5, 1, 1.5)))
SETTINGS = {
    "svg.hashsalt": "ipcmark", "svg.fonttype": "none", "text.parse_math": False, "font.size": FONT,
    "font.family": ["DejaVu Sans", "Verdana", "sans-serif"],
    "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": INK,
    "xtick.color": INK, "ytick.color": INK, "grid.color": GRID, "grid.linewidth": 0.6,
    "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.7, "legend.frameon": False,
}


class Canvas:
    """A figure measured in inches from its upper left corner, so that nothing depends on a layout."""

    def __init__(self, height: float) -> None:
        self.height = height
        self.tips: dict[str, tuple[str, ...]] = {}
        self.figure = Figure(figsize=(WIDTH, height))
        self.figure.patch.set_visible(False)

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        box = (left / WIDTH, 1 - (top + height) / self.height, width / WIDTH, height / self.height)
        axes = self.figure.add_axes(box)
        axes.patch.set_visible(False)
        axes.set_axisbelow(True)
        return axes

    def marks(self, axes: Axes, points: Sequence[Point], xs: Sequence[float], ys: Sequence[float],
              **style: object) -> None:
        """A mark a point; `tips` keeps, by the id of the group, which case each of them is of."""
        line, = axes.plot(xs, ys, **style)
        self.named(line, [p.case for p in points])

    def named(self, drawn: Artist, cases: Sequence[str]) -> None:
        """What is drawn is of these cases: of one, or one a mark."""
        if any(cases):
            drawn.set_gid(f"tips{len(self.tips)}")
            self.tips[drawn.get_gid()] = tuple(cases)

    def text(self, x: float, y: float, text: str, **style: object) -> None:
        self.figure.text(x / WIDTH, 1 - y / self.height, text, **style)


def title(page: Canvas, text: str, y: float) -> None:
    page.text(0.1, y + TITLE - 0.07, shorten(text, 78), ha="left", va="bottom", weight="bold",
              size=FONT - 0.5)


def style(index: int) -> tuple[str, str, str]:
    return COLOURS[index % len(COLOURS)], MARKERS[index % len(MARKERS)], LINES[index % len(LINES)]


def drawable(points: Iterable[Point]) -> list[Point]:
    """On a log axis only what is above zero has a place."""
    return [p for p in points if p.value.median >= 1e-9]


def floor_lines(axes: Axes, floors: Sequence[Series]) -> None:
    for one in floors:
        points = drawable(one.points)
        axes.plot([float(p.at) for p in points], [p.value.median for p in points], color=INK, linewidth=1.3,
                  linestyle=FLOORS[one.style % len(FLOORS)])


def legend_entries(series: Iterable[Series]) -> list[Series]:
    return sorted({s.name: s for s in series}.values(), key=lambda s: s.style)


def legend_columns(entries: Sequence[Series], width: float) -> int:
    longest = max((len(shorten(s.name, LABEL_LIMIT)) for s in entries), default=1)
    return max(1, min(len(entries), int((width - 0.1) / (0.62 + longest * CHARACTER))))


def legend_height(entries: Sequence[Series], width: float) -> float:
    return 0.12 + 0.19 * math.ceil(len(entries) / legend_columns(entries, width)) if entries else 0.05


def legend(page: Canvas, entries: Sequence[Series], floors: Sequence[Series], lines: bool, top: float = 0.0) -> None:
    axes = page.axes(0.0, 0.0, 0.01, 0.01)
    axes.set_axis_off()
    handles = []
    for one in entries:
        colour, marker, line = style(one.style)
        handles += axes.plot([], [], color=colour, marker=marker, linestyle=line if lines else "none",
                             markersize=5, label=shorten(one.name, LABEL_LIMIT))
    for one in floors:
        handles += axes.plot([], [], color=INK, linewidth=1.3, linestyle=FLOORS[one.style % len(FLOORS)],
                             label=shorten(one.name, LABEL_LIMIT))
    if handles:
        page.figure.legend(handles=handles, loc="upper left", bbox_to_anchor=(0.0, 1 - top / page.height), borderaxespad=0.2,
                           ncol=legend_columns([*entries, *floors], WIDTH), fontsize=FONT - 0.5, handlelength=2.6,
                           columnspacing=1.0, labelspacing=0.3, borderpad=0.2)
