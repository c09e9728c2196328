"""Charts of a square of values between CPUs."""

from __future__ import annotations

import math

import matplotlib
from matplotlib.colors import LogNorm
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from .. import units
from ..svg import GRID
from ..views import HeatMap
from .canvas import FONT, WIDTH, Canvas
from .scales import short, writer

# Colours of a heat map span at least this factor.
LEAST_COLOURED = 2.0


def heat_map(view: HeatMap) -> Canvas:
    """A square, a row and a column a CPU; values are written into the fields where they fit."""
    count = len(view.cpus)
    side = min(0.62, (WIDTH - 1.7) / count) * count
    page = Canvas(0.45 + side + 0.1)
    values = [[math.nan if value is None else value for value in row] for row in view.values]
    known = [value for row in view.values for value in row if value is not None]
    norm = LogNorm(*_colour_limits(min(known), max(known)))
    axes = page.axes(0.6, 0.45, side, side)
    colours = matplotlib.colormaps["cividis"]
    edges = range(count + 1)
    axes.pcolormesh(edges, edges, values, cmap=colours, norm=norm, edgecolors=GRID, linewidth=0.5)
    axes.set_ylim(count, 0)
    axes.xaxis.tick_top()
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(FixedLocator([index + 0.5 for index in range(count)]))
        axis.set_ticklabels([str(cpu) for cpu in view.cpus])
    axes.tick_params(length=0, pad=2, labelsize=FONT if side / count > 0.3 else FONT - 2.5)
    axes.spines[:].set_visible(False)
    page.text(0.6 + side / 2, 0.14, "CPU", ha="center", va="center")
    page.text(0.14, 0.45 + side / 2, "CPU", ha="center", va="center", rotation=90)
    if side / count > 0.5:
        for y, row in enumerate(view.values):
            for x, value in enumerate(row):
                if value is not None:
                    ink = "#000000" if norm(value) > 0.5 else "#ffffff"
                    axes.text(x + 0.5, y + 0.5, short(value, units.time_scale), ha="center", va="center",
                              color=ink, size=FONT - 1.5)
    _colour_scale(page, view, colours, norm, side)
    return page


def _colour_limits(low: float, high: float) -> tuple[float, float]:
    """Wide enough that what is nearly equal looks so."""
    widen = max(LEAST_COLOURED / (high / low), 1.0) ** 0.5
    return low / widen, high * widen


def _colour_scale(page: Canvas, view: HeatMap, colours: matplotlib.colors.Colormap, norm: LogNorm,
                  side: float) -> None:
    steps = 32
    low, high = math.log(norm.vmin), math.log(norm.vmax)
    edges = [math.exp(low + (high - low) * step / steps) for step in range(steps + 1)]
    middles = [[math.sqrt(a * b)] for a, b in zip(edges, edges[1:])]
    axes = page.axes(0.6 + side + 0.2, 0.45, 0.14, side)
    axes.pcolormesh([0, 1], edges, middles, cmap=colours, norm=norm)
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(NullLocator())
    axes.yaxis.tick_right()
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_locator(FixedLocator([norm.vmin, math.sqrt(norm.vmin * norm.vmax), norm.vmax]))
    axes.yaxis.set_major_formatter(FuncFormatter(writer(view.unit)))
    axes.spines[:].set_visible(False)
