"""Lines of a comparison over pairs and over runs, and shares of a variance."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from ..compare.page import percent
from ..compare.page.views import Ladder, Line, LinesPanel, Power, Shares
from ..svg import GRID
from ..text import shorten
from ..views import Series
from .canvas import (CHARACTER, CURVE, FONT, LEFT, ROW, TITLE, WIDTH, Canvas, legend, legend_columns, legend_height, style,
                     title)
from .ratios import limits, ratio_axis

_PAIRS = (6, 10, 20, 40, 100, 200, 400, 1000)
_CHANGES = tuple(step * 10.0**power for power in range(-3, 3) for step in (1, 1.5, 2, 3, 5, 7))
_FEW = tuple(step * 10.0**power for power in range(-3, 3) for step in (1, 2, 5))
SCALE = 0.5
LABELS = 40
# Lines alone: dots take a thousand marks each.
HATCHES = ("", "////", "\\\\\\\\")


def power(view: Power) -> Canvas:
    values = [y for panel in view.panels for line in panel.lines for _, y in line.points]
    ends = (min(values) / 1.2, max(values) * 1.2)
    places = [x for panel in view.panels for line in panel.lines for x, _ in line.points]
    page, panels = _panels(view.panels, SCALE)
    for axes, panel in panels:
        axes.set_xscale("log")
        axes.set_yscale("log")
        for index, line in enumerate(panel.lines):
            colour, marker, dashes = style(index)
            axes.plot(*zip(*line.points), color=colour, linestyle=dashes, linewidth=1.3)
            if line.here is not None:
                axes.plot([line.here[0]], [line.here[1]], linestyle="none", marker=marker, color=colour, markersize=8)
        axes.set_ylim(ends)
        axes.set_xlim(min(places) / 1.1, max(places) * 1.1)
        for axis, ticks, write in ((axes.xaxis, _PAIRS, lambda value, _: f"{value:g}"),
                                   (axes.yaxis, _CHANGES if ends[1] < 8 * ends[0] else _FEW, lambda value, _: percent.size(value))):
            axis.set_major_locator(FixedLocator(ticks))
            axis.set_minor_locator(NullLocator())
            axis.set_major_formatter(FuncFormatter(write))
        axes.grid(True)
        axes.set_xlabel("pairs of processes (log)")
        axes.set_ylabel("smallest change")
    return page


def _panels(panels: Sequence[LinesPanel], scale: float) -> tuple[Canvas, list[tuple[Axes, LinesPanel]]]:
    """A panel below the other, each with its own legend above: their lines differ."""
    named = [[Series(line.name, index, ()) for index, line in enumerate(panel.lines)] for panel in panels]
    heights = [TITLE + legend_height(entries, WIDTH) + CURVE + scale for entries in named]
    page = Canvas(sum(heights))
    found = []
    y = 0.0
    for panel, entries, height in zip(panels, named, heights):
        title(page, panel.title, y)
        legend(page, entries, (), lines=True, top=y + TITLE)
        found.append((page.axes(LEFT, y + height - CURVE - scale, WIDTH - LEFT - 0.2, CURVE), panel))
        y += height
    return page, found


def ladder(view: Ladder) -> Canvas:
    lines = [line for panel in view.panels for line in panel.lines]
    low, high = limits((y for line in lines for _, y in line.points),
                       (end for line in lines for bar in line.bars if bar for end in bar), ())
    names = [shorten(name, 24) for name in view.runs]
    upright = max(map(len, names)) * CHARACTER > (WIDTH - LEFT - 0.2) / len(names)
    page, panels = _panels(view.panels, 0.15 + (CHARACTER * max(map(len, names)) if upright else 0.2))
    for axes, panel in panels:
        for index, line in enumerate(panel.lines):
            _rungs(axes, line, index, len(panel.lines))
        axes.axhline(0, color=GRID, linewidth=1)
        axes.set_xlim(-0.5, len(names) - 0.5)
        axes.set_ylim(low, high)
        ratio_axis(axes.yaxis, low, high, CURVE * 1.6)
        axes.set_ylabel("change")
        axes.xaxis.set_major_locator(FixedLocator(range(len(names))))
        axes.set_xticklabels(names, rotation=90 if upright else 0)
    return page


def _rungs(axes: Axes, line: Line, index: int, count: int) -> None:
    """Side by side a little, so that bars do not cover each other."""
    colour, marker, dashes = style(index)
    beside = 0.3 * (index - (count - 1) / 2) / max(count, 1)
    xs, ys = [x + beside for x, _ in line.points], [math.log(y) for _, y in line.points]
    axes.plot(xs, ys, color=colour, linestyle=dashes, linewidth=1.1, marker=marker, markersize=3.5)
    for x, bar in zip(xs, line.bars):
        if bar is not None:
            axes.vlines([x], math.log(max(bar[0], 1e-12)), math.log(bar[1]), colors=colour, linewidth=1.2)
    for at in line.stands_out:
        axes.plot([xs[at]], [ys[at]], linestyle="none", marker=marker, color=colour, markersize=8)


def shares(view: Shares) -> Canvas:
    """A row a thing, its parts end to end; the note at the end of the row."""
    names = [shorten(name, LABELS) for name, _ in view.rows]
    left, right = 0.15 + CHARACTER * max(map(len, names)), 0.15 + CHARACTER * max(map(len, view.notes))
    entries = [Series(part, index, ()) for index, part in enumerate(view.parts)]
    top = legend_height(entries, WIDTH) + 0.1
    page = Canvas(top + ROW * len(names) + 0.35)
    axes = page.axes(left, top, WIDTH - left - right, ROW * len(names))
    ends = [0.0] * len(names)
    for index in range(len(view.parts)):
        values = [parts[index] for _, parts in view.rows]
        axes.barh(range(len(names)), values, left=ends, height=0.66, color=style(index)[0], hatch=HATCHES[index],
                  edgecolor="#ffffff", linewidth=0)
        ends = [end + value for end, value in zip(ends, values)]
    for y, note in enumerate(view.notes):
        page.text(WIDTH - 0.05, top + ROW * (y + 0.5), note, ha="right", va="center", size=FONT - 0.5)
    axes.set_xlim(0, 1)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.yaxis.set_major_locator(FixedLocator(range(len(names))))
    axes.set_yticklabels(names)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(FixedLocator([0, 0.5, 1]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.0f} %"))
    handles = [Patch(facecolor=style(index)[0], hatch=HATCHES[index], edgecolor="#ffffff", linewidth=0, label=part)
               for index, part in enumerate(view.parts)]
    page.figure.legend(handles=handles, loc="upper left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.2,
                       ncol=legend_columns(entries, WIDTH),
                       fontsize=FONT - 0.5, borderpad=0.2)
    return page
