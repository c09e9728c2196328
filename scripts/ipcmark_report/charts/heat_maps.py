"""Charts of a square of values between CPUs, one or several side by side."""

from __future__ import annotations

import math

import matplotlib
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from .. import units
from ..svg import GRID, INK
from ..views import HeatMap, HeatMaps
from .canvas import CHARACTER, FONT, TITLE, WIDTH, Canvas
from .scales import short, writer

# Colours of a heat map span at least this factor.
LEAST_COLOURED = 2.0
COLOURS = "cividis"
LARGEST_FIELD = 0.62
BEFORE, BESIDE = 0.5, 0.95  # left of a square: its CPUs; right of it: the scale
NAMES, BRACKET = 0.45, 0.25


def heat_map(view: HeatMap) -> Canvas:
    return heat_maps(HeatMaps((view,)))


def heat_maps(view: HeatMaps) -> Canvas:
    room = WIDTH / len(view.maps)
    sides = [min(LARGEST_FIELD, (room - BEFORE - BESIDE) / len(one.cpus)) * len(one.cpus) for one in view.maps]
    top = TITLE if any(one.title for one in view.maps) else 0.0
    levels = max(len(one.brackets) for one in view.maps)
    page = Canvas(top + NAMES + max(sides) + 0.12 + BRACKET * levels)
    for index, (one, side) in enumerate(zip(view.maps, sides)):
        if one.title:
            page.text(index * room + 0.1, TITLE - 0.07, one.title, ha="left", va="bottom", weight="bold", size=FONT - 0.5)
        _square(page, one, index * room + BEFORE, top + NAMES, side)
    return page


def _square(page: Canvas, view: HeatMap, left: float, top: float, side: float) -> None:
    count = len(view.cpus)
    values = [[math.nan if value is None else value for value in row] for row in view.values]
    known = [value for row in view.values for value in row if value is not None]
    norm = LogNorm(*_colour_limits(min(known), max(known)))
    axes = page.axes(left, top, side, side)
    colours = matplotlib.colormaps[COLOURS]
    edges = range(count + 1)
    axes.pcolormesh(edges, edges, values, cmap=colours, norm=norm, edgecolors=GRID, linewidth=0.5)
    axes.set_ylim(count, 0)
    axes.xaxis.tick_top()
    # Where every CPU has no room for its number, some of them name the rest.
    step = max(1, math.ceil(count * 0.16 / side))
    shown = range(0, count, step)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(FixedLocator([index + 0.5 for index in shown]))
        axis.set_ticklabels([str(view.cpus[index]) for index in shown])
    axes.tick_params(length=0, pad=2, labelsize=FONT if side / count > 0.3 else FONT - 2.5)
    axes.spines[:].set_visible(False)
    page.text(left + side / 2, top - 0.3, "CPU", ha="center", va="center")
    page.text(left - 0.38, top + side / 2, "CPU", ha="center", va="center", rotation=90)
    if side / count > 0.5:
        _write_values(axes, view, norm)
    _colour_scale(page, view, norm, left + side + 0.1, top, side)
    for level, row in enumerate(view.brackets):
        for bracket in row:
            places = [view.cpus.index(cpu) for cpu in bracket.cpus]
            _bracket(page, bracket.name, left + side * min(places) / count, left + side * (max(places) + 1) / count,
                     top + side + 0.06 + level * BRACKET)


def _bracket(page: Canvas, name: str, left: float, right: float, y: float) -> None:
    """Below the square, under the columns of its CPUs; its name where there is room."""
    axes = page.axes(left, y, right - left, 0.05)
    axes.plot([0.02, 0.02, 0.98, 0.98], [1, 0, 0, 1], color=INK, linewidth=0.9, clip_on=False)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_axis_off()
    if len(name) * CHARACTER * 0.85 < right - left:
        page.text((left + right) / 2, y + 0.14, name, ha="center", va="center", size=FONT - 2)


def _write_values(axes: Axes, view: HeatMap, norm: LogNorm) -> None:
    for y, row in enumerate(view.values):
        for x, value in enumerate(row):
            if value is not None:
                ink = "#000000" if norm(value) > 0.5 else "#ffffff"
                axes.text(x + 0.5, y + 0.5, short(value, units.time_scale), ha="center", va="center", color=ink,
                          size=FONT - 1.5)


def _colour_limits(low: float, high: float) -> tuple[float, float]:
    """Wide enough that what is nearly equal looks so."""
    widen = max(LEAST_COLOURED / (high / low), 1.0) ** 0.5
    return low / widen, high * widen


def _colour_scale(page: Canvas, view: HeatMap, norm: LogNorm, left: float, top: float, side: float) -> None:
    steps = 32
    low, high = math.log(norm.vmin), math.log(norm.vmax)
    edges = [math.exp(low + (high - low) * step / steps) for step in range(steps + 1)]
    middles = [[math.sqrt(a * b)] for a, b in zip(edges, edges[1:])]
    axes = page.axes(left, top, 0.14, side)
    axes.pcolormesh([0, 1], edges, middles, cmap=matplotlib.colormaps[COLOURS], norm=norm,
                    edgecolors="face", linewidth=0.4)
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(NullLocator())
    axes.yaxis.tick_right()
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_locator(FixedLocator([norm.vmin, math.sqrt(norm.vmin * norm.vmax), norm.vmax]))
    axes.yaxis.set_major_formatter(FuncFormatter(writer(view.unit)))
    axes.tick_params(labelsize=FONT - 1, length=2, pad=1)
    axes.spines[:].set_visible(False)
