"""Two campaigns over the same hosts: what changed, with the host as the unit.

Signed ranks over hosts, and no pooled model: a fleet is asked whether its hosts changed, so each counts once, however steady it
is; a random-effects model would weigh hosts by their steadiness and take their effects for normal, and its interval is too narrow
for few hosts. That hosts differ in their change is no reason to say less of the median, but to name those that do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, log, sqrt

import numpy as np
from scipy.stats import t as student

from ..compare.cells import verdict_of
from ..compare.discovery import ALPHA, q_values
from ..compare.model import Change, Interval, Verdict
from ..compare.processes import family_of
from ..compare.signed_rank import EXACT_PAIRS, LEAST_PAIRS, hodges_lehmann, shift_interval, shift_of_many, signed_rank
from ..model import BadInput, Case
from ..negative_controls import negative_controls
from ..text import shorten
from . import rule
from .differences import Differs, differences_of
from .find import Found
from .gather import UNNAMED, field_of, level_errors, with_names
from .model import Host, Measured

HOSTS = "hosts"
_MOST_NAMES = 8


@dataclass(frozen=True)
class Pair:
    """A host with its runs in both campaigns."""

    name: str
    kind: str
    base: tuple[Measured, ...]
    new: tuple[Measured, ...]


@dataclass(frozen=True)
class Campaigns:
    """`values` are logarithms, new over base, a row a host; `errors` how sure each is, with its degrees of
    `freedom`; `new` are the times themselves."""

    names: tuple[str, str]
    pairs: tuple[Pair, ...]
    cases: tuple[Case, ...]
    values: np.ndarray
    errors: np.ndarray
    freedom: np.ndarray
    new: np.ndarray
    level_errors: np.ndarray
    remarks: tuple[str, ...]
    estimator: str


@dataclass(frozen=True)
class Summary:
    """A case, a family or everything. `change` is over hosts; of these `longer` and `shorter` changed beyond the threshold by
    their own processes alone (q < 0.05 over the cases of the host). `apart` are hosts that changed otherwise than the others
    in this case, beyond what they do in all, with what they did. `spread` is the standard deviation of the hosts' changes, as
    a ratio less 1."""

    name: str
    change: Change
    longer: int
    shorter: int
    apart: tuple[tuple[str, float], ...]
    spread: float
    cells: int = 1


@dataclass(frozen=True)
class OtherHost:
    """A host that disagrees: in all (`level`, a ratio), or in these cases, against the median of its kind."""

    name: str
    q: float
    level: float | None
    usual: float
    fields: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Verdicts:
    """`alone` has a field of each host and case: 1 where the host by itself takes longer, -1 where shorter, else 0."""

    campaigns: Campaigns
    alone: np.ndarray
    cells: tuple[Summary, ...]
    controls: tuple[Summary, ...]
    families: tuple[Summary, ...]
    overall: Summary
    kinds: tuple[tuple[str, int, Summary], ...]
    others: tuple[OtherHost, ...]
    differences: tuple[Differs, ...]
    alarms: tuple[str, ...]
    void: str
    says: str


def campaigns_of(names: tuple[str, str], base: Sequence[tuple[Found, Measured]], new: Sequence[tuple[Found, Measured]],
                 cases: Mapping[str, Case], estimator: str, remarks: Sequence[str] = ()) -> Campaigns:
    """Pairs of what has one name and one machine; raises where there is none."""
    named, odd = with_names([*base, *new])
    sides: tuple[dict[str, list[Measured]], dict[str, list[Measured]]] = ({}, {})
    for at, (host, run) in enumerate(named):
        sides[at >= len(base)].setdefault(host, []).append(run)
    shared = sorted(sides[0].keys() & sides[1].keys())
    if not shared:
        first = [next(iter(side), UNNAMED) for side in sides]
        raise BadInput(f"no host has runs in both {names[0]} and {names[1]}: there are {first[0]} … and {first[1]} …; lay runs as "
                       "HOST/RUN in both, with the same names")
    alone = [_alone(name, sorted(own.keys() - other.keys()))
             for name, own, other in ((names[0], *sides), (names[1], sides[1], sides[0]))]
    pairs = tuple(Pair(host, _kind(sides[0][host]), tuple(sides[0][host]), tuple(sides[1][host])) for host in shared)
    known = tuple(case for text, case in cases.items()
                  if any(_has(pair.base, text) and _has(pair.new, text) for pair in pairs))
    listed = [[_field(pair, case.text) for case in known] for pair in pairs]
    fields = np.array(listed, dtype=float).reshape(len(pairs), len(known), 4)
    both = [level_errors([Host(pair.name, getattr(pair, side)) for pair in pairs]) for side in ("base", "new")]
    return Campaigns(names, pairs, known, fields[:, :, 0], fields[:, :, 1], fields[:, :, 2], fields[:, :, 3],
                     np.hypot(*both),
                     (*remarks, *odd, *filter(None, alone)), estimator)


def _alone(name: str, hosts: Sequence[str]) -> str:
    if not hosts:
        return ""
    more = f" and {len(hosts) - _MOST_NAMES} more" if len(hosts) > _MOST_NAMES else ""
    have = "host has" if len(hosts) == 1 else "hosts have"
    return f"{len(hosts)} {have} runs in {name} alone: {', '.join(hosts[:_MOST_NAMES])}{more}"


def _kind(runs: Sequence[Measured]) -> str:
    return runs[0].machine.name


def _has(runs: Sequence[Measured], case: str) -> bool:
    return any(case in run.figures for run in runs)


def _field(pair: Pair, case: str) -> tuple[float, float, float, float]:
    """The change of a host, its standard error, Welch's degrees of freedom, and the new time."""
    (base, base_error, base_freedom), (new, new_error, new_freedom) = field_of(pair.base, case), field_of(pair.new, case)
    whole = base_error**2 + new_error**2
    parts = sum(error**4 / freedom for error, freedom in ((base_error, base_freedom), (new_error, new_freedom)) if freedom > 0)
    error = sqrt(whole) if whole == whole else float("nan")
    return new - base, error, whole**2 / parts if parts > 0 else 0.0, new


