"""Instructions and cases as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping

from ..model import Case
from ..units import digits, whole
from .model import Reading

MISSING = "–"
TWO_PATHS = "two paths by seed"


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


def switches(value: float | None) -> str:
    return MISSING if value is None else f"{value:.2f}"


def signed(value: float) -> str:
    return ("+" if value > 0 else "−" if value < 0 else "") + count(abs(value))


def family(case: Case) -> str:
    return f"{case.measure}/{case.noun}"


def short_names(cases: Mapping[str, Case]) -> dict[str, str]:
    """Each case within its family, without what all of the family have in common; on one CPU are nearly all of them."""
    shared = _shared(cases)
    return {name: _short(case, shared[family(case)]) for name, case in cases.items()}


def headings(cases: Mapping[str, Case]) -> dict[str, str]:
    """Each family with what all of it have in common."""
    return {name: " ".join([name, *(f"{key}:{value}" for key, value in sorted(shared))]) for name, shared in _shared(cases).items()}


def _shared(cases: Mapping[str, Case]) -> dict[str, set[tuple[str, str]]]:
    """The parameters that are the same in all of a family; of a case alone none."""
    found: dict[str, set[tuple[str, str]]] = {}
    for case in cases.values():
        found[family(case)] = found.get(family(case), set(case.parameters)) & set(case.parameters)
    count = Counter(map(family, cases.values()))
    return {name: shared if count[name] > 1 else set() for name, shared in found.items()}


def _short(case: Case, shared: Container[tuple[str, str]]) -> str:
    placement = [] if case.placement == "same_core" else [case.placement]
    return " ".join([case.backend, *(f"{key}:{value}" for key, value in case.parameters if (key, value) not in shared), *placement])


def joined(texts: list[str]) -> str:
    return ", ".join(texts[:-1]) + (" and " if len(texts) > 1 else "") + texts[-1] if texts else ""
