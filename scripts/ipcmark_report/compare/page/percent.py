"""Changes as text: ratios of time an operation, as percent or times."""

from __future__ import annotations

from ..model import Change, Group, Interval

MISSING = "–"
# A number stays with its sign of percent.
UNIT = "\u00a0%"
# Beyond this a percentage is harder to read than a multiple.
_TIMES = 100.0


def change(ratio: float | None) -> str:
    """`+10.1 %` takes longer, `−9.1 %` shorter; far away `×120`."""
    if ratio is None:
        return MISSING
    if ratio >= _TIMES:
        return f"×{_figures(ratio)}"
    return _signed(100 * (ratio - 1)) + UNIT


def interval(found: Interval | None) -> str:
    """`+9.0 to +11.2 %`, the unit once where both ends have it."""
    if found is None:
        return MISSING
    low, high = change(found.low), change(found.high)
    if low.endswith(UNIT) and high.endswith(UNIT):
        low = low.removesuffix(UNIT)
    return f"{low} to {high}"


def with_interval(found: Change | Group) -> str:
    """`+10.1 % (+9.0 to +11.2 %)`, or without the brackets where there is no interval."""
    if found.interval is None:
        return change(found.ratio)
    return f"{change(found.ratio)} ({interval(found.interval)})"


def size(share: float) -> str:
    """A size of change without a sign, a ratio less 1: `4 %`."""
    if share + 1 >= _TIMES:
        return f"×{_figures(share + 1)}"
    return _figures(100 * share) + UNIT


def probability(value: float | None) -> str:
    if value is None:
        return MISSING
    if value < 0.0001:
        return "<0.0001"
    return f"{value:.2g}" if value < 0.1 else f"{value:.2f}"


def _signed(percent: float) -> str:
    text = f"{abs(percent):.1f}" if abs(percent) < 99.95 else f"{abs(percent):.0f}"
    if float(text) == 0:
        return "0.0"
    return ("+" if percent > 0 else "−") + text


def _figures(value: float) -> str:
    """Two significant digits, or all before the point."""
    text = f"{value:.1f}" if value < 9.95 else f"{value:.0f}"
    return text.removesuffix(".0")
