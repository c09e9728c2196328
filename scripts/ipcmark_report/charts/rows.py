"""Charts with a row a category: dots with their spread, and bars."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from ..svg import INK
from ..text import shorten
from ..views import Drawing, Lane, Panel, Series
from .canvas import (CHARACTER, FLOORS, FONT, GAP, LABEL_LIMIT, ROW, TITLE, WIDTH, Canvas, drawable, legend,
                     legend_columns, legend_entries, legend_height, style, title)
from .scales import log_limits, value_axis, writer

BAR_SCALE = 0.3  # below each panel of bars: the labels of its own scale
LEAST_BAR = 1e-9
HATCHES = ("", "////", "....")


def dots(drawing: Drawing) -> Canvas:
    """A row a category; lanes stand to the right, on the same rows."""
    panels = [(panel, categories(panel)) for panel in drawing.panels]
    longest = max((len(shorten(c, LABEL_LIMIT)) for _, names in panels for c in names), default=8)
    left = 0.15 + max(longest, 8) * CHARACTER
    side = 0.75 if any(panel.lanes for panel in drawing.panels) else 0.0
    named = legend_entries(s for panel in drawing.panels for s in panel.series)
    floors = legend_entries(s for panel in drawing.panels for s in panel.floors)
    top = legend_height([*named, *floors], WIDTH) if len(named) + len(floors) > 1 else 0.05
    body = sum(TITLE + ROW * max(len(names), 1) + GAP for _, names in panels)
    page = Canvas(top + body + 0.48)
    limits = log_limits(p for panel in drawing.panels for s in (*panel.series, *panel.floors) for p in s.points)
    y = top
    for index, (panel, names) in enumerate(panels):
        height = ROW * max(len(names), 1)
        last = index == len(panels) - 1
        axes = page.axes(left, y + TITLE, WIDTH - left - 0.2 - side * len(panel.lanes), height)
        _rows(page, axes, panel.series, names)
        _floor_marks(axes, panel.floors, names)
        # Lanes beside a panel leave room for few labels.
        value_axis(axes.xaxis, drawing.x, limits, labels=last, ticks=4 if panel.lanes else 7)
        axes.set_xlim(limits)
        title(page, panel.title, y)
        for number, lane in enumerate(panel.lanes):
            x = WIDTH - 0.1 - side * (len(panel.lanes) - number)
            _share_rows(page.axes(x, y + TITLE, side - 0.15, height), lane, names, last)
        y += TITLE + height + GAP
    if len(named) + len(floors) > 1:
        legend(page, named, floors, lines=False)
    return page


def categories(panel: Panel) -> list[str]:
    return list(dict.fromkeys(str(p.at) for series in panel.series for p in series.points))


def _rows(page: Canvas, axes: Axes, series: Sequence[Series], names: Sequence[str]) -> None:
    row = {name: index for index, name in enumerate(names)}
    axes.set_xscale("log")
    for index, one in enumerate(series):
        points = drawable(one.points)
        colour, marker, _ = style(one.style)
        # A little below one another, so that near values do not cover each other.
        ys = [row[str(p.at)] + 0.13 * (index - (len(series) - 1) / 2) for p in points]
        axes.hlines(ys, [max(p.value.low, p.value.median / 1e3) for p in points],
                    [p.value.high for p in points], colors=colour, linewidth=1.4)
        page.marks(axes, points, [p.value.median for p in points], ys, linestyle="none", marker=marker,
                   color=colour, markersize=4.5)
    row_axis(axes, names, show_names=True)


def _floor_marks(axes: Axes, floors: Sequence[Series], names: Sequence[str]) -> None:
    """A stroke as high as its row: rows with one floor make one line."""
    row = {name: index for index, name in enumerate(names)}
    for one in floors:
        for p in drawable(one.points):
            y = row[str(p.at)]
            axes.vlines([p.value.median], y - 0.5, y + 0.5, colors=INK, linewidth=1.3, linestyles=FLOORS[0])


def row_axis(axes: Axes, names: Sequence[str], show_names: bool) -> None:
    axes.set_ylim(max(len(names), 1) - 0.5, -0.5)
    axes.yaxis.set_major_locator(FixedLocator(range(len(names))))
    labels = [shorten(name, LABEL_LIMIT) for name in names] if show_names else [""] * len(names)
    axes.set_yticklabels(labels)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", linestyle=":")


def _share_rows(axes: Axes, lane: Lane, names: Sequence[str], labels: bool) -> None:
    row = {name: index for index, name in enumerate(names)}
    for one in lane.series:
        colour, marker, _ = style(one.style)
        for p in one.points:
            y = row.get(str(p.at))
            if y is not None:
                axes.hlines([y], [p.value.low], [p.value.high], colors=colour, linewidth=1.6)
                axes.plot([p.value.median], [y], marker=marker, color=colour, markersize=5,
                          linestyle="none", clip_on=False)
    row_axis(axes, names, show_names=False)
    axes.set_xlim(0, 1.02)
    axes.xaxis.set_major_locator(FixedLocator([0, 1]))
    axes.set_title(lane.title, size=FONT - 1, pad=2)
    if not labels:
        axes.set_xticklabels([])


def bars(drawing: Drawing) -> Canvas:
    """A row a category; each panel has a scale of its own, since it begins at zero."""
    panels = [(panel, categories(panel)) for panel in drawing.panels]
    left = 0.15 + max((len(shorten(c, LABEL_LIMIT)) for _, names in panels for c in names), default=8) * CHARACTER
    entries = legend_entries(s for panel in drawing.panels for s in panel.series)
    marks = legend_entries(s for panel in drawing.panels for s in panel.marks)
    top = legend_height([*entries, *marks], WIDTH)
    page = Canvas(top + sum(TITLE + ROW * max(len(names), 1) + BAR_SCALE for _, names in panels) + 0.2)
    y = top
    for panel, names in panels:
        height = ROW * max(len(names), 1)
        axes = page.axes(left, y + TITLE, WIDTH - left - 0.3, height)
        _end_to_end(page, axes, panel, names)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter(FuncFormatter(writer(drawing.x.unit)))
        axes.grid(axis="x")
        title(page, panel.title, y)
        y += TITLE + height + BAR_SCALE
    page.text(left + (WIDTH - left - 0.3) / 2, page.height - 0.06, drawing.x.label, ha="center", va="bottom")
    _bar_legend(page, entries, marks)
    return page


def _end_to_end(page: Canvas, axes: Axes, panel: Panel, names: Sequence[str]) -> None:
    row = {name: index for index, name in enumerate(names)}
    ends = dict.fromkeys(names, 0.0)
    for one in panel.series:
        for p in one.points:
            name = str(p.at)
            drawn = axes.barh(row[name], p.value.median, left=ends[name], height=0.62, color=style(one.style)[0],
                              hatch=HATCHES[one.style % len(HATCHES)], edgecolor="#ffffff", linewidth=0)
            page.named(drawn[0], [p.case])
            ends[name] += p.value.median
    for one in panel.marks:
        for p in one.points:
            axes.plot([p.value.median], [row[str(p.at)]], linestyle="none", marker="|", color=INK, markersize=11,
                      markeredgewidth=1.6)
    row_axis(axes, names, show_names=True)
    farthest = max((p.value.median for one in panel.marks for p in one.points), default=0.0)
    axes.set_xlim(0, 1.04 * max(*ends.values(), farthest, LEAST_BAR))


def _bar_legend(page: Canvas, entries: Sequence[Series], marks: Sequence[Series]) -> None:
    handles: list[Artist] = [
        Patch(facecolor=style(one.style)[0], hatch=HATCHES[one.style % len(HATCHES)], edgecolor="#ffffff", linewidth=0,
              label=shorten(one.name, LABEL_LIMIT + 10))
        for one in entries
    ]
    handles += [Line2D([], [], linestyle="none", marker="|", color=INK, markersize=11, markeredgewidth=1.6,
                       label=shorten(one.name, LABEL_LIMIT)) for one in marks]
    if handles:
        page.figure.legend(handles=handles, loc="upper left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.2,
                           ncol=legend_columns([*entries, *marks], WIDTH), fontsize=FONT - 0.5, handlelength=2.0,
                           columnspacing=1.0, labelspacing=0.3, borderpad=0.2)
