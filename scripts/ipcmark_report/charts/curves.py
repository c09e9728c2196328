"""Charts of values over a number, a line a series."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter

from ..svg import GRID, INK
from ..views import Drawing, Lane, Point, Rule, Series, Unit
from .canvas import (CURVE, FONT, GAP, LANE, LEFT, TITLE, WIDTH, Canvas, drawable, floor_lines, legend, legend_entries,
                     legend_height, style, title)
from .scales import log_limits, place_axis, value_axis

# How far beyond the last place the ground of what cannot be said goes: over the edge.
VOID_BEYOND = 10.0


def curves(drawing: Drawing) -> Canvas:
    """A panel below the other, all with the same axes; lanes below each panel."""
    named = legend_entries(s for panel in drawing.panels for s in panel.series)
    floors = legend_entries(s for panel in drawing.panels for s in panel.floors)
    top = legend_height([*named, *floors], WIDTH)
    heights = [TITLE + CURVE + GAP + sum(LANE + GAP for _ in panel.lanes) + 0.25 for panel in drawing.panels]
    page = Canvas(top + sum(heights) + 0.18)
    points = [p for panel in drawing.panels for s in (*panel.series, *panel.floors) for p in s.points]
    limits = log_limits(points)
    voids = {float(panel.void_from) for panel in drawing.panels if panel.void_from is not None}
    places = sorted({float(p.at) for p in points} | {
        float(p.at) for panel in drawing.panels for lane in panel.lanes for s in lane.series for p in s.points} | voids)
    y = top
    for panel, height in zip(drawing.panels, heights):
        title(page, panel.title, y)
        axes = page.axes(LEFT, y + TITLE, WIDTH - LEFT - 0.2, CURVE)
        _rules(axes, panel.rules, places)
        _ridge(axes, panel.ridge)
        _fits(axes, panel.fits)
        _lines(page, axes, panel.series, sparse=drawing.x.unit is Unit.NINES)
        floor_lines(axes, panel.floors)
        axes.set_ylim(limits)
        if panel.void_from is not None:
            axes.axvspan(panel.void_from, max(places) * VOID_BEYOND, color=GRID, zorder=0)
        value_axis(axes.yaxis, drawing.y, limits, labels=True)
        place_axis(axes, drawing.x, places, labels=not panel.lanes)
        lane_y = y + TITLE + CURVE + GAP
        for number, lane in enumerate(panel.lanes):
            below = page.axes(LEFT, lane_y, WIDTH - LEFT - 0.2, LANE)
            _share_lane(below, lane)
            place_axis(below, drawing.x, places, labels=number == len(panel.lanes) - 1)
            lane_y += LANE + GAP
        y += height
    page.text(LEFT + (WIDTH - LEFT - 0.2) / 2, page.height - 0.08, drawing.x.label, ha="center", va="bottom")
    legend(page, named, floors, lines=True)
    return page


def _lines(page: Canvas, axes: Axes, series: Sequence[Series], sparse: bool) -> None:
    axes.set_yscale("log")
    for one in series:
        points = drawable(one.points)
        colour, marker, line = style(one.style)
        xs = [float(p.at) for p in points]
        # Offset marks, so that curves on top of each other stay apart.
        every = (one.style % 6, 6) if sparse else 1
        page.marks(axes, points, xs, [p.value.median for p in points], color=colour, marker=marker, linestyle=line,
                   linewidth=1.3, markersize=4.5, markevery=every)
        spread = [p for p in points if p.value.high > p.value.low]
        axes.vlines([float(p.at) for p in spread], [max(p.value.low, p.value.median / 1e3) for p in spread],
                    [p.value.high for p in spread], colors=colour, linewidth=1.2)
        for p in (p for p in points if p.flags):
            axes.annotate(p.flags, (float(p.at), p.value.median), textcoords="offset points", xytext=(2.5, 2.5),
                          color=colour, size=FONT - 2.5)


def _rules(axes: Axes, rules: Sequence[Rule], places: Sequence[float]) -> None:
    """Strokes with their names along them, where they lie within what was measured."""
    shown = [rule for rule in rules if places and places[0] <= rule.at <= places[-1]]
    for at in dict.fromkeys(rule.at for rule in shown):
        label = ", ".join(rule.label for rule in shown if rule.at == at)
        axes.axvline(at, color=INK, linewidth=0.6, linestyle=(0, (1, 2)), zorder=1)
        # At the very left there is no room before the stroke.
        side, align = (2.5, "left") if at <= places[0] * 1.05 else (-1.5, "right")
        axes.annotate(label, (at, 0.02), xycoords=("data", "axes fraction"), rotation=90, size=FONT - 2.5,
                      xytext=(side, 0), textcoords="offset points", ha=align, va="bottom")


def _ridge(axes: Axes, ridge: Sequence[Point]) -> None:
    points = drawable(ridge)
    if points:
        axes.plot([float(p.at) for p in points], [p.value.median for p in points], color=GRID, linewidth=7,
                  solid_capstyle="round", zorder=0.5)


def _fits(axes: Axes, fits: Sequence[Series]) -> None:
    for one in fits:
        points = drawable(one.points)
        axes.plot([float(p.at) for p in points], [p.value.median for p in points], color=style(one.style)[0],
                  linewidth=0.8, linestyle=(0, (5, 2)))


def _share_lane(axes: Axes, lane: Lane) -> None:
    for one in lane.series:
        colour, marker, line = style(one.style)
        axes.plot([float(p.at) for p in one.points], [p.value.median for p in one.points], color=colour,
                  marker=marker, linestyle=line, linewidth=1.0, markersize=3.5, clip_on=False)
    axes.set_ylim(0, 1.05)
    axes.yaxis.set_major_locator(FixedLocator([0, 0.5, 1]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_ylabel(lane.title, size=FONT - 1)
    axes.grid(axis="y")
