"""The axes of charts: their limits, and how numbers of each unit are written along them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timezone

import matplotlib.axis
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from .. import units
from ..views import Axis, Point, Unit
from .canvas import drawable

NINES = {1: "0 %", 2: "50 %", 10: "90 %", 100: "99 %", 1e3: "99.9 %", 1e4: "99.99 %", 1e5: "99.999 %",
         1e6: "99.9999 %", 1e7: "99.99999 %"}


def log_limits(points: Iterable[Point]) -> tuple[float, float]:
    """Limits around the drawable values, wide enough for at least two labels."""
    drawn = drawable(points)
    low = min((max(p.value.low, p.value.median / 1e3) for p in drawn), default=1.0)
    high = max((p.value.high for p in drawn), default=10.0)
    pad = max(0.06 * math.log10(high / low), (0.6 - math.log10(high / low)) / 2)
    return low / 10**pad, high * 10**pad


def value_axis(axis: matplotlib.axis.Axis, view: Axis, limits: tuple[float, float], labels: bool,
               ticks: int = 7) -> None:
    decades = math.log10(limits[1] / limits[0])
    subs = (1.0, 2.0, 5.0) if decades < 1.6 else (1.0, 3.0) if decades < 2.5 else (1.0,)
    axis.set_major_locator(LogLocator(subs=subs, numticks=ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(writer(view.unit) if labels else lambda *_: ""))
    axis.grid(True)
    if labels:
        axis.set_label_text(view.label)


def place_axis(axes: Axes, view: Axis, places: Sequence[float], labels: bool) -> None:
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
    axes.xaxis.set_major_formatter(FuncFormatter(writer(view.unit) if labels else lambda *_: ""))
    axes.grid(axis="x")


def writer(unit: Unit) -> Callable[[float, int], str]:
    """The tick formatter of a unit."""
    write = {
        Unit.TIME: lambda value: short(value, units.time_scale),
        Unit.MESSAGES_PER_SECOND: lambda value: short(value, units.rate_scale("")).removesuffix("/s"),
        Unit.OPERATIONS_PER_SECOND: lambda value: short(value, units.rate_scale("")).removesuffix("/s"),
        Unit.BYTES_PER_SECOND: lambda value: short(value, units.bytes_scale),
        Unit.BYTES: units.size,
        Unit.MEBIBYTES: units.memory,
        Unit.COUNT: lambda value: f"{value:g}",
        Unit.SECONDS: lambda value: f"{value:g} s",
        Unit.PERCENT: lambda value: f"{value:.3g} %",
        Unit.CLOCK: lambda value: f"{datetime.fromtimestamp(value, timezone.utc):%H:%M:%S}".removesuffix(":00"),
        Unit.NINES: lambda value: NINES.get(value, ""),
    }[unit]
    return lambda value, _: write(value)


def short(value: float, scale: units.Scale) -> str:
    factor, unit = scale(value * 1.000001)
    return f"{value / factor:.3g} {unit}".replace(" /s", "/s")
