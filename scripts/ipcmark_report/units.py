"""Numbers with their units as text, three significant digits."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

from .model import INSTRUCTIONS, WALL
from .stats import Spread

_TIMES = ((1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns"))
_INSTRUCTIONS = (1.0, "instructions")  # whole, since the last digit counts too
_POWERS = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""))
_BINARY = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))

# Gives the factor and the unit in which to write numbers of about this size.
Scale = Callable[[float], tuple[float, str]]


# What the clock of the runs at hand counts; of all of them the same.
_clock: ContextVar[str] = ContextVar("clock", default=WALL)


def use_clock(clock: str) -> None:
    """From now on times are written as what this clock counts."""
    _clock.set(clock)


def time_scale(ns: float) -> tuple[float, str]:
    if _clock.get() == INSTRUCTIONS:
        return _INSTRUCTIONS
    return next((scale for scale in _TIMES if ns >= scale[0]), _TIMES[-1])


def rate_scale(thing: str) -> Scale:
    def scale(value: float) -> tuple[float, str]:
        factor, letter = next((power for power in _POWERS if value >= power[0]), _POWERS[-1])
        return factor, f"{letter} {thing}/s" if letter else f"{thing}/s"

    return scale


def bytes_scale(value: float) -> tuple[float, str]:
    factor, letter = next((power for power in _POWERS if value >= power[0]), _POWERS[-1])
    return factor, f"{letter}B/s"


def plain_scale(_: float) -> tuple[float, str]:
    return 1.0, ""


def digits(value: float) -> str:
    """Three significant digits without an exponent."""
    if value == 0:
        return "0"
    magnitude = abs(value)
    places = 2 if magnitude < 10 else 1 if magnitude < 100 else 0
    if magnitude < 1:
        return f"{value:.3g}" if magnitude >= 1e-4 else "<0.0001"
    return f"{value:.{places}f}"


def amount(value: float, scale: Scale) -> str:
    factor, unit = scale(value)
    return f"{digits(value / factor)} {unit}".rstrip()


def spread(value: Spread | None, scale: Scale) -> str:
    """`median (smallest–largest) unit`, all three in the unit of the median."""
    if value is None:
        return "–"
    factor, unit = scale(value.median)
    middle = digits(value.median / factor)
    if value.processes < 2:
        return f"{middle} {unit}".rstrip()
    return f"{middle} ({digits(value.low / factor)}–{digits(value.high / factor)}) {unit}".rstrip()


def time(ns: float) -> str:
    return amount(ns, time_scale)


def size(count: float) -> str:
    """A size in bytes, exact: 64 B, 4 KiB, 1.5 MiB."""
    for factor, unit in _BINARY:
        if count >= factor and (count * 8) % factor == 0:
            return f"{count / factor:g} {unit}"
    return f"{count:.0f} B"


def memory(mib: float) -> str:
    return size(mib * (1 << 20)) if mib else "0 MiB"


def whole(value: float) -> str:
    """A count with thin groups of thousands."""
    return f"{value:,.0f}".replace(",", "\u202f")


def span(low: float, high: float, write: Callable[[float], str]) -> str:
    return write(low) if low == high else f"{write(low)}–{write(high)}"
