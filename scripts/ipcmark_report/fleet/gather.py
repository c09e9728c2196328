"""Runs become hosts, and hosts groups of what is alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import nan, sqrt
from statistics import fmean, median

import numpy as np

from ..machines import Machine
from ..model import Case
from ..text import one_line
from .find import Found
from .model import Fleet, Group, Host, Measured

UNNAMED = "unnamed host"
# Machines that are alike: hardware and kernel, by its release and the text of its build.
Alike = tuple[Machine, str, str]


def fleet_of(read: Iterable[tuple[Found, Measured]], cases: Mapping[str, Case], estimator: str,
             remarks: Sequence[str] = ()) -> Fleet:
    """Groups with most hosts first; hosts in the order of their names."""
    named, odd = with_names(list(read))
    alike: dict[Alike, dict[str, list[Measured]]] = {}
    for name, run in named:
        alike.setdefault((run.machine, run.kernel, run.kernel_version), {}).setdefault(name, []).append(run)
    order = sorted(alike.items(), key=lambda item: (-len(item[1]), item[0][0].key, item[0][1:]))
    known = tuple(cases.values())
    titles = _titles([key for key, _ in order], [next(iter(hosts.values()))[0] for _, hosts in order])
    groups = tuple(_group(title, key, hosts, known) for title, (key, hosts) in zip(titles, order))
    return Fleet(known, groups, (*remarks, *odd, *_mixed(groups)), estimator)


def with_names(read: Sequence[tuple[Found, Measured]]) -> tuple[list[tuple[str, Measured]], list[str]]:
    """A host is told by its name and its machine: two machines of one name are two hosts."""
    machines: dict[str, list[str]] = {}
    result = []
    for found, run in read:
        name = found.host or _recorded(run) or UNNAMED
        known = machines.setdefault(name, [])
        if run.machine.key not in known:
            known.append(run.machine.key)
        place = known.index(run.machine.key)
        result.append((name if not place else f"{name} ({place + 1})", run))
    odd = [f"{name}: {len(known)} different machines have this name, kept apart as {name}, {name} (2){' …' * (len(known) > 2)}: "
           f"{'; '.join(known)}" for name, known in machines.items() if len(known) > 1]
    return result, odd


def _recorded(run: Measured) -> str:
    return next((one_line(fact.text) for fact in run.facts
                 if (fact.group, fact.key) == ("machine", "host_name") and not fact.unknown), "")


def _titles(keys: Sequence[Alike], first: Sequence[Measured]) -> list[str]:
    """CPU, number and kernel; a number of its own where two differ in more than that."""
    titles: list[str] = []
    for (machine, kernel, _), run in zip(keys, first):
        hardware = f"{run.model or machine.key}, {run.cpus or '?'} CPUs"
        titles.append(f"{hardware}, Linux {kernel or 'of unknown release'}")
    return [title if titles.count(title) == 1 else f"{title} [{titles[:index + 1].count(title)}]"
            for index, title in enumerate(titles)]


def _group(title: str, key: Alike, hosts: Mapping[str, Sequence[Measured]], cases: Sequence[Case]) -> Group:
    made = tuple(Host(name, tuple(sorted(runs, key=lambda run: run.started_at))) for name, runs in sorted(hosts.items()))
    fields = [[field_of(host.runs, case.text) for case in cases] for host in made]
    table = np.array(fields, dtype=float).reshape(len(made), len(cases), 3)
    return Group(title, key[0], key[1], made, table[:, :, 0], table[:, :, 1], level_errors(made))


def field_of(runs: Sequence[Measured], case: str) -> tuple[float, float, float]:
    """The mean of the runs, its standard error, the larger of what their processes and what the runs themselves say, and of
    how many degrees of freedom that is."""
    own = [run.figures[case] for run in runs if case in run.figures]
    if not own:
        return nan, nan, nan
    within = sum(one.error**2 for one in own) / len(own)**2
    between = float(np.var([one.log for one in own], ddof=1)) / len(own) if len(own) > 1 else 0.0
    middle = fmean(one.log for one in own)
    # Of runs of a single process only the runs themselves say anything.
    if len(own) > 1 and not within > between:
        return middle, sqrt(between), len(own) - 1
    return middle, sqrt(within), sum(one.processes - 1 for one in own)


def level_errors(hosts: Sequence[Host]) -> np.ndarray:
    """How far the level of a host is known, from those that were measured more than once: the same for every run."""
    squares, freedom = 0.0, 0
    for host in hosts:
        if len(host.runs) > 1:
            levels = _levels(host.runs)
            squares += sum((level - fmean(levels))**2 for level in levels)
            freedom += len(levels) - 1
    spread = sqrt(squares / freedom) if freedom else 0.0
    return np.array([spread / sqrt(len(host.runs)) for host in hosts])


def _levels(runs: Sequence[Measured]) -> list[float]:
    """Of each run against the mean of the host's runs, over all cases that they share."""
    shared = set.intersection(*(set(run.figures) for run in runs))
    middle = {case: fmean(run.figures[case].log for run in runs) for case in shared}
    return [median([run.figures[case].log - middle[case] for case in shared]) if shared else 0.0 for run in runs]


def _mixed(groups: Sequence[Group]) -> list[str]:
    """What hosts that are alike should have in common too."""
    lines = []
    for group in groups:
        for what, of in (("builds", lambda run: run.build), ("settings", lambda run: run.settings)):
            seen = list(dict.fromkeys(of(run) for host in group.hosts for run in host.runs))
            if len(seen) > 1:
                more = f" and {len(seen) - 3} more" if len(seen) > 3 else ""
                lines.append(f"{group.name}: measured by {len(seen)} {what}, which may differ by themselves: "
                             f"{'; '.join(seen[:3])}{more}")
    return lines
