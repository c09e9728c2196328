"""Charts of dots without lines, over any number."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from ..views import Cloud, Series
from .canvas import (GAP, LEFT, TITLE, WIDTH, Canvas, drawable, floor_lines, legend, legend_entries, legend_height, style,
                     title)
from .scales import log_limits, value_axis, writer

HEIGHT = 1.25


def cloud(drawing: Cloud) -> Canvas:
    """A panel below the other, all with the same axes; places along x are evenly spaced and any number."""
    named = legend_entries(s for panel in drawing.panels for s in panel.series)
    floors = legend_entries(s for panel in drawing.panels for s in panel.floors)
    top = legend_height([*named, *floors], WIDTH)
    page = Canvas(top + len(drawing.panels) * (TITLE + HEIGHT + GAP) + 0.45)
    points = [p for panel in drawing.panels for s in (*panel.series, *panel.floors) for p in s.points]
    limits = log_limits(points)
    places = [float(p.at) for p in points]
    pad = 0.03 * (max(places) - min(places)) or 0.5
    y = top
    for index, panel in enumerate(drawing.panels):
        axes = page.axes(LEFT, y + TITLE, WIDTH - LEFT - 0.2, HEIGHT)
        _scattered(page, axes, panel.series)
        floor_lines(axes, panel.floors)
        axes.set_ylim(limits)
        axes.set_xlim(min(places) - pad, max(places) + pad)
        value_axis(axes.yaxis, drawing.y, limits, labels=True)
        axes.locator_params(axis="x", nbins=7)
        last = index == len(drawing.panels) - 1
        axes.xaxis.set_major_formatter(FuncFormatter(writer(drawing.x.unit) if last else lambda *_: ""))
        axes.grid(axis="x")
        title(page, panel.title, y)
        y += TITLE + HEIGHT + GAP
    page.text(LEFT + (WIDTH - LEFT - 0.2) / 2, page.height - 0.08, drawing.x.label, ha="center", va="bottom")
    legend(page, named, floors, lines=False)
    return page


def _scattered(page: Canvas, axes: Axes, series: Sequence[Series]) -> None:
    axes.set_yscale("log")
    for one in series:
        points = drawable(one.points)
        colour, marker, _ = style(one.style)
        page.marks(axes, points, [float(p.at) for p in points], [p.value.median for p in points], color=colour,
                   marker=marker, linestyle="none", markersize=2.6, alpha=0.75, markeredgewidth=0)
        spread = [p for p in points if p.value.high > p.value.low]
        axes.vlines([float(p.at) for p in spread], [p.value.low for p in spread], [p.value.high for p in spread],
                    colors=colour, linewidth=0.8, alpha=0.75)
