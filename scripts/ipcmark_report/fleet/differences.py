"""In which facts two campaigns differ, host by host."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ..compare.facts import Kind, declared, is_volatile, kind_of
from .apart import facts_of, short
from .model import Measured


@dataclass(frozen=True)
class Differs:
    """`hosts` of them have another value in the new campaign; `base` and `new` are the commonest such pair."""

    name: str
    hosts: int
    base: str
    new: str
    varying: bool
    confounds: bool

    @property
    def standing(self) -> str:
        return "what is compared" if self.varying else "a confounder" if self.confounds else "worth knowing"


def differences_of(pairs: Sequence[tuple[Sequence[Measured], Sequence[Measured]]], varying: Sequence[str]) -> tuple[Differs, ...]:
    """Confounders first, those of most hosts before; readings, counters and marks differ always and are left out."""
    seen: dict[tuple[str, str], Counter[tuple[str, str]]] = {}
    for base, new in pairs:
        ours, theirs = facts_of(base), facts_of(new)
        for name in ours.keys() & theirs.keys():
            if ours[name] != theirs[name] and not is_volatile(kind_of(*name)):
                seen.setdefault(name, Counter())[ours[name], theirs[name]] += 1
    found = [_differs(name, values, tuple(varying)) for name, values in seen.items()]
    return tuple(sorted(found, key=lambda one: (not one.confounds, -one.hosts, one.name)))


def _differs(name: tuple[str, str], values: Counter[tuple[str, str]], varying: tuple[str, ...]) -> Differs:
    (base, new), _ = values.most_common(1)[0]
    is_declared = declared(varying, *name) or (name == ("run", "build") and "build" in varying)
    confounds = kind_of(*name) is Kind.SETTING and not is_declared
    return Differs(".".join(name), values.total(), *short(base, new), is_declared, confounds)
