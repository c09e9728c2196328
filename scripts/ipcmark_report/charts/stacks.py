"""Charts of several quantities over one axis, each in a layer with a scale of its own."""

from __future__ import annotations

from dataclasses import replace

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ..views import Layer, Point, Stack
from .canvas import FONT, GAP, LEFT, TITLE, WIDTH, Canvas, legend, legend_entries, legend_height, style, title
from .scales import log_limits, value_axis, writer

FIRST, OTHER = 1.5, 0.7


def stack(view: Stack) -> Canvas:
    """The first layer is the tallest; the legend names its series where there are several."""
    named = legend_entries(s for layer in view.layers if len(layer.panel.series) > 1 for s in layer.panel.series)
    several = bool(named)
    top = legend_height(named, WIDTH) if several else 0.05
    heights = [FIRST if index == 0 else OTHER for index in range(len(view.layers))]
    page = Canvas(top + sum(height + TITLE + GAP for height in heights) + 0.45)
    places = [float(p.at) for layer in view.layers for s in layer.panel.series for p in s.points]
    pad = 0.02 * (max(places) - min(places)) or 0.5
    y = top
    for index, (layer, height) in enumerate(zip(view.layers, heights)):
        axes = page.axes(LEFT, y + TITLE, WIDTH - LEFT - 0.2, height)
        _layer(page, axes, layer)
        axes.set_xlim(min(places) - pad, max(places) + pad)
        axes.xaxis.set_major_locator(MaxNLocator(6))
        last = index == len(view.layers) - 1
        axes.xaxis.set_major_formatter(FuncFormatter(writer(view.x.unit) if last else lambda *_: ""))
        axes.grid(axis="x")
        title(page, layer.panel.title, y)
        y += TITLE + height + GAP
    page.text(LEFT + (WIDTH - LEFT - 0.2) / 2, page.height - 0.08, view.x.label, ha="center", va="bottom")
    if several:
        legend(page, named, (), lines=False)
    return page


def _layer(page: Canvas, axes: Axes, layer: Layer) -> None:
    points = [p for s in layer.panel.series for p in s.points]
    if layer.log:
        axes.set_yscale("log")
        # Bars may go beyond the layer: a few far values must not flatten what the rest says.
        limits = log_limits(Point(p.at, replace(p.value, low=p.value.median, high=p.value.median)) for p in points)
        axes.set_ylim(limits)
        value_axis(axes.yaxis, layer.y, limits, labels=True)
    for one in layer.panel.series:
        colour, marker, _ = style(one.style)
        xs = [float(p.at) for p in one.points]
        page.marks(axes, one.points, xs, [p.value.median for p in one.points], color=colour, marker=marker,
                   linestyle="none", markersize=3.2, alpha=0.8, markeredgewidth=0)
        axes.vlines(xs, [p.value.low for p in one.points], [p.value.high for p in one.points], colors=colour,
                    linewidth=0.6, alpha=0.6)
    if not layer.log:
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.yaxis.set_major_formatter(FuncFormatter(writer(layer.y.unit)))
        axes.grid(axis="y")
        axes.set_ylabel(layer.y.label, size=FONT - 1)
