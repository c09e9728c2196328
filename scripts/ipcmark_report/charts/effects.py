"""Ratios with their intervals, a row each, around the line of no change."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator

from ..compare.page import percent
from ..compare.page.marks import Mark
from ..compare.page.views import Effect, Effects
from ..stats import Spread
from ..svg import GRID, INK
from ..text import shorten
from ..views import Point
from .canvas import CHARACTER, COLOURS, FONT, GAP, ROW, TITLE, WIDTH, Canvas, title
from .ratios import limits, ratio_axis

LABELS = 40
VALUES = 0.62  # to the right: the change in figures
BOTTOM = 0.42
TALL = 0.31  # a row with a second line of label


def effects(view: Effects) -> Canvas:
    """A panel below the other, all on one scale."""
    rows = [row for panel in view.panels for row in panel.rows]
    page = Canvas(0.05 + sum(TITLE + rows_height(panel.rows) + GAP for panel in view.panels) + BOTTOM)
    left = label_width(rows)
    low, high = scale(rows)
    y = 0.05
    for index, panel in enumerate(view.panels):
        title(page, panel.title, y)
        last = index == len(view.panels) - 1
        effect_rows(page, panel.rows, (left, y + TITLE), (low, high), labels=last)
        y += TITLE + rows_height(panel.rows) + GAP
    directions(page, left, page.height - 0.07)
    return page


def label_width(rows: Sequence[Effect]) -> float:
    return 0.15 + CHARACTER * max((len(shorten(text, LABELS)) for row in rows for text in (row.label, row.under)), default=8)


def rows_height(rows: Sequence[Effect]) -> float:
    return (TALL if any(row.under for row in rows) else ROW) * len(rows)


def scale(rows: Sequence[Effect]) -> tuple[float, float]:
    return limits((row.ratio for row in rows), (end for row in rows for end in (row.low, row.high) if end is not None),
                  (row.threshold for row in rows if row.threshold is not None))


def directions(page: Canvas, left: float, y: float) -> None:
    page.text(left, y, "← faster", ha="left", va="bottom", size=FONT - 0.5)
    page.text(WIDTH - VALUES - 0.1, y, "slower →", ha="right", va="bottom", size=FONT - 0.5)


def effect_rows(page: Canvas, rows: Sequence[Effect], place: tuple[float, float], ends: tuple[float, float],
                labels: bool) -> None:
    left, top = place
    width = WIDTH - left - VALUES - 0.1
    height = rows_height(rows) / len(rows)
    axes = page.axes(left, top, width, height * len(rows))
    axes.set_xlim(*ends)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    for y, row in enumerate(rows):
        _band(axes, y, row)
        _interval(axes, y, row, ends)
    axes.axvline(0, color=INK, linewidth=0.9)
    _marks(page, axes, rows)
    ratio_axis(axes.xaxis, *ends, width, labels)
    axes.yaxis.set_major_locator(FixedLocator(range(len(rows))))
    axes.set_yticklabels([])
    axes.tick_params(axis="y", length=0)
    for y, row in enumerate(rows):
        _label(page, row, left - 0.06, top + height * (y + 0.5))
        page.text(WIDTH - 0.05, top + height * (y + 0.5), percent.change(row.ratio), ha="right", va="center", size=FONT - 0.5,
                  weight="bold" if row.mark is Mark.STARRED else "normal")


def _label(page: Canvas, row: Effect, right: float, middle: float) -> None:
    page.text(right, middle - (0.055 if row.under else 0), shorten(row.label, LABELS), ha="right", va="center")
    if row.under:
        page.text(right, middle + 0.085, shorten(row.under, LABELS), ha="right", va="center", size=FONT - 2)


def _band(axes: Axes, y: int, row: Effect) -> None:
    if row.threshold:
        far = math.log1p(row.threshold)
        axes.add_patch(Rectangle((-far, y - 0.5), 2 * far, 1, facecolor=GRID, alpha=0.6, edgecolor="none", zorder=0))


def _interval(axes: Axes, y: int, row: Effect, ends: tuple[float, float]) -> None:
    """Where an end lies outside of the scale an arrow says so."""
    if row.low is None or row.high is None:
        return
    low, high = (math.log(max(end, 1e-12)) for end in (row.low, row.high))
    axes.hlines([y], max(low, ends[0]), min(high, ends[1]), colors=colour(row), linewidth=2.2 if row.whole else 1.4)
    for outside, at, marker in ((low < ends[0], ends[0], "<"), (high > ends[1], ends[1], ">")):
        if outside:
            axes.plot([at], [y], linestyle="none", marker=marker, color=colour(row), markersize=5, clip_on=False, markeredgewidth=0)


def colour(row: Effect) -> str:
    if row.mark is not Mark.STARRED:
        return INK
    return COLOURS[1] if row.ratio > 1 else COLOURS[0]


_FORMS = tuple(product(Mark, (False, True), (False, True), (False, True)))


def _marks(page: Canvas, axes: Axes, rows: Sequence[Effect]) -> None:
    """One group for each look, so that every mark can say what it is of."""
    for form in _FORMS:
        mark, whole, confounded, _ = form
        own = [(y, row) for y, row in enumerate(rows) if (row.mark, row.whole, row.confounded, row.ratio > 1) == form]
        if own:
            points = [Point(row.label, Spread(row.ratio, row.ratio, row.ratio, 1), case=row.tip) for _, row in own]
            shade = colour(own[0][1])
            page.marks(axes, points, [math.log(row.ratio) for _, row in own], [float(y) for y, _ in own], linestyle="none",
                       marker="D" if whole else "s" if confounded else "o", color=shade,
                       markerfacecolor=shade if mark is Mark.STARRED else "none",
                       markersize={Mark.INCONCLUSIVE: 3.5, Mark.EQUIVALENT: 6}.get(mark, 5) + 1.5 * whole, markeredgewidth=1)
