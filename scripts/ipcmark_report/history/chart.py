"""Draws trends as one SVG, PNG or PDF; the only module of the history that imports matplotlib."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Sequence

# Before the import, which complains of a home directory that it cannot write to.
logging.getLogger("matplotlib").setLevel(logging.ERROR)

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from .. import units
from ..text import shorten
from .listing import change_text, verdict
from .trend import Trend

PANELS = 12
LEAST_SEEN = 0.1
WIDTH, PANEL = 8.0, 2.6  # inches
# Okabe and Ito's, safe for colour-blind readers; kernels also differ in their marker.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#e69f00", "#56b4e9", "#cc79a7", "#101112")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LEVEL = "#101112"
SETTINGS = {
    "svg.hashsalt": "ipcmark", "svg.fonttype": "none", "text.parse_math": False, "font.size": 9.0,
    "font.family": ["DejaVu Sans", "Verdana", "sans-serif"], "legend.frameon": False, "axes.linewidth": 0.7,
    "axes.spines.top": False, "axes.spines.right": False, "grid.color": "#d0d1d2", "grid.linewidth": 0.6,
}
# Without the moment of drawing the same trends give the same bytes.
NO_DATE = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}


def draw(trends: Sequence[Trend], kind: str) -> bytes:
    """The trends below one another, each over its own points."""
    with warnings.catch_warnings(), matplotlib.rc_context():
        warnings.simplefilter("ignore")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)
        figure = Figure(figsize=(WIDTH, PANEL * len(trends)), layout="constrained", dpi=150)
        FigureCanvasAgg(figure)
        for trend, axes in zip(trends, figure.subplots(len(trends), squeeze=False)[:, 0]):
            _panel(axes, trend)
        target = io.BytesIO()
        figure.savefig(target, format=kind, metadata=NO_DATE[kind])
    return target.getvalue()


def _panel(axes: Axes, trend: Trend) -> None:
    factor, unit = units.time_scale(min(point.spread.median for point in trend.points))
    _points(axes, trend, factor)
    _levels(axes, trend, factor)
    dates = [point.runs[0].run.started_at[:10] for point in trend.points]
    axes.set_title(f"{shorten(trend.case, 90)}\n{shorten(trend.machine.name, 100)}", loc="left", fontsize=8)
    axes.set_xlabel(f"boots and builds in the order of time; bars: all processes; {verdict(trend)}", fontsize=7)
    axes.set_ylabel(f"{trend.estimator}, {unit}")
    axes.set_xlim(-0.6, len(dates) - 0.4)
    _widen(axes, sorted(point.spread.median / factor for point in trend.points))
    axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: dates[int(x)] if 0 <= x < len(dates) else ""))
    axes.grid(axis="y")


def _widen(axes: Axes, middles: Sequence[float]) -> None:
    """Differences far below LEAST_SEEN must not fill the panel: they would look like something."""
    middle = middles[len(middles) // 2]
    low, high = axes.get_ylim()
    axes.set_ylim(max(0.0, min(low, middle * (1 - LEAST_SEEN))), max(high, middle * (1 + LEAST_SEEN)))


def _points(axes: Axes, trend: Trend, factor: float) -> None:
    kernels = list(dict.fromkeys(point.runs[0].run.kernel for point in trend.points))
    for number, kernel in enumerate(kernels):
        mine = [(x, p.spread) for x, p in enumerate(trend.points) if p.runs[0].run.kernel == kernel]
        middles = [spread.median / factor for _, spread in mine]
        # The mean of several runs may lie beyond the processes of none, but bars never point inwards.
        low = [max(0.0, middle - spread.low / factor) for middle, (_, spread) in zip(middles, mine)]
        high = [max(0.0, spread.high / factor - middle) for middle, (_, spread) in zip(middles, mine)]
        axes.errorbar([x for x, _ in mine], middles, yerr=(low, high), linestyle="none", markersize=4, elinewidth=0.7,
                      marker=MARKERS[number % len(MARKERS)], color=COLOURS[number % len(COLOURS)],
                      label=shorten(kernel or "unknown kernel", 24))
    if len(kernels) <= 2 * len(MARKERS):
        # Beside the title: inside the panel it would cover points.
        axes.legend(fontsize=7, ncol=4, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.1, columnspacing=1)


def _levels(axes: Axes, trend: Trend, factor: float) -> None:
    if not trend.changes:
        return
    edges = [0, *(change.at for change in trend.changes), len(trend.points)]
    levels = [trend.changes[0].before, *(change.after for change in trend.changes)]
    axes.hlines([level / factor for level in levels], [edge - 0.5 for edge in edges[:-1]],
                [edge - 0.5 for edge in edges[1:]], colors=LEVEL, linewidth=1.2)
    for change in trend.changes:
        axes.axvline(change.at - 0.5, color=LEVEL, linewidth=0.8, linestyle="--")
        axes.annotate(change_text(change), (change.at - 0.5, 1), xycoords=("data", "axes fraction"), fontsize=8,
                      xytext=(3, -9), textcoords="offset points")
