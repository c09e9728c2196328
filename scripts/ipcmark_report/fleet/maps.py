"""The maps of a fleet: hosts against their peers, and kinds of machines against one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import exp

import numpy as np

from .. import units
from ..compare.page import percent
from ..compare.processes import family_of
from ..model import BadInput, Case
from ..recipes import ANY, command
from ..text import one_line
from ..views import Recipe, Table
from .model import Fleet, Group
from .outliers import Part
from .rule import LEAST_HOSTS
from .views import HostMap, HostRow, HostRows, MapColumn, MapFigure, Spot

MISSING = "–"
# Columns that find room beside the names of hosts; with more cases a column is a family.
MOST_COLUMNS = 36
MOST_CASES = 24
# Of a group, in the map of the cases that differ most.
MOST_HOSTS = 40
_CAPTION = ("Time an operation against {usual}, orange for longer and blue for shorter, the stronger the farther; a dot: chance is "
            "no explanation. {columns} {order}")
_ORDER = "In a group those that are named come first, then from the slowest to the fastest."


@dataclass(frozen=True)
class Column:
    """`at` are the cases that it sums up, by their places."""

    name: str
    full: str
    at: tuple[int, ...]


def host_figures(fleet: Fleet, parts: Sequence[Part], recipe: Recipe) -> list[MapFigure]:
    """Of the groups of two hosts and more: by family, or by case where they are few; then the cases that differ most."""
    own = [part for part in parts if len(part.group.hosts) > 1]
    if not own:
        return []
    columns = columns_of(fleet.cases)
    figures = [_figure("hosts", "Hosts and " + _what(columns), "Which host is not as its peers?", fleet, own, columns, recipe,
                       _says(own))]
    worst = worst_columns(fleet.cases, own)
    if len(fleet.cases) > MOST_COLUMNS and worst:
        figures.append(_figure("worst", "Hosts and the cases that differ most", "Where do hosts that are alike differ most?", fleet,
                               own, worst, recipe, f"Hosts differ most in {worst[0].full}.", MOST_HOSTS))
    return figures


def model_figure(fleet: Fleet, reference: str | None, recipe: Recipe) -> MapFigure | None:
    """Each group's centre against that of the reference; None of one group."""
    if len(fleet.groups) < 2:
        if reference is not None:
            _referred(fleet.groups, reference)
        return None
    base = _referred(fleet.groups, reference)
    centres = [_centre(group) for group in fleet.groups]
    apart = np.array([centre - centres[fleet.groups.index(base)] for centre in centres])
    columns = columns_of(fleet.cases)
    rows = [(f"{letter(index)}: {group.hosts[0].runs[0].model or group.machine.key}", False, apart[index], np.zeros(len(fleet.cases), bool), centres[index])
            for index, group in enumerate(fleet.groups) if group is not base]
    said = f"Against {base.name}, the median of its {_hosts(len(base.hosts))}; each kind by the median of its own hosts."
    return map_of("models", "Kinds of machines", "How do the kinds of machines differ?", said, [("Kinds of machines", rows)],
                  columns, recipe, f"the median host of {base.name}", "kind", order="")


def _referred(groups: Sequence[Group], reference: str | None) -> Group:
    """The group of that host, or with that in its name; the largest where none is asked for."""
    if reference is None:
        return groups[0]
    for group in groups:
        if any(host.name == reference for host in group.hosts):
            return group
    found = [group for group in groups if reference in group.name]
    if len(found) != 1:
        known = ", ".join(group.name for group in groups[:5])
        none = "no machine or host has this" if not found else f"{len(found)} kinds of machines have this"
        raise BadInput(f"--reference {one_line(reference)}: {none} in its name; there are {known}")
    return found[0]


def columns_of(cases: Sequence[Case]) -> list[Column]:
    """Cases, where they are few, else families, else measures and nouns."""
    if len(cases) <= MOST_COLUMNS:
        return [Column(short_name(case), case.text, (at,)) for at, case in enumerate(cases)]
    families = _by(cases, family_of)
    return families if len(families) <= MOST_COLUMNS else _by(cases, lambda case: f"{case.measure}/{case.noun}")


def worst_columns(cases: Sequence[Case], parts: Sequence[Part]) -> list[Column]:
    """The cases with most fields that are found, and after them those with the farthest fields."""
    with np.errstate(invalid="ignore"):
        counts = sum(part.named.fields.sum(axis=0) for part in parts)
        far = np.max([np.nanmax(np.nan_to_num(np.abs(part.judged.apart - part.judged.level[:, None])), axis=0) for part in parts],
                     axis=0)
    order = np.lexsort((-far, -np.asarray(counts)))[:MOST_CASES]
    return [Column(short_name(cases[at]), cases[at].text, (int(at),)) for at in order]


def _by(cases: Sequence[Case], name: Callable[[Case], str]) -> list[Column]:
    grouped: dict[str, list[int]] = {}
    for at, case in enumerate(cases):
        grouped.setdefault(name(case), []).append(at)
    return [Column(family, _pattern(family, [cases[at] for at in places]), tuple(places))
            for family, places in sorted(grouped.items())]


