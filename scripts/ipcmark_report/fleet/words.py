"""What the page says of a fleet in sentences, and its tables."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp

import numpy as np

from .. import units
from ..compare.page import percent
from ..text import shorten
from ..views import Table
from .apart import Apart
from .maps import MISSING, letter
from .model import Fleet, Group, Host
from .outliers import Outlier, Part
from .rule import LEAST_HOSTS

MOST_FIELDS = 3
MOST_CASES = 3000


def says(fleet: Fleet, parts: Sequence[Part], outliers: Sequence[Outlier]) -> str:
    hosts = f"{count(len(fleet.hosts), 'host')} of {count(len(fleet.groups), 'kind')}, {count(fleet.runs, 'run')}, " \
            f"{count(len(fleet.cases), 'case')}"
    judged = [part for part in parts if len(part.group.hosts) >= LEAST_HOSTS]
    if not judged:
        return f"{hosts}. No kind has {LEAST_HOSTS} hosts: which of them is the odd one cannot be said."
    if not outliers:
        return f"{hosts}. No host measures otherwise than those that are alike by more than chance explains."
    names = ", ".join(one.host.name for one in outliers[:5]) + (f" and {len(outliers) - 5} more" if len(outliers) > 5 else "")
    measure = f"{count(len(outliers), 'host')} measure{'s' * (len(outliers) == 1)}"
    return f"{hosts}. {measure} otherwise than those that are alike: {names}."


def disturbed(fleet: Fleet) -> tuple[str, ...]:
    """A line where some runs are labelled as contaminated, or did not reach their end."""
    runs = [run for host in fleet.hosts for run in host.runs]
    labelled, partial = sum(bool(run.labels) for run in runs), sum(not run.complete for run in runs)
    lines = [(labelled, "contaminated: others used the machine meanwhile; quiet times mostly still hold"),
             (partial, "partial: not measured to the end")]
    return tuple(f"{number} of {count(len(runs), 'run')} {'is' if number == 1 else 'are'} {text}. “All hosts” says which."
                 for number, text in lines if number)


def what(outlier: Outlier) -> str:
    """`+9.8 % over all cases; latency/pipe/... +25 %`."""
    parts = [] if outlier.level is None else [f"{percent.change(outlier.level)} over all cases"]
    parts += [f"{case.text} {percent.change(ratio)}" for case, ratio in outlier.fields[:MOST_FIELDS]]
    if more := len(outlier.fields) - MOST_FIELDS:
        parts += [f"{count(more, 'more case')}"] if more > 0 else []
    return "; ".join(parts)


def apart(one: Apart) -> str:
    return f"{one.what} {one.own} ({one.like} of {count(one.peers, 'peer')}; usual: {one.usual})"


def why(outlier: Outlier) -> str:
    if not outlier.apart:
        return "Nothing that was recorded sets it apart."
    return "Set apart by: " + "; ".join(map(apart, outlier.apart)) + "."


def group_table(fleet: Fleet, parts: Sequence[Part]) -> Table:
    rows = [(letter(at), part.group.name, str(len(part.group.hosts)), str(sum(len(host.runs) for host in part.group.hosts)),
             str(sum(host.contaminated for host in part.group.hosts)), str(int(np.isfinite(part.judged.centre).sum())),
             str(int(part.named.hosts.sum())) if len(part.group.hosts) >= LEAST_HOSTS else "too few hosts",
             part.group.machine.name, _kernel(part.group)) for at, part in enumerate(parts)]
    return Table(("kind", "machines", "hosts", "runs", "contaminated", "cases", "named", "hardware", "kernel"), 2, tuple(rows), 2)


def host_table(parts: Sequence[Part]) -> Table:
    rows = []
    for at, part in enumerate(parts):
        for row, host in enumerate(part.group.hosts):
            rows.append((host.name, letter(at), host.runs[0].started_at, str(len(host.runs)), str(host.contaminated),
                         str(_measured(part.group, row)),
                         percent.change(exp(part.judged.level[row])) if np.isfinite(part.judged.level[row]) else MISSING,
                         percent.probability(_or_none(part.named.q[row])), "yes" if part.named.hosts[row] else "",
                         _remarks(host)))
    columns = ("host", "kind", "first run", "runs", "contaminated", "cases", "level", "q", "named", "remarks")
    return Table(columns, 3, tuple(rows), 1)


def case_table(fleet: Fleet, parts: Sequence[Part]) -> Table:
    """A row a case and kind, those with found fields first, then those in which hosts differ most."""
    rows = []
    for place, part in enumerate(parts):
        for at, case in enumerate(fleet.cases):
            own = part.judged.apart[:, at]
            known = np.flatnonzero(np.isfinite(own))
            if not len(known):
                continue
            far = max(known, key=lambda row: abs(own[row]))
            found = int(part.named.fields[:, at].sum())
            rows.append((found, abs(float(own[far])), (
                case.text, letter(place), str(len(known)), units.time(exp(part.judged.centre[at])),
                _spread(own[known]), f"{percent.change(exp(own[far]))}", part.group.hosts[far].name,
                ", ".join(part.group.hosts[row].name for row in np.flatnonzero(part.named.fields[:, at])[:5]))))
    rows.sort(key=lambda row: (-row[0], -row[1]))
    kept = [row for *_, row in rows[:MOST_CASES]]
    return Table(("case", "kind", "hosts", "median host", "half of the hosts", "farthest", "which", "named"), 2,
                 tuple(kept), 2, tuple(row[0] for row in kept))


def _spread(apart: np.ndarray) -> str:
    """Between which two ratios the middle half of the hosts lies."""
    if len(apart) < 2:
        return MISSING
    low, high = np.quantile(apart, (0.25, 0.75))
    return f"{percent.change(exp(low))} to {percent.change(exp(high))}"


def _measured(group: Group, row: int) -> int:
    return int(np.isfinite(group.values[row]).sum())


def _remarks(host: Host) -> str:
    labels = list(dict.fromkeys(label for run in host.runs for label in run.labels))
    partial = sum(not run.complete for run in host.runs)
    left = [run.left_out for run in host.runs if run.left_out]
    return "; ".join([*([f"{count(partial, 'run')} partial"] if partial else []), *(shorten(label, 90) for label in labels[:2]),
                      *(["left out: " + shorten(left[0], 90)] if left else [])])


def _kernel(group: Group) -> str:
    return shorten(group.hosts[0].runs[0].kernel_version or group.kernel or "not recorded", 120)


def _or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def count(number: int, of: str) -> str:
    return f"{number} {of}{'s' * (number != 1)}"
