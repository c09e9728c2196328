"""Which hosts of a fleet are named, with what they do otherwise and what sets them apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..model import Case
from . import rule
from .apart import Apart, Facts, apart_of, facts_of
from .model import Fleet, Group, Host

# Of a host that is named.
MOST_FACTS = 6


@dataclass(frozen=True)
class Part:
    """A group as it was judged."""

    group: Group
    judged: rule.Judged
    named: rule.Named

    @property
    def ratios(self) -> np.ndarray:
        return np.exp(self.judged.apart)


@dataclass(frozen=True)
class Outlier:
    """`level`: the ratio over all cases, where that is what stands out; `fields` the cases that do beyond it, the farthest
    first, each with its ratio to the centre of the group."""

    group: Group
    host: Host
    q: float
    level: float | None
    fields: tuple[tuple[Case, float], ...]
    apart: tuple[Apart, ...]


def judge(fleet: Fleet) -> tuple[Part, ...]:
    judged = [rule.judge(group.values, group.errors, group.level_errors) for group in fleet.groups]
    return tuple(Part(*one) for one in zip(fleet.groups, judged, rule.name(judged)))


def outliers_of(fleet: Fleet, parts: tuple[Part, ...]) -> tuple[Outlier, ...]:
    """The surest first."""
    found = []
    for part in parts:
        rows = np.flatnonzero(part.named.hosts)
        facts = {host.name: facts_of(host.runs) for host in part.group.hosts} if len(rows) else {}
        found += [_outlier(fleet, part, row, facts) for row in rows]
    return tuple(sorted(found, key=lambda one: (one.q, one.host.name)))


def _outlier(fleet: Fleet, part: Part, row: int, facts: Mapping[str, Facts]) -> Outlier:
    fields = np.flatnonzero(part.named.fields[row])
    far = sorted(fields, key=lambda at: -abs(part.judged.apart[row, at] - part.judged.level[row]))
    host = part.group.hosts[row]
    normal = [other for other, named in zip(part.group.hosts, part.named.hosts) if other is not host and not named]
    return Outlier(
        part.group, host, float(part.named.q[row]),
        float(np.exp(part.judged.level[row])) if part.named.by_level[row] else None,
        tuple((fleet.cases[at], float(part.ratios[row, at])) for at in far),
        apart_of(host, normal, facts)[:MOST_FACTS])
