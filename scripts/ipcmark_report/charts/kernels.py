"""A case over kernels, and what grew and shrank from one to another."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from ..ladder.views import Diverging, Rail, Rails, RailsPanel, Rung
from ..stats import Spread
from ..svg import INK
from ..text import shorten
from ..views import Point, Series
from .canvas import (CHARACTER, COLOURS, FONT, GAP, LEFT, ROW, TITLE, WIDTH, Canvas, legend, legend_entries,
                     legend_height, style, title)

PANEL = 1.3
NAME = 20
LABELS = 40
TITLES = 60
RIGHT = 0.25
# What differs by less must not fill a panel: it would look like something.
LEAST_SEEN = 0.1
SCALE = 0.42
# Room for a step's label beside that of the next kernel; with less they stand upright.
STEP = 0.4


def rails(view: Rails) -> Canvas:
    """A panel below the other; the kernels are named below the last."""
    entries = legend_entries(Series(rail.name, rail.style, ()) for panel in view.panels for rail in panel.rails)
    names = [shorten(name, NAME) for name in view.columns]
    upright = max(map(len, names)) * CHARACTER > (WIDTH - LEFT - RIGHT) / len(names)
    below = 0.2 + (CHARACTER * max(map(len, names)) if upright else 0.15)
    top = legend_height(entries, WIDTH)
    page = Canvas(top + len(view.panels) * (TITLE + PANEL + GAP) + below)
    legend(page, entries, (), lines=True)
    for index, panel in enumerate(view.panels):
        y = top + index * (TITLE + PANEL + GAP)
        title(page, shorten(panel.title, TITLES), y)
        axes = page.axes(LEFT, y + TITLE, WIDTH - LEFT - RIGHT, PANEL)
        _panel(page, axes, panel, upright=(WIDTH - LEFT - RIGHT) / len(names) < STEP)
        axes.set_xlim(-0.6, len(names) - 0.4)
        axes.xaxis.set_major_locator(FixedLocator(range(len(names))))
        axes.set_xticklabels(names if index == len(view.panels) - 1 else [], rotation=90 if upright else 0)
    return page


def _panel(page: Canvas, axes: Axes, panel: RailsPanel, upright: bool) -> None:
    rungs = [rung for rail in panel.rails for rung in rail.rungs]
    low, high = min(rung.low for rung in rungs), max(rung.high for rung in rungs)
    widen = max(0.0, LEAST_SEEN * high - (high - low)) / 2
    room = (0.4 if upright else 0.22) * (high - low + 2 * widen)
    axes.set_ylim(low - widen - room, high + widen + room)
    for rail in panel.rails:
        _rail(page, axes, rail, upright)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}".replace(",", "\u202f")))
    axes.grid(True, axis="y")


def _rail(page: Canvas, axes: Axes, rail: Rail, upright: bool) -> None:
    colour, marker, dashes = style(rail.style)
    axes.plot([rung.column for rung in rail.rungs], [rung.value for rung in rail.rungs], color=colour, linestyle=dashes,
              linewidth=1.1)
    axes.vlines([rung.column for rung in rail.rungs], [rung.low for rung in rail.rungs],
                [rung.high for rung in rail.rungs], colors=colour, linewidth=2.4, alpha=0.5)
    for at in rail.levels:
        axes.axvline(at - 0.5, color=colour, linewidth=0.8, linestyle=":")
    for kind in itertools.product((True, False), repeat=3):
        own = [rung for rung in rail.rungs if (rung.is_sound, bool(rung.step), rung.is_two) == kind]
        if own:
            sound, stepped, two = kind
            page.marks(axes, [_point(rung) for rung in own], [rung.column for rung in own], [rung.value for rung in own],
                       linestyle="none", color=colour, marker=marker if sound else "x", markersize=7 if stepped else 3.8,
                       **({"markerfacecolor": "none", "markeredgewidth": 1.3} if two else {}))
    for rung in rail.rungs:
        if rung.step:
            _step(axes, rung, above=rail.style % 2 == 0, upright=upright)


def _step(axes: Axes, rung: Rung, above: bool, upright: bool) -> None:
    """Above one flavour's line and below the other's, so that they do not cover each other."""
    axes.annotate(rung.step, (rung.column, rung.high if above else rung.low), xytext=(0, 5 if above else -5),
                  textcoords="offset points", ha="center", va="bottom" if above else "top", size=FONT - 2.5, color=INK,
                  rotation=90 if upright else 0)


def _point(rung: Rung) -> Point:
    return Point(float(rung.column), Spread(rung.value, rung.low, rung.high, 1), case=rung.tip)


def diverging(view: Diverging) -> Canvas:
    names = [shorten(row.name, LABELS) for row in view.rows]
    left = 0.15 + CHARACTER * max(map(len, names))
    right = 0.15 + CHARACTER * max(len(row.text) for row in view.rows)
    page = Canvas(0.08 + ROW * len(names) + SCALE + 0.12)
    axes = page.axes(left, 0.08, WIDTH - left - right, ROW * len(names))
    for rows, colour, hatch in (([row for row in view.rows if row.by > 0], COLOURS[1], ""),
                                ([row for row in view.rows if row.by <= 0], COLOURS[0], "////")):
        axes.barh([view.rows.index(row) for row in rows], [row.by for row in rows], height=0.7, color=colour, hatch=hatch,
                  edgecolor="#ffffff", linewidth=0)
    for y, row in enumerate(view.rows):
        page.text(WIDTH - 0.05, 0.08 + ROW * (y + 0.5), row.text, ha="right", va="center", size=FONT - 1)
    _signed_axis(axes, [row.by for row in view.rows])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.yaxis.set_major_locator(FixedLocator(range(len(names))))
    axes.set_yticklabels(names)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(view.unit)
    if any(row.by < 0 for row in view.rows):
        page.text(left, page.height - 0.05, f"← {view.less}", ha="left", va="bottom", size=FONT - 1)
    page.text(WIDTH - right, page.height - 0.05, f"{view.more} →", ha="right", va="bottom", size=FONT - 1)
    return page


def _signed_axis(axes: Axes, values: Sequence[float]) -> None:
    low, high = min(0.0, *values), max(0.0, *values)
    pad = 0.05 * ((high - low) or 1.0)
    axes.set_xlim(low - pad if low < 0 else 0, high + pad)
    axes.axvline(0, color=INK, linewidth=0.9)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+g}".replace("-", "−") if value else "0"))
    axes.grid(True, axis="x")
