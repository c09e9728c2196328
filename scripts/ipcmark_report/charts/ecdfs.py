"""Charts of the distributions of a case's processes: a line each, and below a dot each."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from ..stats import Spread
from ..views import Axis, Bundle, Ecdf, Point, Series
from .canvas import GAP, LEFT, TITLE, WIDTH, Canvas, legend, legend_entries, legend_height, style, title
from .scales import log_limits, value_axis

HEIGHT, STRIP, SCALE = 1.0, 0.2, 0.28


def ecdf(view: Ecdf) -> Canvas:
    kinds = legend_entries(Series(s.kind, s.style, ()) for bundle in view.bundles for s in bundle.strands)
    top = legend_height(kinds, WIDTH) if len(kinds) > 1 else 0.05
    page = Canvas(top + len(view.bundles) * (TITLE + HEIGHT + STRIP + SCALE + GAP) + 0.22)
    y = top
    for bundle in view.bundles:
        title(page, bundle.title, y)
        _bundle(page, bundle, view.x, y + TITLE)
        y += TITLE + HEIGHT + STRIP + SCALE + GAP
    page.text(LEFT + (WIDTH - LEFT - 0.2) / 2, page.height - 0.06, view.x.label, ha="center", va="bottom")
    if len(kinds) > 1:
        legend(page, kinds, (), lines=True)
    return page


def _bundle(page: Canvas, bundle: Bundle, x: Axis, y: float) -> None:
    limits = log_limits(
        Point("", Spread(value, value, value, 1)) for s in bundle.strands for value in (*s.values, s.estimate))
    lines = page.axes(LEFT, y, WIDTH - LEFT - 0.2, HEIGHT)
    below = page.axes(LEFT, y + HEIGHT, WIDTH - LEFT - 0.2, STRIP)
    for strand in bundle.strands:
        colour, _, line = style(strand.style)
        lines.plot(strand.values, strand.shares, color=colour, linestyle=line, linewidth=0.8, alpha=0.8)
    for index in sorted({strand.style for strand in bundle.strands}):
        own = [strand for strand in bundle.strands if strand.style == index]
        colour, marker, _ = style(index)
        points = [Point("", Spread(s.estimate, s.estimate, s.estimate, 1), case=s.case) for s in own]
        page.marks(below, points, [s.estimate for s in own], [0.5] * len(own), color=colour, marker=marker,
                   linestyle="none", markersize=4, alpha=0.7, markeredgewidth=0)
    _frame(lines, limits, x, labels=False)
    lines.set_ylim(0, 1.02)
    lines.yaxis.set_major_locator(FixedLocator([0, 0.5, 1]))
    lines.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0%}".replace("%", " %")))
    lines.set_ylabel("operations")
    lines.grid(axis="y")
    _frame(below, limits, x, labels=True)
    below.set_ylim(0, 1)
    below.yaxis.set_major_locator(NullLocator())
    below.spines["left"].set_visible(False)


def _frame(axes: Axes, limits: tuple[float, float], x: Axis, labels: bool) -> None:
    axes.set_xscale("log")
    value_axis(axes.xaxis, Axis("", x.unit), limits, labels)
    axes.set_xlim(limits)