def verdicts(campaigns: Campaigns, varying: Sequence[str] = (), threshold: float = rule.THRESHOLD) -> Verdicts:
    alone = _alone_by_host(campaigns, threshold)
    parts = _judged(campaigns)
    named = _fields_named(campaigns, parts)
    drafts = [_summary(case.text, campaigns.values[:, at], alone[:, at], _apart(campaigns, named, at), threshold)
              for at, case in enumerate(campaigns.cases)]
    controls = {case.text for case in negative_controls(campaigns.cases)}
    void = _void([one for one in drafts if one.name in controls], threshold)
    judged = _with_verdicts(drafts, void)
    families: dict[str, list[int]] = {}
    for at, case in enumerate(campaigns.cases):
        if case.text not in controls:
            families.setdefault(family_of(case), []).append(at)
    groups = _with_verdicts([_over(name, campaigns, alone, places, threshold) for name, places in families.items()], void)
    places = [at for own in families.values() for at in own]
    overall, = _with_verdicts([_over("all cases", campaigns, alone, places, threshold)], void)
    cells = tuple(one for one in judged if one.name not in controls)
    differences = differences_of([(pair.base, pair.new) for pair in campaigns.pairs], varying)
    # What a control voids is not said of the control again.
    own = tuple(replace(one, change=replace(one.change, why="")) for one in judged if one.name in controls)
    return Verdicts(campaigns, alone, cells, own, tuple(groups), overall, _kinds(campaigns, alone, places, threshold, void),
                    _others(campaigns, parts), differences, _alarms(campaigns, differences, void, bool(controls)), void, _says(campaigns, cells, void))


