"""Draws a Drawing as inline SVG; the only module that imports matplotlib.

Series differ in colour (Okabe and Ito's palette, safe for colour-blind readers), in marker and in
line style, so a grey print keeps them apart. Text stays text and takes the page's colour.
"""

from __future__ import annotations

import io
import logging
import math
import warnings
from collections.abc import Callable, Iterable, Sequence

# Before the import, which complains of a home directory that it cannot write to.
logging.getLogger("matplotlib").setLevel(logging.ERROR)

import matplotlib
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from . import units
from .svg import GRID, INK, finished
from .text import shorten
from .views import Axis, Cloud, Drawing, HeatMap, Kind, Lane, Panel, Point, Series, Unit

WIDTH = 5.3  # inches; the page may scale a chart down to a phone without losing its labels
ROW, TITLE, CURVE, LANE, GAP = 0.19, 0.30, 1.75, 0.5, 0.10
BAR_SCALE = 0.3  # below each panel of bars: the labels of its own scale
LEAST_BAR = 1e-9
LEFT = 0.95  # of curves: room for the longest tick label and the axis label
FONT = 9.0
LABEL_LIMIT = 30
CLOUD = 1.25  # the height of a panel of dots
CHARACTER = 0.076  # inches a label character takes, generously
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#e69f00", "#56b4e9", "#cc79a7", INK)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">", "p")
LINES = ("-", "--", "-.", ":")
HATCHES = ("", "////", "....")
# Colours of a heat map span at least this factor.
LEAST_COLOURED = 2.0
# How far beyond the last place the ground of what cannot be said goes: over the edge.
VOID_BEYOND = 10.0
# Floors are strokes of ink without marks.
FLOORS: tuple[object, ...] = ((0, (1, 1)), (0, (4, 1.5)), (0, (6, 1.5, 1, 1.5)))
NINES = {1: "0 %", 2: "50 %", 10: "90 %", 100: "99 %", 1e3: "99.9 %", 1e4: "99.99 %", 1e5: "99.999 %",
         1e6: "99.9999 %", 1e7: "99.99999 %"}
SETTINGS = {
    "svg.hashsalt": "ipcmark", "svg.fonttype": "none", "text.parse_math": False, "font.size": FONT,
    "font.family": ["DejaVu Sans", "Verdana", "sans-serif"],
    "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": INK,
    "xtick.color": INK, "ytick.color": INK, "grid.color": GRID, "grid.linewidth": 0.6,
    "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.7, "legend.frameon": False,
}


def draw(drawing: Drawing | HeatMap | Cloud, anchor: str, title: str) -> str:
    """The drawing as an <svg> element; the same drawing gives the same text."""
    with warnings.catch_warnings(), matplotlib.rc_context():
        # A glyph that the layout font lacks is still shown by the reader's own fonts.
        warnings.simplefilter("ignore")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)
        if isinstance(drawing, Cloud):
            figure = _cloud(drawing)
        elif isinstance(drawing, HeatMap):
            figure = _heat_map(drawing)
        else:
            figure = {Kind.DOTS: _dots, Kind.CURVES: _curves, Kind.BARS: _bars}[drawing.kind](drawing)
        target = io.BytesIO()
        no_metadata = {key: None for key in ("Creator", "Date", "Format", "Type")}
        FigureCanvasSVG(figure).print_svg(target, metadata=no_metadata)
    return finished(target.getvalue().decode("utf-8"), anchor, title)


