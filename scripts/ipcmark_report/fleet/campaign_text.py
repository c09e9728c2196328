"""Two campaigns as text for a terminal, as Markdown, and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from math import log
from typing import Any

import numpy as np

from ..compare.markdown import escaped, table_markdown
from ..compare.model import Verdict
from ..compare.rows import Table, interval, percent, share, verdict
from ..compare.signed_rank import LEAST_PAIRS
from ..compare.terminal import Style, lines_of, wrapped
from ..fields import SCHEMA_VERSION
from ..text import one_line, shorten
from .campaigns import OtherHost, Summary, Verdicts
from .rule import LEAST_HOSTS

_AT_LEAST = 10
_MOST_APART = 4
_MOST_OTHERS = 12
_MOST_FIELDS = 3
_MOST_DIFFERENCES = 12
_STARRED = (Verdict.REGRESSION, Verdict.IMPROVEMENT)
UNIT = ("A host is the unit: one value a host, however many runs and processes it has. + takes longer, everywhere. By {by}; signed "
        "ranks over hosts.")

CONTROLS = "negative controls, which nothing of a build or a kernel moves"


def text_of(one: Verdicts, style: Style) -> str:
    campaigns = one.campaigns
    parts: list[list[str]] = [
        [style.paint(_title(one), "1"), *wrapped(UNIT.format(by=campaigns.estimator), style.width)],
        [style.paint(line, "1;33") for alarm in one.alarms for line in wrapped(alarm, style.width)],
        _differences(one, style),
        [CONTROLS, *lines_of(cell_table(one.controls), style)] if one.controls else [],
        _cells(one, style),
        [*lines_of(cell_table(_starred(one.families, style.everything), "family"), style)]
        if _starred(one.families, style.everything) else [],
        [*lines_of(cell_table([summary for _, _, summary in one.kinds], "kind of machine"), style)] if one.kinds else [],
        [line for text in _others(one.others, style.everything) for line in wrapped(text, style.width)],
        [*wrapped(counts(one), style.width), style.paint(one_line(one.says), "1")],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def markdown_of(one: Verdicts, everything: bool) -> str:
    shown = chosen(one.cells, everything)
    parts = [f"## {escaped(_title(one))}", escaped(one.says), escaped(UNIT.format(by=one.campaigns.estimator))]
    parts += ["\n".join(f"- **{escaped(alarm)}**" for alarm in one.alarms)] if one.alarms else []
    for title, table in (("Negative controls", cell_table(one.controls)), ("Cases (+ takes longer)", cell_table(shown)),
                         ("Families", cell_table(_starred(one.families, everything), "family")),
                         ("Kinds of machines", cell_table([summary for _, _, summary in one.kinds], "kind of machine"))):
        parts += [f"### {title}", table_markdown(table)] if table.rows else []
    parts += ["\n".join(f"- {escaped(line)}" for line in _others(one.others, everything))]
    return "\n\n".join(filter(None, [*parts, escaped(counts(one))])) + "\n"


def json_of(one: Verdicts) -> str:
    campaigns = one.campaigns
    whole = {
        "schema_version": SCHEMA_VERSION,
        "campaigns": {
            "base": campaigns.names[0], "new": campaigns.names[1], "estimator": campaigns.estimator, "says": one.says,
            "void": one.void, "alarms": list(one.alarms), "differences": [asdict(differs) for differs in one.differences],
            "hosts": [{"name": pair.name, "kind": pair.kind, "base_runs": [one_line(str(run.path)) for run in pair.base],
                       "new_runs": [one_line(str(run.path)) for run in pair.new]} for pair in campaigns.pairs],
            "controls": list(map(_summary, one.controls)), "cells": list(map(_summary, one.cells)),
            "families": list(map(_summary, one.families)), "overall": _summary(one.overall),
            "kinds": [_summary(summary) for _, _, summary in one.kinds],
            "disagreeing": [{"name": other.name, "q": other.q, "level": other.level, "usual": other.usual,
                             "cases": [{"case": case, "ratio": ratio} for case, ratio in other.fields]} for other in one.others],
            "by_host": _by_host(one)}}
    return json.dumps(whole, allow_nan=False, ensure_ascii=False, indent=1) + "\n"


def _summary(one: Summary) -> dict[str, Any]:
    change = one.change
    return {"name": one.name, "cells": one.cells, "hosts": change.pairs, "ratio": change.ratio,
            "low": change.interval.low if change.interval else None, "high": change.interval.high if change.interval else None,
            "p": change.p, "q": change.q, "threshold": change.threshold, "verdict": change.verdict.value, "why": change.why,
            "longer": one.longer, "shorter": one.shorter, "spread": one.spread,
            "apart": [{"host": host, "ratio": ratio} for host, ratio in one.apart]}


def _by_host(one: Verdicts) -> dict[str, list[float | None]]:
    """Of each case the ratios in the order of the hosts."""
    values = one.campaigns.values
    return {case.text: [round(float(ratio), 6) if ratio == ratio else None for ratio in np.exp(values[:, at])]
            for at, case in enumerate(one.campaigns.cases)}


def cell_table(cells: Sequence[Summary], first: str = "case") -> Table:
    columns = (first, "hosts", "change", "95 % interval", "q", "hosts differ by", "longer on", "shorter on", "verdict")
    rows = tuple((one_line(one.name), _hosts(one), percent(one.change.ratio), interval(one.change.interval), share(one.change.q),
                  f"{100 * one.spread:.1f} %", str(one.longer), str(one.shorter), verdict(one.change.verdict)) for one in cells)
    return Table(columns, rows, tuple(one.change.verdict for one in cells), tuple(map(_below, cells)),
                 ("hosts differ by", "shorter on", "longer on", "95 % interval"))


def _hosts(one: Summary) -> str:
    change = one.change
    return f"{change.pairs} of {change.pairs + change.left_out}" if change.left_out else str(change.pairs)


def _below(one: Summary) -> tuple[str, ...]:
    lines = [one.change.why] if one.change.why and not one.change.why.startswith("NEGATIVE") else []
    if one.apart:
        more = len(one.apart) - _MOST_APART
        lines.append("otherwise: " + ", ".join(f"{host} {percent(ratio)}" for host, ratio in one.apart[:_MOST_APART])
                     + (f" and {more} more" if more > 0 else ""))
    return tuple(map(one_line, lines))


def chosen(cells: Iterable[Summary], everything: bool) -> list[Summary]:
    """Stars first, slower before faster, the largest before; then the others by q, of which some are shown unasked."""
    ordered = sorted(cells, key=_weight)
    return [one for index, one in enumerate(ordered)
            if everything or index < _AT_LEAST or one.change.verdict in _STARRED or one.apart]


def _weight(one: Summary) -> tuple[int, float]:
    change = one.change
    if change.verdict in _STARRED:
        return int(change.verdict is Verdict.IMPROVEMENT), -abs(log(change.ratio or 1))
    return 2 + (not one.apart), change.q if change.q is not None else 1.0


def _starred(groups: Sequence[Summary], everything: bool) -> list[Summary]:
    return [one for one in groups if everything or one.change.verdict in _STARRED]


def _title(one: Verdicts) -> str:
    hosts = len(one.campaigns.pairs)
    return one_line(f"{one.campaigns.names[1]} against {one.campaigns.names[0]}, {hosts} {'host' if hosts == 1 else 'hosts'}")


def _cells(one: Verdicts, style: Style) -> list[str]:
    shown = chosen(one.cells, style.everything)
    lines = lines_of(cell_table(shown), style) if shown else []
    if hidden := len(one.cells) - len(shown):
        lines.append(f"… and {hidden} more {'case' if hidden == 1 else 'cases'}: --all shows them")
    return lines


def _differences(one: Verdicts, style: Style) -> list[str]:
    telling = [differs for differs in one.differences if differs.confounds or differs.varying][:_MOST_DIFFERENCES]
    shown = one.differences if style.everything else telling
    lines = []
    for differs in shown:
        on = f"on {differs.hosts} of {len(one.campaigns.pairs)} hosts"
        text = f"{differs.standing}: {differs.name} {on}: {differs.base} | {differs.new}"
        lines += wrapped(text, style.width)
    return lines


def _others(others: Sequence[OtherHost], everything: bool) -> list[str]:
    shown = others if everything else others[:_MOST_OTHERS]
    lines = [f"disagrees: {one_line(one.name)}: {what(one)}" for one in shown]
    return lines + ([f"… and {len(others) - len(shown)} more hosts that disagree"] if len(shown) < len(others) else [])


def what(one: OtherHost) -> str:
    parts = [] if one.level is None else [f"{percent(one.level)} over all cases where its kind has {percent(one.usual)}"]
    parts += [f"{shorten(case, 100)} {percent(ratio)}" for case, ratio in one.fields[:_MOST_FIELDS]]
    if (more := len(one.fields) - _MOST_FIELDS) > 0:
        parts.append(f"{more} more {'case' if more == 1 else 'cases'}")
    return "; ".join(parts)


def counts(one: Verdicts) -> str:
    hosts, overall = len(one.campaigns.pairs), one.overall
    judged = ""
    if overall.change.ratio is not None:
        ends = interval(overall.change.interval)
        judged = f"All cases together {percent(overall.change.ratio)} ({ends}), {verdict(overall.change.verdict)}. "
    apart = f"{len(one.others)} of {hosts} hosts disagree" if hosts >= LEAST_HOSTS else \
        f"with fewer than {LEAST_HOSTS} hosts nobody is said to disagree"
    return f"{judged}{apart}; a verdict needs {LEAST_PAIRS} hosts."