def _alone_by_host(campaigns: Campaigns, threshold: float) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        p = 2 * student.sf(np.abs(campaigns.values) / campaigns.errors, campaigns.freedom)
    result = np.zeros(p.shape, dtype=int)
    for row, own in enumerate(p):
        known = np.flatnonzero(np.isfinite(own) & (campaigns.freedom[row] > 0))
        q = np.array(q_values(own[known].tolist()))
        sure = known[(q < ALPHA) & (np.abs(campaigns.values[row, known]) > log(1 + threshold))] if len(known) else known
        result[row, sure] = np.sign(campaigns.values[row, sure]).astype(int)
    return result


def _summary(name: str, values: np.ndarray, alone: np.ndarray, apart: tuple[tuple[str, float], ...], threshold: float,
             cells: int = 1) -> Summary:
    own = values[np.isfinite(values)]
    change = Change(HOSTS, len(own), len(values) - len(own), None, None, None, None, threshold, Verdict.NONE)
    if len(own):
        centre, interval = _shift(own)
        change = replace(change, ratio=exp(centre), interval=interval, p=signed_rank(own) if len(own) >= LEAST_PAIRS else None)
    spread = exp(float(np.std(own, ddof=1))) - 1 if len(own) > 1 else 0.0
    return Summary(name, change, int((alone > 0).sum()), int((alone < 0).sum()), apart, spread, cells)


def _shift(values: np.ndarray) -> tuple[float, Interval | None]:
    if len(values) > EXACT_PAIRS:
        centre, low, high = shift_of_many(values)
        return centre, Interval(exp(low), exp(high))
    found = shift_interval(values)
    return hodges_lehmann(values), None if found is None else Interval(exp(found[0]), exp(found[1]))


def _over(name: str, campaigns: Campaigns, alone: np.ndarray, places: Sequence[int], threshold: float) -> Summary:
    """Of several cases: a host's change is the mean over those that it has."""
    table = campaigns.values[:, places]
    known = np.isfinite(table)
    count = known.sum(axis=1)
    means = np.where(count > 0, np.where(known, table, 0.0).sum(axis=1) / np.maximum(count, 1), np.nan)
    one = _summary(name, means, np.zeros(0, dtype=int), (), threshold, len(places))
    own = alone[:, places]
    return replace(one, longer=int((own > 0).sum()), shorter=int((own < 0).sum()))


def _with_verdicts(drafts: Sequence[Summary], void: str) -> list[Summary]:
    """q over all of them; a verdict where there are hosts enough, and none is void."""
    known = [one for one in drafts if one.change.p is not None]
    corrected = dict(zip(map(id, known), q_values([one.change.p or 0.0 for one in known])))
    return [replace(one, change=_judge(replace(one.change, q=corrected.get(id(one))), void)) for one in drafts]


def _judge(change: Change, void: str) -> Change:
    if change.q is None:
        hosts = f"{change.pairs} {'host' if change.pairs == 1 else 'hosts'}"
        return replace(change, why=f"{hosts}: no verdict with fewer than {LEAST_PAIRS}")
    verdict = verdict_of(change)
    if void and verdict is not Verdict.INCONCLUSIVE:
        return replace(change, verdict=Verdict.INCONCLUSIVE, why=void)
    return replace(change, verdict=verdict)


def _void(controls: Sequence[Summary], threshold: float) -> str:
    """Before other cells are thought of, as in a comparison of two runs."""
    for one in controls:
        change = one.change
        if change.p is not None and change.ratio is not None and change.p < ALPHA and abs(log(change.ratio)) > log(1 + threshold):
            return (f"NEGATIVE CONTROL MOVED: {shorten(one.name, 120)} {100 * (change.ratio - 1):+.1f} % over {change.pairs} "
                    "hosts: what changed are the machines, or how they were measured; no star is believed")
    return ""


def _judged(campaigns: Campaigns) -> list[tuple[np.ndarray, rule.Judged, rule.Named]]:
    """Whose change is not as the others', within each kind of machine: rows, and what the rule says of them."""
    kinds: dict[str, list[int]] = {}
    for row, pair in enumerate(campaigns.pairs):
        kinds.setdefault(pair.kind, []).append(row)
    rows = [np.array(own) for own in kinds.values()]
    judged = [rule.judge(campaigns.values[own], campaigns.errors[own], campaigns.level_errors[own]) for own in rows]
    return list(zip(rows, judged, rule.name(judged)))