def _dots(drawing: Drawing) -> Figure:
    """A row a category; lanes stand to the right, on the same rows."""
    panels = [(panel, _categories(panel)) for panel in drawing.panels]
    longest = max((len(shorten(c, LABEL_LIMIT)) for _, names in panels for c in names), default=8)
    left = 0.15 + max(longest, 8) * CHARACTER
    side = 0.75 if any(panel.lanes for panel in drawing.panels) else 0.0
    legend = _legend_entries(s for panel in drawing.panels for s in panel.series)
    floors = _legend_entries(s for panel in drawing.panels for s in panel.floors)
    top = _legend_height([*legend, *floors], WIDTH) if len(legend) + len(floors) > 1 else 0.05
    body = sum(TITLE + ROW * max(len(names), 1) + GAP for _, names in panels)
    page = _Page(top + body + 0.48)
    limits = _log_limits(p for panel in drawing.panels for s in (*panel.series, *panel.floors) for p in s.points)
    y = top
    for index, (panel, names) in enumerate(panels):
        height = ROW * max(len(names), 1)
        last = index == len(panels) - 1
        axes = page.axes(left, y + TITLE, WIDTH - left - 0.2 - side * len(panel.lanes), height)
        _rows(axes, panel.series, names, show_names=True)
        _floor_marks(axes, panel.floors, names)
        _value_axis(axes.xaxis, drawing.x, limits, labels=last)
        axes.set_xlim(limits)
        _title(page, panel.title, y)
        for number, lane in enumerate(panel.lanes):
            x = WIDTH - 0.1 - side * (len(panel.lanes) - number)
            _share_rows(page.axes(x, y + TITLE, side - 0.15, height), lane, names, last)
        y += TITLE + height + GAP
    if len(legend) + len(floors) > 1:
        _legend(page, legend, floors, lines=False)
    return page.figure


def _curves(drawing: Drawing) -> Figure:
    """A panel below the other, all with the same axes; lanes below each panel."""
    legend = _legend_entries(s for panel in drawing.panels for s in panel.series)
    floors = _legend_entries(s for panel in drawing.panels for s in panel.floors)
    top = _legend_height([*legend, *floors], WIDTH)
    heights = [TITLE + CURVE + GAP + sum(LANE + GAP for _ in panel.lanes) + 0.25 for panel in drawing.panels]
    page = _Page(top + sum(heights) + 0.18)
    points = [p for panel in drawing.panels for s in (*panel.series, *panel.floors) for p in s.points]
    limits = _log_limits(points)
    voids = {float(panel.void_from) for panel in drawing.panels if panel.void_from is not None}
    places = sorted({float(p.at) for p in points} | {
        float(p.at) for panel in drawing.panels for lane in panel.lanes for s in lane.series for p in s.points} | voids)
    y = top
    for panel, height in zip(drawing.panels, heights):
        _title(page, panel.title, y)
        axes = page.axes(LEFT, y + TITLE, WIDTH - LEFT - 0.2, CURVE)
        _lines(axes, panel.series, sparse=drawing.x.unit is Unit.NINES)
        _floor_lines(axes, panel.floors)
        axes.set_ylim(limits)
        if panel.void_from is not None:
            axes.axvspan(panel.void_from, max(places) * VOID_BEYOND, color=GRID, zorder=0)
        _value_axis(axes.yaxis, drawing.y, limits, labels=True)
        _place_axis(axes, drawing.x, places, labels=not panel.lanes)
        lane_y = y + TITLE + CURVE + GAP
        for number, lane in enumerate(panel.lanes):
            below = page.axes(LEFT, lane_y, WIDTH - LEFT - 0.2, LANE)
            _share_lane(below, lane)
            _place_axis(below, drawing.x, places, labels=number == len(panel.lanes) - 1)
            lane_y += LANE + GAP
        y += height
    page.text(LEFT + (WIDTH - LEFT - 0.2) / 2, page.height - 0.08, drawing.x.label, ha="center", va="bottom")
    _legend(page, legend, floors, lines=True)
    return page.figure


