"""Instructions and cases as text."""

from __future__ import annotations

from ..model import Case
from ..units import digits, whole
from .model import Reading

MISSING = "–"


def count(value: float) -> str:
    """Instructions: all digits before the point, and two behind it where there are few."""
    return whole(value) if value >= 100 else digits(value)


def reading(value: Reading | None) -> str:
    """`10 086 (10 050–10 102)`, or one number where all boots agree."""
    if value is None:
        return MISSING
    if value.low == value.high:
        return count(value.median)
    return f"{count(value.median)} ({count(value.low)}–{count(value.high)})"


def signed(value: float) -> str:
    return ("+" if value > 0 else "−" if value < 0 else "") + count(abs(value))


def family(case: Case) -> str:
    return f"{case.measure}/{case.noun}"


def short_name(case: Case) -> str:
    """A case within its family; on one CPU are nearly all of them."""
    placement = [] if case.placement == "same_core" else [case.placement]
    return " ".join([case.backend, *(f"{key}:{value}" for key, value in case.parameters), *placement])


def joined(texts: list[str]) -> str:
    return ", ".join(texts[:-1]) + (" and " if len(texts) > 1 else "") + texts[-1] if texts else ""
