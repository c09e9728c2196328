"""A scale of ratios: no change in the middle, percent along it."""

from __future__ import annotations

import math
from collections.abc import Iterable

import matplotlib.axis
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from ..compare.page import percent

# Steps between labels, percent of the base, the finest first; then ratios far apart.
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)
_FAR = ((0.1, 0.25, 0.5, 1, 2, 4, 10), (0.01, 0.1, 1, 10, 100), (1e-4, 1e-2, 1, 1e2, 1e4), (1e-8, 1e-4, 1, 1e4, 1e8))
# Inches between labels.
_APART = 0.46
# A scale shows at least so much to both sides.
_LEAST = math.log(1.01)
# Ends of intervals farther than so many times the farthest ratio lie outside.
_BEYOND = 2.5


def limits(ratios: Iterable[float], ends: Iterable[float], thresholds: Iterable[float]) -> tuple[float, float]:
    """Of the scale, as logarithms: all ratios lie within, and ends of intervals where they do not crush them."""
    inner = [math.log(ratio) for ratio in ratios]
    outer = [math.log(end) for end in ends if end > 0]
    band = max((math.log1p(threshold) for threshold in thresholds), default=0.0)
    far = max(*(abs(at) for at in inner), band, _LEAST) if inner else max(band, _LEAST)
    low = min([-_LEAST, -1.25 * band, *inner, *(max(at, -_BEYOND * far) for at in outer)])
    high = max([_LEAST, 1.25 * band, *inner, *(min(at, _BEYOND * far) for at in outer)])
    pad = 0.06 * (high - low)
    return low - pad, high + pad


def ratio_axis(axis: matplotlib.axis.Axis, low: float, high: float, inches: float, labels: bool = True) -> None:
    """The axis holds logarithms of ratios."""
    axis.set_major_locator(FixedLocator([math.log(ratio) for ratio in ticks(low, high, inches)]))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda at, _: written(math.exp(at)) if labels else ""))
    axis.grid(True)


def ticks(low: float, high: float, inches: float) -> list[float]:
    """Ratios to label, as many as have room."""
    for step in _STEPS:
        first, last = (math.ceil(100 * math.expm1(low) / step), math.floor(100 * math.expm1(min(high, 10)) / step))
        if last - first > 40:
            continue
        found = [1 + step * k / 100 for k in range(first, last + 1)]
        if high < math.log(4) and _fit(found, low, high, inches):
            return found
    for ratios in _FAR:
        found = [ratio for ratio in ratios if low <= math.log(ratio) <= high]
        if _fit(found, low, high, inches):
            return found
    return [1.0]


def _fit(ratios: list[float], low: float, high: float, inches: float) -> bool:
    places = [math.log(ratio) / (high - low) * inches for ratio in ratios if ratio > 0]
    return len(places) == len(ratios) and len(places) > 1 and all(b - a >= _APART for a, b in zip(places, places[1:]))


def written(ratio: float) -> str:
    if abs(ratio - 1) < 1e-6:
        return "0"
    if ratio < 0.1:
        return f"÷{1 / ratio:.3g}"
    return percent.change(ratio).replace(".0" + percent.UNIT, percent.UNIT)