def _bars(drawing: Drawing) -> Figure:
    """A row a category; each panel has a scale of its own, since it begins at zero."""
    panels = [(panel, _categories(panel)) for panel in drawing.panels]
    left = 0.15 + max((len(shorten(c, LABEL_LIMIT)) for _, names in panels for c in names), default=8) * CHARACTER
    entries = _legend_entries(s for panel in drawing.panels for s in panel.series)
    marks = _legend_entries(s for panel in drawing.panels for s in panel.marks)
    top = _legend_height([*entries, *marks], WIDTH)
    page = _Page(top + sum(TITLE + ROW * max(len(names), 1) + BAR_SCALE for _, names in panels) + 0.2)
    y = top
    for panel, names in panels:
        height = ROW * max(len(names), 1)
        axes = page.axes(left, y + TITLE, WIDTH - left - 0.3, height)
        _end_to_end(axes, panel, names)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter(FuncFormatter(_writer(drawing.x.unit)))
        axes.grid(axis="x")
        _title(page, panel.title, y)
        y += TITLE + height + BAR_SCALE
    page.text(left + (WIDTH - left - 0.3) / 2, page.height - 0.06, drawing.x.label, ha="center", va="bottom")
    _bar_legend(page, entries, marks)
    return page.figure


def _end_to_end(axes: Axes, panel: Panel, names: Sequence[str]) -> None:
    row = {name: index for index, name in enumerate(names)}
    ends = dict.fromkeys(names, 0.0)
    for one in panel.series:
        for p in one.points:
            name = str(p.at)
            axes.barh(row[name], p.value.median, left=ends[name], height=0.62, color=_style(one.style)[0],
                      hatch=HATCHES[one.style % len(HATCHES)], edgecolor="#ffffff", linewidth=0)
            ends[name] += p.value.median
    for one in panel.marks:
        for p in one.points:
            axes.plot([p.value.median], [row[str(p.at)]], linestyle="none", marker="|", color=INK, markersize=11,
                      markeredgewidth=1.6)
    _row_axis(axes, names, show_names=True)
    farthest = max((p.value.median for one in panel.marks for p in one.points), default=0.0)
    axes.set_xlim(0, 1.04 * max(*ends.values(), farthest, LEAST_BAR))


def _bar_legend(page: _Page, entries: Sequence[Series], marks: Sequence[Series]) -> None:
    handles: list[Artist] = [
        Patch(facecolor=_style(one.style)[0], hatch=HATCHES[one.style % len(HATCHES)], edgecolor="#ffffff", linewidth=0,
              label=shorten(one.name, LABEL_LIMIT + 10))
        for one in entries
    ]
    handles += [Line2D([], [], linestyle="none", marker="|", color=INK, markersize=11, markeredgewidth=1.6,
                       label=shorten(one.name, LABEL_LIMIT)) for one in marks]
    if handles:
        page.figure.legend(handles=handles, loc="upper left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.2,
                           ncol=_legend_columns([*entries, *marks], WIDTH), fontsize=FONT - 0.5, handlelength=2.0,
                           columnspacing=1.0, labelspacing=0.3, borderpad=0.2)


def _heat_map(view: HeatMap) -> Figure:
    """A square, a row and a column a CPU; values are written into the fields where they fit."""
    count = len(view.cpus)
    side = min(0.62, (WIDTH - 1.7) / count) * count
    page = _Page(0.45 + side + 0.1)
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
                    axes.text(x + 0.5, y + 0.5, _short(value, units.time_scale), ha="center", va="center",
                              color=ink, size=FONT - 1.5)
    _colour_scale(page, view, colours, norm, side)
    return page.figure


def _colour_limits(low: float, high: float) -> tuple[float, float]:
    """Wide enough that what is nearly equal looks so."""
    widen = max(LEAST_COLOURED / (high / low), 1.0) ** 0.5
    return low / widen, high * widen


