"""Figures of what a run's processes could show: where its variance arises, and which changes it could have seen."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from .. import units
from ..cells import Cell
from .floors import MEASURE
from ..model import Process, Run
from ..recipes import cases as cases_named
from ..stats import Spread
from ..variance import FEWEST_PAIRS, Components, Window, components, detectable, spread_between
from ..views import Axis, Drawing, Figure, Kind, Panel, Point, Rule, Series, Table, Unit

_PARTS = ("between processes", "between repetitions", "within repetitions")
_HELP = ("more processes", "more repetitions a process", "longer repetitions")
_PAIRS = (6, 8, 10, 12, 16, 20, 24, 32, 40, 60, 80)
_TOLD = (6, 12, 20, 40, 80)


@dataclass(frozen=True)
class _Family:
    """A measure, a noun and a placement: the median of the components of its cases."""

    measure: str
    name: str
    cases: int
    found: Components
    case: str


def components_figure(run: Run, machine: str) -> Figure | None:
    families = _families(run.processes)
    if not families:
        return None
    panels = []
    for measure in dict.fromkeys(family.measure for family in families):
        own = [family for family in families if family.measure == measure]
        panels.append(Panel(measure, tuple(
            Series(title, index, tuple(_point(family, 100 * family.found.shares()[index]) for family in own))
            for index, title in enumerate(_PARTS))))
    return Figure(
        "components",
        "Where the variance of the results arises",
        "What would make the results of this run firmer: more processes, more repetitions, or longer ones?",
        Drawing(Kind.BARS, Axis("share of the variance of a result", Unit.PERCENT), Axis("", Unit.COUNT), tuple(panels)),
        "Per cent of the variance (of log typical times) of a case's median over all its processes, by where it arises; "
        f"medians over the cases of a family. {machine}.",
        _components_table(families),
        ("Nested analysis of variance. Where operations are counted and not timed one by one, what lies within repetitions "
         "counts as between them.",),
        _spend(families, run.processes),
    )


def _point(family: _Family, value: float) -> Point:
    return Point(family.name, Spread(value, value, value, 1), case=family.case)


def _families(processes: Iterable[Process]) -> list[_Family]:
    cases: dict[tuple[str, str, str], dict[str, list[list[Window]]]] = {}
    for process in processes:
        if process.case.placement == "pair":
            continue
        key = (process.case.measure, process.case.noun, process.case.placement)
        cases.setdefault(key, {}).setdefault(process.case.text, []).append(
            [Window(one.typical_ns, one.operations, one.p10_ns, one.p90_ns) for one in process.repetitions])
    found = []
    for (measure, noun, placement), own in cases.items():
        parts = [one for windows in own.values() if (one := components(windows)) is not None]
        if parts:
            found.append(_Family(measure, f"{noun} {placement}", len(parts), _typical(parts), cases_named(measure, noun, placement)))
    return sorted(found, key=lambda family: (family.measure == MEASURE, family.measure, family.name))


def _typical(parts: Sequence[Components]) -> Components:
    return Components(
        median(one.process for one in parts), median(one.repetition for one in parts), median(one.within for one in parts),
        round(median(one.processes for one in parts)), median(one.repetitions for one in parts))


def _spend(families: Sequence[_Family], processes: Iterable[Process]) -> str:
    most = [max(range(3), key=lambda index: family.found.shares()[index]) for family in families]
    counts = [most.count(index) for index in range(3)]
    first = max(range(3), key=lambda index: counts[index])
    text = (f"In {counts[first]} of {len(families)} families most of the variance lies {_PARTS[first]}: {_HELP[first]} would "
            "help most there")
    others = [f"{_HELP[index]} in {counts[index]}" for index in range(3) if index != first and counts[index]]
    text += f", {' and '.join(others)}." if others else "."
    costs = _costs(processes)
    if costs is None:
        return text
    best = median(family.found.best_repetitions(*costs) for family in families)
    number = "as many as possible" if math.isinf(best) else f"about {max(1, round(best))}"
    taken = median(family.found.repetitions for family in families)
    return (f"{text} A process costs {units.time(costs[0] * 1e9)} beside its repetitions and each of them {units.time(costs[1] * 1e9)}: "
            f"of the same time {number} repetitions a process make the most (median over families); this run took {taken:.3g}.")


def _costs(processes: Iterable[Process]) -> tuple[float, float] | None:
    """Seconds of a process beside its repetitions, and of a repetition."""
    own = sorted((p for p in processes if len(p.repetitions) > 1), key=lambda p: p.repetitions[0].started_at_ns)
    steps = [(b.started_at_ns - a.started_at_ns) / 1e9 for p in own for a, b in zip(p.repetitions, p.repetitions[1:])]
    if len(own) < 2 or not steps:
        return None
    repetition = median(steps)
    period = median((b.repetitions[0].started_at_ns - a.repetitions[0].started_at_ns) / 1e9 for a, b in zip(own, own[1:]))
    beside = period - repetition * median(len(p.repetitions) for p in own)
    return (beside, repetition) if beside > 0 and repetition > 0 else None


def _components_table(families: Sequence[_Family]) -> Table:
    rows = []
    for family in families:
        found = family.found
        sds = (f"{100 * math.sqrt(part):.2f} %" for part in (found.process, found.repetition, found.within))
        shares = (f"{100 * share:.0f} %" for share in found.shares())
        rows.append((f"{family.measure} {family.name}", str(family.cases), *sds, *shares, str(found.processes),
                     f"{found.repetitions:.3g}"))
    return Table(("family", "cases", *(f"sd {part}" for part in _PARTS), *(f"of the result, {part}" for part in _PARTS),
                  "processes", "repetitions each"), 1, tuple(rows), cases=tuple(family.case for family in families))


def power_figure(run: Run, cells: Sequence[Cell], machine: str) -> Figure | None:
    """Pairs as in a comparison of two runs like this one, by the spread of this one's own processes."""
    spreads: dict[str, list[tuple[float, Cell]]] = {}
    for cell in cells:
        sd = spread_between([row.quiet_ns or row.time_ns or 0 for row in cell.rows])
        if sd is not None and cell.case.placement != "pair":
            spreads.setdefault(cell.case.measure, []).append((sd, cell))
    if not spreads:
        return None
    here = run.info.rounds
    typical = {measure: median(sd for sd, _ in own) for measure, own in spreads.items()}
    series = tuple(
        Series(measure, index, tuple(
            Point(float(pairs), Spread(y, y, y, 1), case=cases_named(measure)) for pairs in sorted({*_PAIRS, here}) if (y := _percent(sd, pairs)) is not None))
        for index, (measure, sd) in enumerate(typical.items()) if sd > 0)
    if not any(one.points for one in series):
        return None
    return Figure(
        "power",
        "What this run could have seen",
        "How small a change would a comparison of two such runs find, and how much smaller with more processes?",
        Drawing(Kind.CURVES, Axis("pairs of processes (log)", Unit.COUNT), Axis("smallest change found (log)", Unit.PERCENT), (
            Panel("80 % of comparisons find it (two-sided, p < 0.05)", series, rules=(Rule(float(here), "you are here"),)),)),
        "Per cent of time an operation. From the spread between this run's own processes of one case (quiet; median over the "
        f"cases of a measure), for runs that take turns. {machine}.",
        _power_table(spreads, here),
        (f"Power of the paired t-test at the efficiency of the signed-rank test, without correction for many cases; fewer than "
         f"{FEWEST_PAIRS} pairs find nothing. A self-test of the machine (`ipcmark selftest`) measures the same instead of "
         "reckoning it.",),
        _seen(typical, here),
    )


