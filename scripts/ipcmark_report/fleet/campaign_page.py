"""Two campaigns become what their page shows, and the page as one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import log, nan

import numpy as np

from ..compare.model import Verdict
from ..compare.page import percent
from ..compare.rows import share, verdict
from ..markup import assets, drawings, environment
from ..recipes import command
from ..views import Recipe, Table
from .campaign_text import UNIT, chosen, counts, what
from .campaigns import Pair, Summary, Verdicts
from .maps import Column, Row, columns_of, map_of, short_name
from .page import MOST_NAMED, MOST_REMARKS, places
from .views import MapFigure
from .words import count

TEMPLATE = "fleet/campaigns.html.j2"
MOST_COLUMNS = 24
MOST_CASES = 3000
MOST_FAMILIES = 6
MOST_APART = 5
_STARRED = (Verdict.REGRESSION, Verdict.IMPROVEMENT)
_ORDER = "Hosts that disagree come first, then from the one that slowed down most."


@dataclass(frozen=True)
class CampaignPage:
    """`named` are hosts that disagree, a name and what each did."""

    title: str
    unit: str
    says: str
    alarms: tuple[str, ...]
    more_alarms: tuple[str, ...]
    changed: tuple[tuple[str, tuple[str, ...]], ...]
    counts: str
    named: tuple[tuple[str, str, str], ...]
    more_named: tuple[tuple[str, str, str], ...]
    maps: tuple[MapFigure, ...]
    cases: Table
    families: Table
    kinds: Table
    controls: Table
    hosts: Table
    differences: Table
    recipe: Recipe

    @property
    def figures(self) -> tuple[MapFigure, ...]:
        return self.maps


def page_of(verdicts: Verdicts) -> CampaignPage:
    campaigns = verdicts.campaigns
    recipe = campaigns.pairs[0].new[0].recipe
    named = tuple((one.name, what(one), f"q {percent.probability(one.q)}, corrected over all hosts.") for one in verdicts.others)
    hosts = count(len(campaigns.pairs), "host")
    return CampaignPage(
        f"{campaigns.names[1]} against {campaigns.names[0]}: {hosts}", UNIT.format(by=campaigns.estimator), verdicts.says,
        verdicts.alarms[:MOST_REMARKS], verdicts.alarms[MOST_REMARKS:], _changed(verdicts), counts(verdicts), named[:MOST_NAMED],
        named[MOST_NAMED:], tuple(_maps(verdicts, recipe)), _table(chosen(verdicts.cells, True)[:MOST_CASES], "case", True),
        _table(verdicts.families, "family"), _table([one for _, _, one in verdicts.kinds], "kind of machine"),
        _table(verdicts.controls, "control"), _hosts(verdicts), _differences(verdicts), recipe)


def render(page: CampaignPage) -> str:
    """All text is escaped; only drawings, the style sheet and the script, all made here, are not."""
    drawn = drawings(page.figures, str)
    return environment().get_template(TEMPLATE).render(
        page=page, drawings=drawn.by_anchor, assets=assets(drawn.style), command=partial(command, page.recipe),
        places={figure.anchor: places(figure.drawing) for figure in page.maps})


def _changed(verdicts: Verdicts) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The families that changed, slower before faster."""
    result = []
    for title, kind in (("Slower", Verdict.REGRESSION), ("Faster", Verdict.IMPROVEMENT)):
        own = [one for one in verdicts.families if one.change.verdict is kind]
        own.sort(key=lambda one: -abs(log(one.change.ratio or 1)))
        if own:
            more = len(own) - MOST_FAMILIES
            lines = [f"{one.name}: {percent.with_interval(one.change)}" for one in own[:MOST_FAMILIES]]
            result.append((title, (*lines, *([f"and {more} more {'family' if more == 1 else 'families'}"] if more > 0 else []))))
    return tuple(result)