def _colour_scale(page: _Page, view: HeatMap, colours: matplotlib.colors.Colormap, norm: LogNorm,
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
    axes.yaxis.set_major_formatter(FuncFormatter(_writer(view.unit)))
    axes.spines[:].set_visible(False)


def _cloud(drawing: Cloud) -> Figure:
    """A panel below the other, all with the same axes; places along x are evenly spaced and any number."""
    legend = _legend_entries(s for panel in drawing.panels for s in panel.series)
    floors = _legend_entries(s for panel in drawing.panels for s in panel.floors)
    top = _legend_height([*legend, *floors], WIDTH)
    page = _Page(top + len(drawing.panels) * (TITLE + CLOUD + GAP) + 0.45)
    points = [p for panel in drawing.panels for s in (*panel.series, *panel.floors) for p in s.points]
    limits = _log_limits(points)
    places = [float(p.at) for p in points]
    pad = 0.03 * (max(places) - min(places)) or 0.5
    y = top
    for index, panel in enumerate(drawing.panels):
        axes = page.axes(LEFT, y + TITLE, WIDTH - LEFT - 0.2, CLOUD)
        _scattered(axes, panel.series)
        _floor_lines(axes, panel.floors)
        axes.set_ylim(limits)
        axes.set_xlim(min(places) - pad, max(places) + pad)
        _value_axis(axes.yaxis, drawing.y, limits, labels=True)
        axes.locator_params(axis="x", nbins=7)
        last = index == len(drawing.panels) - 1
        axes.xaxis.set_major_formatter(FuncFormatter(_writer(drawing.x.unit) if last else lambda *_: ""))
        axes.grid(axis="x")
        _title(page, panel.title, y)
        y += TITLE + CLOUD + GAP
    page.text(LEFT + (WIDTH - LEFT - 0.2) / 2, page.height - 0.08, drawing.x.label, ha="center", va="bottom")
    _legend(page, legend, floors, lines=False)
    return page.figure


def _scattered(axes: Axes, series: Sequence[Series]) -> None:
    axes.set_yscale("log")
    for one in series:
        points = _drawable(one.points)
        colour, marker, _ = _style(one.style)
        axes.plot([float(p.at) for p in points], [p.value.median for p in points], color=colour, marker=marker,
                  linestyle="none", markersize=2.6, alpha=0.75, markeredgewidth=0)
        spread = [p for p in points if p.value.high > p.value.low]
        axes.vlines([float(p.at) for p in spread], [p.value.low for p in spread], [p.value.high for p in spread],
                    colors=colour, linewidth=0.8, alpha=0.75)


class _Page:
    """A figure measured in inches from its upper left corner, so that nothing depends on a layout."""

    def __init__(self, height: float) -> None:
        self.height = height
        self.figure = Figure(figsize=(WIDTH, height))
        self.figure.patch.set_visible(False)

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        box = (left / WIDTH, 1 - (top + height) / self.height, width / WIDTH, height / self.height)
        axes = self.figure.add_axes(box)
        axes.patch.set_visible(False)
        axes.set_axisbelow(True)
        return axes

    def text(self, x: float, y: float, text: str, **style: object) -> None:
        self.figure.text(x / WIDTH, 1 - y / self.height, text, **style)


def _title(page: _Page, title: str, y: float) -> None:
    page.text(0.1, y + TITLE - 0.07, shorten(title, 78), ha="left", va="bottom", weight="bold",
              size=FONT - 0.5)


def _categories(panel: Panel) -> list[str]:
    return list(dict.fromkeys(str(p.at) for series in panel.series for p in series.points))


def _drawable(points: Iterable[Point]) -> list[Point]:
    """On a log axis only what is above zero has a place."""
    return [p for p in points if p.value.median >= 1e-9]


def _rows(axes: Axes, series: Sequence[Series], names: Sequence[str], show_names: bool) -> None:
    row = {name: index for index, name in enumerate(names)}
    axes.set_xscale("log")
    for index, one in enumerate(series):
        points = _drawable(one.points)
        colour, marker, _ = _style(one.style)
        # A little below one another, so that near values do not cover each other.
        ys = [row[str(p.at)] + 0.13 * (index - (len(series) - 1) / 2) for p in points]
        axes.hlines(ys, [max(p.value.low, p.value.median / 1e3) for p in points],
                    [p.value.high for p in points], colors=colour, linewidth=1.4)
        axes.plot([p.value.median for p in points], ys, linestyle="none", marker=marker,
                  color=colour, markersize=4.5)
    _row_axis(axes, names, show_names)


def _floor_marks(axes: Axes, floors: Sequence[Series], names: Sequence[str]) -> None:
    """A stroke as high as its row: rows with one floor make one line."""
    row = {name: index for index, name in enumerate(names)}
    for one in floors:
        for p in _drawable(one.points):
            y = row[str(p.at)]
            axes.vlines([p.value.median], y - 0.5, y + 0.5, colors=INK, linewidth=1.3, linestyles=FLOORS[0])


def _floor_lines(axes: Axes, floors: Sequence[Series]) -> None:
    for one in floors:
        points = _drawable(one.points)
        axes.plot([float(p.at) for p in points], [p.value.median for p in points], color=INK, linewidth=1.3,
                  linestyle=FLOORS[one.style % len(FLOORS)])


def _row_axis(axes: Axes, names: Sequence[str], show_names: bool) -> None:
    axes.set_ylim(max(len(names), 1) - 0.5, -0.5)
    axes.yaxis.set_major_locator(FixedLocator(range(len(names))))
    labels = [shorten(name, LABEL_LIMIT) for name in names] if show_names else [""] * len(names)
    axes.set_yticklabels(labels)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", linestyle=":")


def _share_rows(axes: Axes, lane: Lane, names: Sequence[str], labels: bool) -> None:
    row = {name: index for index, name in enumerate(names)}
    for one in lane.series:
        colour, marker, _ = _style(one.style)
        for p in one.points:
            y = row.get(str(p.at))
            if y is not None:
                axes.hlines([y], [p.value.low], [p.value.high], colors=colour, linewidth=1.6)
                axes.plot([p.value.median], [y], marker=marker, color=colour, markersize=5,
                          linestyle="none", clip_on=False)
    _row_axis(axes, names, show_names=False)
    axes.set_xlim(0, 1.02)
    axes.xaxis.set_major_locator(FixedLocator([0, 1]))
    axes.set_title(lane.title, size=FONT - 1, pad=2)
    if not labels:
        axes.set_xticklabels([])


def _lines(axes: Axes, series: Sequence[Series], sparse: bool) -> None:
    axes.set_yscale("log")
    for one in series:
        points = _drawable(one.points)
        colour, marker, line = _style(one.style)
        xs = [float(p.at) for p in points]
        # Offset marks, so that curves on top of each other stay apart.
        every = (one.style % 6, 6) if sparse else 1
        axes.plot(xs, [p.value.median for p in points], color=colour, marker=marker, linestyle=line,
                  linewidth=1.3, markersize=4.5, markevery=every)
        spread = [p for p in points if p.value.high > p.value.low]
        axes.vlines([float(p.at) for p in spread], [max(p.value.low, p.value.median / 1e3) for p in spread],
                    [p.value.high for p in spread], colors=colour, linewidth=1.2)
        for p in (p for p in points if p.flags):
            axes.annotate(p.flags, (float(p.at), p.value.median), textcoords="offset points", xytext=(2.5, 2.5),
                          color=colour, size=FONT - 2.5)


def _share_lane(axes: Axes, lane: Lane) -> None:
    for one in lane.series:
        colour, marker, line = _style(one.style)
        axes.plot([float(p.at) for p in one.points], [p.value.median for p in one.points], color=colour,
                  marker=marker, linestyle=line, linewidth=1.0, markersize=3.5, clip_on=False)
    axes.set_ylim(0, 1.05)
    axes.yaxis.set_major_locator(FixedLocator([0, 0.5, 1]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_ylabel(lane.title, size=FONT - 1)
    axes.grid(axis="y")


def _log_limits(points: Iterable[Point]) -> tuple[float, float]:
    """Limits around the drawable values, wide enough for at least two labels."""
    drawn = _drawable(points)
    low = min((max(p.value.low, p.value.median / 1e3) for p in drawn), default=1.0)
    high = max((p.value.high for p in drawn), default=10.0)
    pad = max(0.06 * math.log10(high / low), (0.6 - math.log10(high / low)) / 2)
    return low / 10**pad, high * 10**pad


def _value_axis(axis: matplotlib.axis.Axis, view: Axis, limits: tuple[float, float], labels: bool) -> None:
    decades = math.log10(limits[1] / limits[0])
    subs = (1.0, 2.0, 5.0) if decades < 1.6 else (1.0, 3.0) if decades < 2.5 else (1.0,)
    axis.set_major_locator(LogLocator(subs=subs, numticks=7))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(_writer(view.unit) if labels else lambda *_: ""))
    axis.grid(True)
    if labels:
        axis.set_label_text(view.label)


def _place_axis(axes: Axes, view: Axis, places: Sequence[float], labels: bool) -> None:
    """Ticks at the measured positions themselves, thinned where they would collide."""
    if view.unit is Unit.NINES:
        shown = [x for x in NINES if places and x <= places[-1]]
    else:
        shown = list(places[:: max(1, math.ceil(len(places) / 7))])
    positive = [x for x in places if x > 0]
    if not positive:
        axes.set_xlim(-1, 1)
    elif places[0] == 0:
        # Zero has a place of its own, one step left of the smallest position.
        axes.set_xscale("symlog", base=2, linthresh=positive[0])
        axes.set_xlim(-positive[0] * 0.2, positive[-1] * 1.3)
    else:
        axes.set_xscale("log", base=10 if view.unit is Unit.NINES else 2)
        axes.set_xlim(places[0] / 1.15, places[-1] * 1.15)
    axes.xaxis.set_major_locator(FixedLocator(shown))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(_writer(view.unit) if labels else lambda *_: ""))
    axes.grid(axis="x")


def _writer(unit: Unit) -> Callable[[float, int], str]:
    """The tick formatter of a unit."""
    write = {
        Unit.TIME: lambda value: _short(value, units.time_scale),
        Unit.MESSAGES_PER_SECOND: lambda value: _short(value, units.rate_scale("")).removesuffix("/s"),
        Unit.OPERATIONS_PER_SECOND: lambda value: _short(value, units.rate_scale("")).removesuffix("/s"),
        Unit.BYTES_PER_SECOND: lambda value: _short(value, units.bytes_scale),
        Unit.BYTES: units.size,
        Unit.MEBIBYTES: units.memory,
        Unit.COUNT: lambda value: f"{value:g}",
        Unit.SECONDS: lambda value: f"{value:g} s",
        Unit.NINES: lambda value: NINES.get(value, ""),
    }[unit]
    return lambda value, _: write(value)


def _short(value: float, scale: units.Scale) -> str:
    factor, unit = scale(value * 1.000001)
    return f"{value / factor:.3g} {unit}".replace(" /s", "/s")


def _style(index: int) -> tuple[str, str, str]:
    return COLOURS[index % len(COLOURS)], MARKERS[index % len(MARKERS)], LINES[index % len(LINES)]


def _legend_entries(series: Iterable[Series]) -> list[Series]:
    return sorted({s.name: s for s in series}.values(), key=lambda s: s.style)


def _legend_columns(entries: Sequence[Series], width: float) -> int:
    longest = max((len(shorten(s.name, LABEL_LIMIT)) for s in entries), default=1)
    return max(1, min(len(entries), int((width - 0.1) / (0.62 + longest * CHARACTER))))


def _legend_height(entries: Sequence[Series], width: float) -> float:
    return 0.12 + 0.19 * math.ceil(len(entries) / _legend_columns(entries, width)) if entries else 0.05


def _legend(page: _Page, entries: Sequence[Series], floors: Sequence[Series], lines: bool) -> None:
    axes = page.axes(0.0, 0.0, 0.01, 0.01)
    axes.set_axis_off()
    handles = []
    for one in entries:
        colour, marker, line = _style(one.style)
        handles += axes.plot([], [], color=colour, marker=marker, linestyle=line if lines else "none",
                             markersize=5, label=shorten(one.name, LABEL_LIMIT))
    for one in floors:
        handles += axes.plot([], [], color=INK, linewidth=1.3, linestyle=FLOORS[one.style % len(FLOORS)],
                             label=shorten(one.name, LABEL_LIMIT))
    if handles:
        page.figure.legend(handles=handles, loc="upper left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.2,
                           ncol=_legend_columns([*entries, *floors], WIDTH), fontsize=FONT - 0.5, handlelength=2.6,
                           columnspacing=1.0, labelspacing=0.3, borderpad=0.2)