def _fields_named(campaigns: Campaigns, parts: Sequence[tuple[np.ndarray, rule.Judged, rule.Named]]) -> np.ndarray:
    named = np.zeros(campaigns.values.shape, dtype=bool)
    for rows, _, found in parts:
        named[rows] = found.fields
    return named


def _apart(campaigns: Campaigns, named: np.ndarray, at: int) -> tuple[tuple[str, float], ...]:
    return tuple((campaigns.pairs[row].name, exp(campaigns.values[row, at])) for row in np.flatnonzero(named[:, at]))


def _others(campaigns: Campaigns, parts: Sequence[tuple[np.ndarray, rule.Judged, rule.Named]]) -> tuple[OtherHost, ...]:
    found = []
    for rows, judged, named in parts:
        usual = float(np.nanmedian(judged.centre)) if np.isfinite(judged.centre).any() else 0.0
        for at in np.flatnonzero(named.hosts):
            fields = sorted(np.flatnonzero(named.fields[at]), key=lambda case: -abs(judged.apart[at, case]))
            found.append(OtherHost(
                campaigns.pairs[rows[at]].name, float(named.q[at]), exp(usual + judged.level[at]) if named.by_level[at] else None,
                exp(usual), tuple((campaigns.cases[case].text, exp(campaigns.values[rows[at], case])) for case in fields)))
    return tuple(sorted(found, key=lambda one: (one.q, one.name)))


def _kinds(campaigns: Campaigns, alone: np.ndarray, places: Sequence[int], threshold: float,
           void: str) -> tuple[tuple[str, int, Summary], ...]:
    """Of several kinds of machines what each does over all cases."""
    kinds = dict.fromkeys(pair.kind for pair in campaigns.pairs)
    if len(kinds) < 2:
        return ()
    rows = {kind: [row for row, pair in enumerate(campaigns.pairs) if pair.kind == kind] for kind in kinds}
    drafts = [_over(kind, replace(campaigns, values=campaigns.values[own]), alone[own], places, threshold)
              for kind, own in rows.items()]
    return tuple((kind, len(rows[kind]), one) for kind, one in zip(kinds, _with_verdicts(drafts, void)))


def _alarms(campaigns: Campaigns, differences: Sequence[Differs], void: str, has_controls: bool) -> tuple[str, ...]:
    confounding = [one for one in differences if one.confounds]
    names = ", ".join(f"{one.name} ({one.hosts} of {len(campaigns.pairs)} hosts)" for one in confounding[:6])
    more = f" and {len(confounding) - 6} more" if len(confounding) > 6 else ""
    lines = [void, f"The campaigns differ in more than what is compared, and no change can be told from that: {names}{more}"
             if confounding else "",
             "" if has_controls else "No negative control was measured in both campaigns: nothing says that the machines stayed "
             "the same (--filter has to let limits through)."]
    return (*filter(None, lines), *campaigns.remarks)


def _says(campaigns: Campaigns, cells: Sequence[Summary], void: str) -> str:
    hosts = len(campaigns.pairs)
    if hosts < LEAST_PAIRS:
        return f"{hosts} {'host' if hosts == 1 else 'hosts'} in both campaigns: no verdict with fewer than {LEAST_PAIRS}."
    if void:
        return "No star is believed: a negative control moved."
    slower = sum(one.change.verdict is Verdict.REGRESSION for one in cells)
    faster = sum(one.change.verdict is Verdict.IMPROVEMENT for one in cells)
    alike = sum(one.change.verdict is Verdict.EQUIVALENT for one in cells)
    return f"Over {hosts} hosts, of {len(cells)} cases {slower} became slower, {faster} faster, and {alike} are equivalent."
