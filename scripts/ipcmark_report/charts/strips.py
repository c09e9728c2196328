"""Charts with a row a category and a dot a value, as many as there are."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ..svg import INK
from ..text import shorten
from ..views import Panel, Point, Strip
from .canvas import (CHARACTER, GAP, LABEL_LIMIT, ROW, TITLE, WIDTH, Canvas, legend, legend_entries, legend_height, style,
                     title)
from .rows import categories, row_axis
from .scales import log_limits, value_axis, writer

# Of a row's height, over which the dots of one kind lie apart so that equal ones show.
SCATTER = 0.5
SIZE = 3.0


def strip(view: Strip) -> Canvas:
    """A panel below the other, all with the same axis."""
    panels = [(panel, categories(panel)) for panel in view.panels]
    longest = max((len(shorten(c, LABEL_LIMIT)) for _, names in panels for c in names), default=8)
    left = 0.15 + max(longest, 8) * CHARACTER
    named = legend_entries(s for panel in view.panels for s in panel.series)
    top = legend_height(named, WIDTH) if len(named) > 1 else 0.05
    page = Canvas(top + sum(TITLE + ROW * max(len(names), 1) + GAP for _, names in panels) + 0.48)
    points = [p for panel in view.panels for s in panel.series for p in s.points]
    limits = log_limits(points) if view.log else _plain_limits(points)
    y = top
    for index, (panel, names) in enumerate(panels):
        height = ROW * max(len(names), 1)
        axes = page.axes(left, y + TITLE, WIDTH - left - 0.2, height)
        axes.set_xscale("log" if view.log else "linear")
        _dots(page, axes, panel, names, view.log)
        row_axis(axes, names, show_names=True)
        last = index == len(panels) - 1
        if view.log:
            value_axis(axes.xaxis, view.x, limits, labels=last)
        else:
            axes.xaxis.set_major_locator(MaxNLocator(6))
            axes.xaxis.set_major_formatter(FuncFormatter(writer(view.x.unit) if last else lambda *_: ""))
            axes.grid(axis="x")
            axes.set_xlabel(view.x.label if last else "")
        axes.set_xlim(limits)
        for rule in panel.rules:
            axes.axvline(rule.at, color=INK, linewidth=0.8, zorder=1)
        title(page, panel.title, y)
        y += TITLE + height + GAP
    if len(named) > 1:
        legend(page, named, (), lines=False)
    return page


def _plain_limits(points: Sequence[Point]) -> tuple[float, float]:
    high = max((p.value.median for p in points), default=1.0)
    return -0.03 * high, 1.05 * high or 1.0


def _dots(page: Canvas, axes: Axes, panel: Panel, names: Sequence[str], log: bool) -> None:
    row = {name: index for index, name in enumerate(names)}
    for one in panel.series:
        points = [p for p in one.points if p.value.median >= 1e-9 or not log]
        colour, marker, _ = style(one.style)
        seen: dict[str, int] = {}
        ys = []
        for p in points:
            number = seen[str(p.at)] = seen.get(str(p.at), -1) + 1
            # The golden ratio spreads any number of dots evenly, and always alike.
            ys.append(row[str(p.at)] + SCATTER * ((number * 0.618034) % 1 - 0.5))
        page.marks(axes, points, [p.value.median for p in points], ys, linestyle="none", marker=marker, color=colour,
                   markersize=SIZE, alpha=0.75, markeredgewidth=0)