def _pattern(family: str, cases: Sequence[Case]) -> str:
    """The name of all of them, as recipes.command() takes it."""
    if len(cases) == 1:
        return cases[0].text
    parts = family.split("/")
    begin = "/".join([*parts[:2], ANY])
    return f"{begin}/placement:{parts[2]}" if len(parts) == 3 else begin


def short_name(case: Case) -> str:
    """Without the words that every case has."""
    values = "/".join(value if key in ("size", "phase", "operation") else f"{key}:{value}" for key, value in case.parameters)
    return "/".join(filter(None, (case.measure, case.noun, case.backend, values, case.placement)))


def _figure(anchor: str, title: str, question: str, fleet: Fleet, parts: Sequence[Part], columns: Sequence[Column], recipe: Recipe,
            says: str, most: int | None = None) -> MapFigure:
    """Of each group `most` hosts: those that are named, and those that are farthest off in these columns."""
    blocks = []
    places = [at for column in columns for at in column.at]
    for part in parts:
        far = np.nan_to_num(np.abs(part.judged.apart[:, places])).max(axis=1)
        kept = sorted(range(len(part.group.hosts)), key=lambda row: (not part.named.hosts[row], -far[row]))[:most]
        order = sorted(kept, key=lambda row: (not part.named.hosts[row], -_known(part.judged.level[row])))
        rows = [(part.group.hosts[row].name, bool(part.named.hosts[row]), part.judged.apart[row],
                 part.named.fields[row] | part.named.by_level[row], part.group.values[row]) for row in order]
        of = "" if len(rows) == len(part.group.hosts) else f" of {len(part.group.hosts)}, the farthest"
        blocks.append((f"{part.group.name}: {_hosts(len(rows))}{of}", rows))
    return map_of(anchor, title, question, says, blocks, columns, recipe, "the median of the hosts that are alike", "host")


Row = tuple[str, bool, np.ndarray, np.ndarray, np.ndarray]


def map_of(anchor: str, title: str, question: str, says: str, blocks: Sequence[tuple[str, Sequence[Row]]],
         columns: Sequence[Column], recipe: Recipe, usual: str, first: str, word: str = "usual", order: str = _ORDER) -> MapFigure:
    """`usual` is what all is held against, `word` what a tip calls it."""
    drawn = tuple(HostRows(name, tuple(HostRow(row[0], row[1], tuple(_spot(row, column) for column in columns)) for row in rows))
                  for name, rows in blocks)
    caption = _CAPTION.format(usual=usual, order=order, columns="" if all(len(column.at) == 1 for column in columns) else
                              "A column is a family, by the median of its cases, and has a dot where one of them has.").strip()
    table = Table((first, *(column.name for column in columns)), 1, tuple(
        (row.name, *(_text(spot) for spot in row.spots)) for part in drawn for row in part.rows))
    tips = tuple(tuple(_tip(row, column, word) for column in columns) for _, rows in blocks for row in rows)
    return MapFigure(anchor, title, question, says, HostMap(tuple(column.name for column in columns), drawn), caption,
                     tuple(MapColumn(column.name, column.full, command(recipe, column.full)) for column in columns), table, tips)


def _spot(row: Row, column: Column) -> Spot | None:
    apart = [row[2][at] for at in column.at if np.isfinite(row[2][at])]
    return Spot(exp(float(np.median(apart))), bool(any(row[3][at] for at in column.at))) if apart else None


def _text(spot: Spot | None) -> str:
    return MISSING if spot is None else percent.change(spot.ratio) + " *" * spot.found


def _tip(row: Row, column: Column, word: str) -> str:
    """The time itself; of a family from where to where its cases are."""
    known = [at for at in column.at if np.isfinite(row[2][at])]
    if not known:
        return "not measured"
    if len(column.at) == 1:
        time, apart = row[4][known[0]], row[2][known[0]]
        return f"{units.time(exp(time))}, {word} {units.time(exp(time - apart))}"
    own = [row[2][at] for at in known]
    return f"{len(known)} cases, {percent.change(exp(min(own)))} to {percent.change(exp(max(own)))}"


def _centre(group: Group) -> np.ndarray:
    known = np.isfinite(group.values).any(axis=0)
    centre = np.full(group.values.shape[1], np.nan)
    centre[known] = np.nanmedian(group.values[:, known], axis=0)
    return centre


def _says(parts: Sequence[Part]) -> str:
    judged = sum(len(part.group.hosts) for part in parts if len(part.group.hosts) >= LEAST_HOSTS)
    named = sum(int(part.named.hosts.sum()) for part in parts)
    if not judged:
        return f"No group has {LEAST_HOSTS} hosts, so that nobody is named: the map shows differences, not who is the odd one."
    return f"Of {_hosts(judged)} with at least {LEAST_HOSTS - 1} peers {named or 'none'} {'is' if named < 2 else 'are'} named."


def letter(place: int) -> str:
    """A, B … Z, AA: the kinds in the order of the page."""
    return (letter(place // 26 - 1) if place >= 26 else "") + chr(ord("A") + place % 26)


def _hosts(count: int) -> str:
    return f"{count} {'host' if count == 1 else 'hosts'}"


def _known(value: float) -> float:
    return float(value) if np.isfinite(value) else 0.0


def _what(columns: Iterable[Column]) -> str:
    return "cases" if all(len(column.at) == 1 for column in columns) else "families"
