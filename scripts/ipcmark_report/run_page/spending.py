"""The figure of what a run's processes differ by: where its variance arises, and what would lessen it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from .. import units
from .floors import MEASURE
from ..model import Process, Run
from ..recipes import cases as cases_named
from ..stats import Spread
from ..variance import Components, Window, components
from ..views import Axis, Drawing, Figure, Kind, Panel, Point, Series, Table, Unit

_PARTS = ("between processes", "between repetitions", "within repetitions")
_HELP = ("more processes", "more repetitions a process", "longer repetitions")


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
    number = "as many repetitions as possible" if math.isinf(best) else _repetitions(max(1, round(best)))
    taken = median(family.found.repetitions for family in families)
    return (f"{text} A process costs {units.time(costs[0] * 1e9)} beside its repetitions and each of them {units.time(costs[1] * 1e9)}: "
            f"of the same time {number} a process make the most (median over families); this run took {taken:.3g}.")


def _repetitions(count: int) -> str:
    return f"about {count} repetition{'' if count == 1 else 's'}"


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
