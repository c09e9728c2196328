"""Which functions grew between two kernels: pure functions over their profiles."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .model import CaseProfile

# What compilers add to the name of a function that they made of another: the counts of both belong together.
_CLONE = re.compile(r"\.(constprop|isra|part|cold|llvm|lto_priv)(\.\d+)*")
# Of the clock's count: a profile that misses more is none.
AGREES = 0.005


@dataclass(frozen=True)
class Grown:
    """A function's instructions an operation on both kernels; 0 where it does not run there."""

    name: str
    base: float
    new: float

    @property
    def by(self) -> float:
        return self.new - self.base


def whole_name(symbol: str) -> str:
    """The function as its source calls it."""
    return _CLONE.sub("", symbol)


def grown(base: Mapping[str, float], new: Mapping[str, float]) -> tuple[Grown, ...]:
    """Every function of either, the one that grew most first and the one that shrank most last."""
    before, after = _whole(base), _whole(new)
    found = [Grown(name, before.get(name, 0.0), after.get(name, 0.0)) for name in {**before, **after}]
    return tuple(sorted(found, key=lambda one: (-one.by, one.name)))


def _whole(functions: Mapping[str, float]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, count in functions.items():
        found[whole_name(name)] = found.get(whole_name(name), 0.0) + count
    return found


def disagreement(profile: CaseProfile) -> float | None:
    """By how much of the clock's count the profile's total is off; None where there is no clock to ask."""
    return None if not profile.clock else profile.total / profile.clock - 1


def agrees(profile: CaseProfile) -> bool:
    off = disagreement(profile)
    return off is not None and abs(off) <= AGREES
