"""The map of changes: a field a case and run, its colour the change, its mark how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, NullLocator

from ..compare.page import percent
from ..compare.page.marks import Mark
from ..compare.page.views import ChangeMap, Field, MapGroup, MapWords
from ..svg import GRID, INK
from ..text import shorten
from .canvas import CHARACTER, COLOURS, FONT, WIDTH, Canvas

LABELS = 38
ROW = 0.2
HEADING = 0.24
# A field with its change written into it, and one with its mark alone.
WIDE, NARROW, LEAST = 0.82, 0.3, 0.12
FASTER, SLOWER = COLOURS[0], COLOURS[1]
# The weakest and the strongest colour, still with readable text on it.
FAINT, STRONG = 0.10, 0.62
# Changes from here on have the strongest colour, unless all are weaker.
FULL = math.log(1.5)
LEAST_FULL = math.log(1.05)


def change_map(view: ChangeMap) -> Canvas:
    names = [name for group in view.groups for name, _ in group.rows]
    left = 0.15 + CHARACTER * max((len(shorten(name, LABELS)) for name in names), default=8)
    left = max(left, 0.15 + CHARACTER * 0.95 * max((len(shorten(group.title, LABELS)) for group in view.groups), default=8))
    count = len(view.columns)
    field = min(WIDE, max(LEAST, (WIDTH - left - 0.1) / count))
    upright = max((len(shorten(name, 24)) for name in view.columns), default=1) * CHARACTER > field
    top = 0.15 + (CHARACTER * max(len(shorten(name, 24)) for name in view.columns) if upright else 0.15)
    page = Canvas(top + sum(HEADING + ROW * len(group.rows) for group in view.groups) + LEGEND + 0.1)
    full = _full(view)
    for index, name in enumerate(view.columns):
        page.text(left + (index + 0.5) * field, top - 0.05, shorten(name, 24), ha="center", va="bottom",
                  rotation=90 if upright else 0, size=FONT - 0.5)
    y = top
    for group in view.groups:
        page.text(0.1, y + HEADING - 0.05, shorten(group.title, LABELS), ha="left", va="bottom", weight="bold", size=FONT - 0.5)
        axes = page.axes(left, y + HEADING, field * count, ROW * len(group.rows))
        _fields(axes, group, count, field, full)
        y += HEADING + ROW * len(group.rows)
    _legend(page, y + 0.1, full, view.words)
    return page


LEGEND = 0.5


def _full(view: ChangeMap) -> float:
    far = max((abs(math.log(f.ratio)) for group in view.groups for _, fields in group.rows for f in fields if f), default=0.0)
    return max(min(far, FULL), LEAST_FULL)


def _fields(axes: Axes, group: MapGroup, count: int, width: float, full: float) -> None:
    for y, (_, fields) in enumerate(group.rows):
        for x, field in enumerate(fields):
            if field is not None:
                _field(axes, x, y, field, width >= WIDE * 0.75, full)
    axes.set_xlim(0, count)
    axes.set_ylim(len(group.rows), 0)
    axes.xaxis.set_major_locator(NullLocator())
    axes.yaxis.set_major_locator(FixedLocator([index + 0.5 for index in range(len(group.rows))]))
    axes.set_yticklabels([shorten(name, LABELS) for name, _ in group.rows])
    axes.tick_params(length=0, pad=4)
    axes.spines[:].set_visible(False)


def _field(axes: Axes, x: float, y: float, field: Field, wide: bool, full: float) -> None:
    colour, alpha = shade(field, full)
    axes.add_patch(Rectangle((x + 0.02, y + 0.05), 0.96, 0.9, facecolor=colour, alpha=alpha, edgecolor="none"))
    if field.confounded:
        axes.add_patch(Rectangle((x + 0.02, y + 0.05), 0.96, 0.9, facecolor="none", edgecolor=INK, alpha=0.45, hatch="////",
                                 linewidth=0))
    _mark(axes, x + (0.13 if wide else 0.5), y + 0.5, field.mark)
    if wide:
        axes.text(x + 0.93, y + 0.54, percent.change(field.ratio), ha="right", va="center", size=FONT - 1.5, color=INK)


def shade(field: Field, full: float) -> tuple[str, float]:
    """Grey where nothing was shown; else the stronger the farther."""
    if field.mark is Mark.INCONCLUSIVE:
        return GRID, 0.6
    far = math.log(field.ratio)
    return SLOWER if far > 0 else FASTER, FAINT + (STRONG - FAINT) * min(abs(far) / full, 1.0)


def _mark(axes: Axes, x: float, y: float, mark: Mark) -> None:
    if mark is Mark.STARRED:
        axes.plot([x], [y], linestyle="none", marker="o", markersize=4.5, color=INK, markeredgewidth=0)
    elif mark is Mark.EQUIVALENT:
        axes.plot([x], [y], linestyle="none", marker="o", markersize=4.5, markerfacecolor="none", color=INK, markeredgewidth=1)


def _legend(page: Canvas, top: float, full: float, words: MapWords) -> None:
    """The marks on one line, the colours on the next."""
    samples: Sequence[tuple[str, Field]] = (
        ("changed", Field(math.exp(full), Mark.STARRED)), (words.hatched, Field(math.exp(full / 2), Mark.STARRED, True)),
        ("equivalent", Field(1.001, Mark.EQUIVALENT)), ("inconclusive", Field(1.0, Mark.INCONCLUSIVE)))
    colours = ((f"{percent.change(math.exp(-full))} or {words.less}", Field(math.exp(-full), Mark.EQUIVALENT), FASTER),
               (f"{percent.change(math.exp(full))} or {words.more}", Field(math.exp(full), Mark.EQUIVALENT), SLOWER))
    for index, (name, field) in enumerate(samples):
        x = 0.1 + 1.3 * index
        axes = page.axes(x, top, 0.22, 0.16)
        _field(axes, 0, 0, field, False, full)
        _bare(axes)
        page.text(x + 0.29, top + 0.09, name, ha="left", va="center", size=FONT - 1)
    for index, (name, field, colour) in enumerate(colours):
        x = 0.1 + 2.6 * index
        axes = page.axes(x, top + 0.23, 0.22, 0.16)
        axes.add_patch(Rectangle((0.02, 0.05), 0.96, 0.9, facecolor=colour, alpha=STRONG, edgecolor="none"))
        _bare(axes)
        page.text(x + 0.29, top + 0.32, name, ha="left", va="center", size=FONT - 1)


def _bare(axes: Axes) -> None:
    axes.set_xlim(0, 1)
    axes.set_ylim(1, 0)
    axes.set_axis_off()