def _maps(verdicts: Verdicts, recipe: Recipe) -> list[MapFigure]:
    campaigns = verdicts.campaigns
    columns = columns_of(campaigns.cases)
    says = f"{campaigns.names[1]} against {campaigns.names[0]}, host by host; the first row is the verdict over all of them."
    figures = [_map("hosts", "Hosts and families" if len(columns) < len(campaigns.cases) else "Hosts and cases",
                    "What changed, and on which host?", says, verdicts, columns, recipe)]
    places = {case.text: at for at, case in enumerate(campaigns.cases)}
    starred = [one for one in chosen(verdicts.cells, True)][:MOST_COLUMNS]
    if len(columns) < len(campaigns.cases) and starred:
        own = [Column(short_name(campaigns.cases[places[one.name]]), one.name, (places[one.name],)) for one in starred]
        figures.append(_map("cases", "Hosts and the cases that changed most", "Does every host say the same?",
                            f"The first of {count(len(verdicts.cells), 'case')}: {starred[0].name}.", verdicts, own, recipe))
    return figures


def _map(anchor: str, title: str, question: str, says: str, verdicts: Verdicts, columns: Sequence[Column],
         recipe: Recipe) -> MapFigure:
    campaigns = verdicts.campaigns
    level = _levels(verdicts)
    disagree = {one.name for one in verdicts.others}
    order = sorted(range(len(campaigns.pairs)), key=lambda row: (campaigns.pairs[row].name not in disagree, -level[row]))
    rows: list[Row] = [(campaigns.pairs[row].name, campaigns.pairs[row].name in disagree, campaigns.values[row],
                        verdicts.alone[row] != 0, campaigns.new[row]) for row in order]
    summaries = {one.name: one for one in (*verdicts.cells, *verdicts.controls)}
    own = [summaries[case.text] for case in campaigns.cases]
    whole: Row = ("all hosts", True, np.array([log(one.change.ratio) if one.change.ratio else nan for one in own]),
                  np.array([one.change.verdict in _STARRED for one in own]), _middle(campaigns.new))
    return map_of(anchor, title, question, says, [("The verdict", [whole]), (count(len(rows), "host"), rows)], columns, recipe,
                  f"{campaigns.names[0]}, each host against itself", "host", "before", _ORDER)


def _levels(verdicts: Verdicts) -> list[float]:
    values = verdicts.campaigns.values
    return [float(np.median(row[np.isfinite(row)])) if np.isfinite(row).any() else 0.0 for row in values]


def _middle(table: np.ndarray) -> np.ndarray:
    return np.array([np.median(column[np.isfinite(column)]) if np.isfinite(column).any() else nan for column in table.T])


def _table(summaries: Sequence[Summary], first: str, cases: bool = False) -> Table:
    columns = (first, "hosts", "change", "95 % interval", "q", "hosts differ by", "longer on", "shorter on", "verdict", "otherwise")
    return Table(columns, 1, tuple(map(_row, summaries)), 2, tuple(one.name for one in summaries) if cases else ())


def _row(one: Summary) -> tuple[str, ...]:
    change = one.change
    apart = ", ".join(f"{host} {percent.change(ratio)}" for host, ratio in one.apart[:MOST_APART])
    return (one.name, str(change.pairs), percent.change(change.ratio), percent.interval(change.interval), share(change.q),
            f"{100 * one.spread:.1f} %", str(one.longer), str(one.shorter), verdict(change.verdict),
            "; ".join(filter(None, (change.why, apart))))


def _hosts(verdicts: Verdicts) -> Table:
    disagree = {one.name for one in verdicts.others}
    levels = _levels(verdicts)
    rows = tuple((pair.name, pair.kind, str(len(pair.base)), str(len(pair.new)), percent.change(float(np.exp(levels[row]))),
                  str(int((verdicts.alone[row] > 0).sum())), str(int((verdicts.alone[row] < 0).sum())),
                  "disagrees" if pair.name in disagree else "", _labels(pair))
                 for row, pair in enumerate(verdicts.campaigns.pairs))
    columns = ("host", "kind", "runs before", "runs after", "level", "cases longer", "cases shorter", "", "contaminated")
    return Table(columns, 2, rows, 2)


def _labels(pair: Pair) -> str:
    """What disturbed the first of its runs that was, on each side."""
    sides = (("before", pair.base), ("after", pair.new))
    return "; ".join(f"{side}: {next(run.labels[0] for run in runs if run.labels)}" for side, runs in sides
                     if any(run.labels for run in runs))


def _differences(verdicts: Verdicts) -> Table:
    rows = tuple((one.name, one.standing, str(one.hosts), one.base, one.new) for one in verdicts.differences)
    return Table(("fact", "is", "hosts", "before", "after"), 2, rows, 2)
