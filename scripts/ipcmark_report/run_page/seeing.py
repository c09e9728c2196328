"""The figure of what a run could have seen: the smallest change that comparisons of two such runs find."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from ..cells import Cell
from ..judging import Beside, SelfTest
from ..model import Run
from ..power import FEWEST_PAIRS, detectable, found_with, spread_between
from ..recipes import cases
from ..stats import Spread
from ..views import Axis, Drawing, Figure, Kind, Panel, Point, Rule, Series, Table, Unit

_PAIRS = (6, 8, 10, 12, 16, 20, 24, 32, 40, 60, 80)
_TOLD = (6, 12, 20, 40, 80)


@dataclass(frozen=True)
class _Sight:
    """What is known of one measure, or of one placement of it: the spreads of its cases, and the smallest change that the
    self-test's comparisons of `pairs` pairs found, a ratio less 1."""

    spreads: tuple[float, ...]
    measured: float | None = None
    pairs: int = 0

    def percent(self, pairs: int) -> float | None:
        """As measured, where it was; else reckoned."""
        if self.measured is not None:
            found = found_with(pairs, self.pairs, self.measured)
        else:
            found = detectable(median(self.spreads), pairs)
        return None if found is None else 100 * found


def power_figure(run: Run, cells: Sequence[Cell], machine: str, beside: Beside) -> Figure | None:
    """Pairs as in a comparison of two runs like this one."""
    own = [(cell, sd) for cell in cells if cell.case.placement != "pair"
           and (sd := spread_between([row.quiet_ns or row.time_ns or 0 for row in cell.rows])) is not None]
    here = run.info.rounds
    sights = {measure: _sight([(cell, sd) for cell, sd in own if cell.case.measure == measure], beside.selftest)
              for measure in dict.fromkeys(cell.case.measure for cell, _ in own)}
    series = tuple(_series(measure, index, sight, here) for index, (measure, sight) in enumerate(sights.items()))
    if not any(one.points for one in series):
        return None
    return Figure(
        "power",
        "What this run could have seen",
        "How small a change would a comparison of two such runs find, and how much smaller with more processes?",
        Drawing(Kind.CURVES, Axis("pairs of processes (log)", Unit.COUNT), Axis("smallest change found (log)", Unit.PERCENT), (
            Panel("80 % of comparisons find it (two-sided, p < 0.05)", tuple(one for one in series if one.points),
                  rules=(Rule(float(here), "you are here"),)),)),
        f"Per cent of time an operation, for runs that take turns. {_source(sights, beside)} {machine}.",
        _table(own, beside.selftest, here),
        _notes(sights, beside),
        _seen(sights, here),
    )


def _sight(own: Sequence[tuple[Cell, float]], selftest: SelfTest | None) -> _Sight:
    spreads = tuple(sd for _, sd in own)
    if selftest is None or selftest.pairs < FEWEST_PAIRS:
        return _Sight(spreads)
    families = {f"{cell.case.measure}/{cell.case.noun}/{cell.case.placement}" for cell, _ in own}
    # What no comparison found is found later than everything.
    found = [float("inf") if (one := selftest.detectable[family]) is None else one / 100
             for family in sorted(families) if family in selftest.detectable]
    middle = median(found) if found else float("inf")
    return _Sight(spreads, middle if middle < float("inf") else None, selftest.pairs)


def _series(measure: str, index: int, sight: _Sight, here: int) -> Series:
    return Series(measure, index, tuple(
        Point(float(pairs), Spread(y, y, y, 1), case=cases(measure)) for pairs in sorted({*_PAIRS, here})
        if (y := sight.percent(pairs))))


def _source(sights: dict[str, _Sight], beside: Beside) -> str:
    reckoned = [measure for measure, sight in sights.items() if sight.measured is None]
    spread = "the spread between this run's own processes of one case (quiet; median over the cases of a measure)"
    if beside.selftest is None or len(reckoned) == len(sights):
        return f"Reckoned from {spread}."
    text = (f"Measured by the self-test of {beside.selftest.date} with {beside.selftest.pairs} pairs (median over the families of "
            "a measure), and carried on from there as the spread of a mean shrinks with the number of pairs.")
    return text + (f" Of {', '.join(reckoned)} it found nothing: reckoned from {spread}." if reckoned else "")


def _notes(sights: dict[str, _Sight], beside: Beside) -> tuple[str, ...]:
    few = f"fewer than {FEWEST_PAIRS} pairs find nothing"
    if all(sight.measured is not None for sight in sights.values()):
        return (f"Without correction for many cases; {few}. The table gives what this run's own spread would say beside it.",)
    why = (f" A self-test of the machine (`ipcmark selftest`) measures the same instead of reckoning it; {beside.why_not}."
           if beside.selftest is None and beside.why_not else "")
    return (f"Power of the paired t-test at the efficiency of the signed-rank test, without correction for many cases; {few}.{why}",)


def _seen(sights: dict[str, _Sight], here: int) -> str:
    if here < FEWEST_PAIRS:
        return (f"With {here} process{'es' if here != 1 else ''} a case no comparison with this run can call anything a change: that "
                f"takes at least {FEWEST_PAIRS} pairs.")
    seen = _found(sights, here)
    if not seen:
        return f"With {here} pairs no change would have been found: the processes differ too much."
    more = dict((measure, percent) for percent, measure in _found(sights, 4 * here))
    (best, first), (worst, last) = seen[0], seen[-1]
    if first == last:
        return f"With {here} pairs a change of {best:.2g} % in {first} would have been found; with {4 * here}, of {more[first]:.2g} %."
    return (f"With {here} pairs a change of {best:.2g} % in {first} would have been found, and of {worst:.2g} % in {last}; "
            f"with {4 * here}, of {more[first]:.2g} % and {more[last]:.2g} %.")


def _found(sights: dict[str, _Sight], pairs: int) -> list[tuple[float, str]]:
    return sorted((percent, measure) for measure, sight in sights.items() if (percent := sight.percent(pairs)) is not None)


def _table(own: Sequence[tuple[Cell, float]], selftest: SelfTest | None, here: int) -> Table:
    told = sorted({*_TOLD, here})
    rows, named = [], []
    for measure, placement in dict.fromkeys((cell.case.measure, cell.case.placement) for cell, _ in own):
        of_row = [(cell, sd) for cell, sd in own if (cell.case.measure, cell.case.placement) == (measure, placement)]
        sds = [sd for _, sd in of_row]
        reckoned, known = _Sight(tuple(sds)), _sight(of_row, selftest)
        measured = [_percent(100 * known.measured if known.measured is not None else None)] if selftest else []
        rows.append((measure, placement, str(len(sds)), f"{100 * median(sds):.2f} %", f"{100 * max(sds):.1f} %",
                     *map(_percent, (reckoned.percent(pairs) for pairs in told)), *measured))
        named.append(cases(measure, placement=placement))
    columns: Iterable[str] = (f"found with {pairs} pairs" for pairs in told)
    by_test = (f"self-test, {selftest.pairs} pairs",) if selftest else ()
    return Table(("measure", "placement", "cases", "sd between processes, median", "largest", *columns, *by_test), 2, tuple(rows),
                 cases=tuple(named))


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.2g} %"