def _percent(sd: float, pairs: int) -> float | None:
    found = detectable(sd, pairs)
    return None if found is None else 100 * found


def _seen(typical: dict[str, float], here: int) -> str:
    if here < FEWEST_PAIRS:
        return (f"With {here} process{'es' if here != 1 else ''} a case no comparison with this run can call anything a change: that "
                f"takes at least {FEWEST_PAIRS} pairs.")
    seen = sorted((_percent(sd, here) or 0, measure) for measure, sd in typical.items())
    more = sorted((_percent(sd, 4 * here) or 0, measure) for measure, sd in typical.items())
    return (f"With {here} pairs a change of {seen[0][0]:.2g} % in {seen[0][1]} would have been found, and of {seen[-1][0]:.2g} % in "
            f"{seen[-1][1]}; with {4 * here}, of {more[0][0]:.2g} % and {more[-1][0]:.2g} %.")


def _power_table(spreads: dict[str, list[tuple[float, Cell]]], here: int) -> Table:
    told = sorted({*_TOLD, here})
    rows = []
    for measure, own in spreads.items():
        for placement in dict.fromkeys(cell.case.placement for _, cell in own):
            sds = [sd for sd, cell in own if cell.case.placement == placement]
            middle = median(sds)
            found = (_percent(middle, pairs) for pairs in told)
            rows.append((measure, placement, str(len(sds)), f"{100 * middle:.2f} %", f"{100 * max(sds):.1f} %",
                         *("–" if one is None else f"{one:.2g} %" for one in found)))
    return Table(("measure", "placement", "cases", "sd between processes, median", "largest",
                  *(f"found with {pairs} pairs" for pairs in told)), 2, tuple(rows),
                 cases=tuple(cases_named(row[0], placement=row[1]) for row in rows))
