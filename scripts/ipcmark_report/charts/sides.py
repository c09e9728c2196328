"""Both sides of a comparison, process by process: strips, sequences, and paths."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence as Rows

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from .. import units
from ..compare.page.views import Paths, Sequence, Side, Strips
from ..text import shorten
from ..views import Series
from .canvas import COLOURS, FONT, GAP, LANE, LEFT, MARKERS, TITLE, WIDTH, Canvas, legend, legend_height, title
from .effects import BOTTOM, directions, effect_rows, label_width, rows_height, scale
from .scales import short

STRIP, STEPS, TRACE, CLOUD = 0.22, 0.75, 1.0, 1.1
SCALE = 0.32  # room for an axis of its own below a panel
# A time axis spans at least this factor, so that small differences look small.
LEAST_SPAN = 1.04
# Where the topology tells dots apart, after the colours of the sides.
FIRST_MODE = 2


def strips(view: Strips) -> Canvas:
    """For each case the processes of both sides, and below the share that took no longer."""
    named = [Series(name, FIRST_MODE + index, ()) for index, name in enumerate(view.modes)] or _names(view.panels[0].sides)
    top = legend_height(named, WIDTH)
    page = Canvas(top + len(view.panels) * (TITLE + 2 * STRIP + GAP + STEPS + SCALE))
    left = 0.15 + 0.076 * max(8, max(len(shorten(side.name, 14)) for side in view.panels[0].sides))
    y = top
    for panel in view.panels:
        title(page, panel.title, y)
        ends = _span(dot.value for side in panel.sides for dot in side.dots)
        rows = page.axes(left, y + TITLE, WIDTH - left - 0.2, STRIP * len(panel.sides))
        _strip_rows(rows, panel.sides, bool(view.modes))
        steps = page.axes(left, y + TITLE + 2 * STRIP + GAP, WIDTH - left - 0.2, STEPS)
        _steps(steps, panel.sides)
        for axes, labels in ((rows, False), (steps, True)):
            axes.set_xscale("log")
            axes.set_xlim(ends)
            _time_axis(axes.xaxis, ends, labels)
        y += TITLE + 2 * STRIP + GAP + STEPS + SCALE
    legend(page, named, (), lines=False)
    return page


def _names(sides: Rows[Side]) -> list[Series]:
    return [Series(side.name, index, ()) for index, side in enumerate(sides)]


def _strip_rows(axes: Axes, sides: Rows[Side], by_mode: bool) -> None:
    for y, side in enumerate(sides):
        for mode in sorted({dot.mode for dot in side.dots}):
            own = [dot for dot in side.dots if dot.mode == mode]
            look = FIRST_MODE + mode if by_mode else y
            # Up and down a little, so that near values do not cover each other.
            ys = [y + 0.16 * (index % 3 - 1) for index in range(len(own))]
            axes.plot([dot.value for dot in own], ys, linestyle="none", marker=MARKERS[look % len(MARKERS)],
                      color=COLOURS[look % len(COLOURS)], markersize=4, alpha=0.75, markeredgewidth=0, clip_on=False)
    axes.set_ylim(len(sides) - 0.5, -0.5)
    axes.yaxis.set_major_locator(FixedLocator(range(len(sides))))
    for label, colour in zip(axes.set_yticklabels([shorten(side.name, 14) for side in sides]), COLOURS):
        label.set_color(colour)
    axes.tick_params(axis="y", length=0)


def _steps(axes: Axes, sides: Rows[Side]) -> None:
    for index, side in enumerate(sides):
        values = sorted(dot.value for dot in side.dots)
        if values:
            shares = [0.0, *((rank + 1) / len(values) for rank in range(len(values)))]
            axes.step([values[0], *values], shares, where="post", color=COLOURS[index], linewidth=1.4,
                      linestyle="-" if index else "--")
    axes.set_ylim(0, 1.03)
    axes.yaxis.set_major_locator(FixedLocator([0, 0.5, 1]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.0f} %"))
    axes.grid(axis="y")


def _span(values: Iterable[float]) -> tuple[float, float]:
    drawn = [value for value in values if value > 0 and math.isfinite(value)] or [1.0]
    low, high = min(drawn), max(drawn)
    widen = max(LEAST_SPAN, (high / low) ** 1.1) / (high / low)
    return low / widen**0.5, high * widen**0.5


def _time_axis(axis: object, ends: tuple[float, float], labels: bool) -> None:
    """Round values inside the ends, four or five of them."""
    low, high = ends
    if high / low > 20:
        axis.set_major_locator(LogLocator(subs=(1.0, 3.0) if high / low < 300 else (1.0,), numticks=6))
    else:
        step = 10 ** math.floor(math.log10((high - low) / 2))
        step = next(step * k for k in (1, 2, 5, 10, 20) if (high - low) / (step * k) <= 5)
        axis.set_major_locator(FixedLocator([step * k for k in range(math.ceil(low / step), math.floor(high / step) + 1)]))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: _time(value, ends) if labels else ""))
    axis.grid(True)


def _time(value: float, ends: tuple[float, float]) -> str:
    """All labels of an axis in one unit, with as many digits as its span needs."""
    low, high = ends
    if high / low > 20:
        return short(value, units.time_scale)
    factor, unit = units.time_scale(high)
    return f"{value / factor:.{min(3 + max(0, math.ceil(math.log10(high / (high - low)))), 8)}g} {unit}"


def sequence(view: Sequence) -> Canvas:
    """Both sides against time; below each panel the anchor, on its own scale."""
    named = _names(view.panels[0].sides)
    top = legend_height(named, WIDTH)
    heights = [TITLE + TRACE + (GAP + LANE if any(side.dots for side in panel.below) else 0) + SCALE for panel in view.panels]
    page = Canvas(top + sum(heights) + 0.15)
    y = top
    for panel, height in zip(view.panels, heights):
        title(page, panel.title, y)
        places = [dot.at for side in panel.sides for dot in side.dots]
        pad = 0.03 * (max(places) - min(places)) or 0.5
        axes = [page.axes(LEFT, y + TITLE, WIDTH - LEFT - 0.2, TRACE)]
        _scattered(axes[0], panel.sides, 3.4)
        if any(side.dots for side in panel.below):
            axes.append(page.axes(LEFT, y + TITLE + TRACE + GAP, WIDTH - LEFT - 0.2, LANE))
            _scattered(axes[1], panel.below, 2.4)
            axes[1].set_ylabel("anchor", size=FONT - 1)
        for index, one in enumerate(axes):
            one.set_xlim(min(places) - pad, max(places) + pad)
            one.xaxis.get_major_locator().set_params(nbins=7)
            one.grid(axis="x")
            if index < len(axes) - 1:
                one.set_xticklabels([])
        y += height
    page.text(LEFT + (WIDTH - LEFT - 0.2) / 2, page.height - 0.05, view.x, ha="center", va="bottom")
    legend(page, named, (), lines=False)
    return page


def _scattered(axes: Axes, sides: Rows[Side], size: float) -> None:
    axes.set_yscale("log")
    for index, side in enumerate(sides):
        axes.plot([dot.at for dot in side.dots], [dot.value for dot in side.dots], linestyle="none", marker=MARKERS[index],
                  color=COLOURS[index], markersize=size, alpha=0.75, markeredgewidth=0, clip_on=False)
    ends = _span(dot.value for side in sides for dot in side.dots)
    axes.set_ylim(ends)
    _time_axis(axes.yaxis, ends, True)


def paths(view: Paths) -> Canvas:
    """Each case: where its repetitions lie, and what each path did beside the whole."""
    named = _names(view.panels[0].sides)
    top = legend_height(named, WIDTH)
    page = Canvas(top + sum(TITLE + CLOUD + SCALE + 0.2 + rows_height(panel.effects) + BOTTOM + GAP for panel in view.panels))
    y = top
    for panel in view.panels:
        title(page, panel.title, y)
        axes = page.axes(LEFT, y + TITLE, WIDTH - LEFT - 0.2, CLOUD)
        _scattered(axes, panel.sides, 2.6)
        axes.grid(axis="x")
        y += TITLE + CLOUD + SCALE
        page.text(LEFT + (WIDTH - LEFT - 0.2) / 2, y + 0.02, "involuntary switches an operation", ha="center", va="bottom",
                  size=FONT - 0.5)
        y += 0.2
        effect_rows(page, panel.effects, (label_width(panel.effects), y), scale(panel.effects), labels=True)
        y += rows_height(panel.effects) + BOTTOM
        directions(page, label_width(panel.effects), y - 0.05)
        y += GAP
    legend(page, named, (), lines=False)
    return page
