"""Sides that took no turns, compared within the paths that their processes took: on times and switches made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from math import log

import pytest

from ipcmark_report.compare import mix as mixes
from ipcmark_report.compare.cells import Draft, cell_of, draft_of, with_q
from ipcmark_report.compare.design import Plan
from ipcmark_report.compare.groups import Member, overall_of
from ipcmark_report.compare.model import Cell, Change, Design, Mix, Path, Verdict, Whole
from ipcmark_report.compare.processes import Side, Unit
from ipcmark_report.compare.remarks import confounders
from ipcmark_report.compare.sample import distances_of
from ipcmark_report.compare.yardsticks import Yardsticks
from ipcmark_report.load import parse_case
from ipcmark_report.tests.pairs import FAR_COST, FAR_NS, NEAR_NS

UNPAIRED = Plan(Design.UNPAIRED)
BLOCKS = Plan(Design.BOOTS, tuple((boot, boot) for boot in range(8)))
BOOTS = Plan(Design.BOOTS)
DESIGNS = pytest.mark.parametrize("plan", [UNPAIRED, BLOCKS, BOOTS], ids=["unpaired", "blocks", "boots"])
CASE = parse_case("latency/pipe/pipe/size:64/placement:same_core")
LONG, SHORT = 0.02, 0.88
# How long each path takes in an emulator, by its switches: Linux 6.1, then 6.12.
OLD, NEW = {LONG: 13170.0, SHORT: 10740.0}, {LONG: 14430.0, SHORT: 11740.0}
MOSTLY_LONG, MOSTLY_SHORT = (LONG, LONG, LONG, LONG, SHORT), (LONG, SHORT, SHORT, SHORT, SHORT)


def side(times: dict[float, float], taken: Sequence[float], offset: int, boots: int = 8, far: Sequence[int] = ()) -> Side:
    """Of each boot, a process a path `taken`, of which those at `far` have their CPUs far apart; times scatter a little."""
    units = []
    for boot in range(boots):
        for index, switches in enumerate(taken):
            number = boot * len(taken) + index
            jitter = 0.001 * ((7 * number + 5 * offset) % 11 - 5)
            time = times[switches] * (FAR_COST if index in far else 1)
            units.append(Unit(number + 1, {"quiet": log(time) + jitter}, FAR_NS if index in far else NEAR_NS, switches, 1.0,
                              boot))
    assert CASE is not None
    return Side(CASE, tuple(units), frozenset((unit.boot, unit.round) for unit in units), None)


def compared(base: Side, new: Side, plan: Plan) -> tuple[Cell, Draft]:
    (draft,) = with_q([draft_of(base, new, plan, distances_of([{"": base}, {"": new}]), Yardsticks({}))])
    return cell_of(draft, "", "", confounders(plan, ())), draft


def mix_of(cell: Cell) -> Mix:
    assert cell.mix is not None
    return cell.mix


@DESIGNS
def test_longer_paths_under_a_shorter_whole_are_a_regression_and_another_mix(plan: Plan) -> None:
    cell, _ = compared(side(OLD, MOSTLY_LONG, 0), side(NEW, MOSTLY_SHORT, 1), plan)
    found, change = mix_of(cell), cell.judged
    assert found.whole is not None and found.whole.ratio < 0.97 and found.whole.p < 0.05
    assert change.verdict is Verdict.REGRESSION and change.ratio == pytest.approx(1.095, abs=0.01)
    assert change.interval is not None and change.interval.low > 1.08 and change.interval.high < 1.11
    assert change.paths == (LONG, SHORT)
    assert [path.ratio for path in found.paths] == pytest.approx([1.096, 1.093], abs=0.005)
    assert found.changed and found.simpson and found.against_whole == (mixes.SIGNS, mixes.MIX) and found.withheld == ""
    assert found.says.startswith("Simpson: paths slower, mix better") and "no star from the whole" in found.says
    # The mix is out of the figure, so it confounds it no more.
    assert "another mix of paths" not in cell.confounders


@DESIGNS
def test_another_mix_alone_is_no_change_of_the_paths(plan: Plan) -> None:
    cell, _ = compared(side(OLD, MOSTLY_LONG, 0), side(OLD, MOSTLY_SHORT, 1), plan)
    found = mix_of(cell)
    assert found.whole is not None and found.whole.ratio < 0.95 and found.whole.p < 0.05
    assert cell.judged.verdict is Verdict.EQUIVALENT and cell.judged.ratio == pytest.approx(1, abs=0.005)
    assert found.changed and not found.simpson and mixes.MIX in found.against_whole
    assert found.says.startswith("another mix of paths: 0.19 involuntary switches an operation, then 0.71")


@DESIGNS
def test_where_nothing_changed_nothing_is_said(plan: Plan) -> None:
    cell, _ = compared(side(OLD, MOSTLY_LONG, 0), side(OLD, MOSTLY_LONG, 1), plan)
    found = mix_of(cell)
    assert cell.judged.verdict is Verdict.EQUIVALENT and cell.judged.left_out == 0
    assert not found.changed and not found.simpson and found.says == "" and found.against_whole == ()


@DESIGNS
def test_a_change_of_every_path_is_found_under_the_same_mix(plan: Plan) -> None:
    cell, _ = compared(side(OLD, MOSTLY_SHORT, 0), side(NEW, MOSTLY_SHORT, 1), plan)
    assert cell.judged.verdict is Verdict.REGRESSION and mix_of(cell).says == ""


@DESIGNS
def test_a_path_that_one_side_never_took_is_left_out(plan: Plan) -> None:
    cell, _ = compared(side(OLD, MOSTLY_SHORT, 0), side(NEW, (SHORT,) * 5, 1), plan)
    change = cell.judged
    assert change.verdict is Verdict.REGRESSION and change.ratio == pytest.approx(1.093, abs=0.005)
    assert change.paths == (SHORT,) and change.left_out == 8
    assert [path.ratio is None for path in mix_of(cell).paths] == [True, False]


@DESIGNS
def test_paths_are_compared_at_each_distance_of_the_cpus(plan: Plan) -> None:
    """The new side is more often near and takes the short path more often: both hide what each path costs."""
    cell, _ = compared(side(OLD, (LONG, LONG, LONG, SHORT, SHORT), 0, far=(1, 2, 4)),
                       side(NEW, (LONG, LONG, SHORT, SHORT, SHORT), 1, far=(0, 2)), plan)
    change, found = cell.judged, mix_of(cell)
    assert change.strata == (NEAR_NS, FAR_NS) and change.paths == (LONG, SHORT) and change.left_out == 0
    assert found.whole is not None and change.ratio is not None and found.whole.ratio < change.ratio
    assert change.verdict is Verdict.REGRESSION and change.ratio == pytest.approx(1.095, abs=0.01)


@DESIGNS
def test_sides_without_a_path_in_common_have_another_mix_and_no_verdict(plan: Plan) -> None:
    cell, _ = compared(side(OLD, (LONG,) * 3, 0), side(NEW, (SHORT,) * 3, 1), plan)
    change, found = cell.judged, mix_of(cell)
    assert change.verdict is Verdict.NONE and change.ratio is None and change.left_out == 48
    assert change.why == "nothing is left to compare within one path"
    assert found.whole is not None and found.whole.ratio < 1
    assert found.changed and "no process of either side took the same path; no star from the whole, -10.9 %" in found.says


@DESIGNS
def test_a_mix_that_moved_where_no_paths_can_be_told_apart_lets_no_figure_be_believed(plan: Plan) -> None:
    steps = [0.0, 0.15, 0.3, 0.45, 0.6]
    times = {switches: 13000 - 4000 * switches for switches in [*steps, 0.75, 0.9]}
    cell, draft = compared(side(times, steps[:3], 0), side(times, [0.6, 0.45, 0.3], 1), plan)
    found = mix_of(cell)
    assert len(found.paths) == 1 and found.whole is None and found.changed
    assert cell.judged.verdict is Verdict.INCONCLUSIVE and cell.judged.why == found.withheld == found.says
    assert "no star, since the processes' paths cannot be told apart" in found.says
    assert "another mix of paths" in cell.confounders
    # Nor does it count among others.
    assert overall_of([Member(cell, draft.samples["quiet"])], "").ratio is None


def test_a_mix_that_moved_within_paths_lets_these_give_no_star() -> None:
    times = {switches: 13000 - 4000 * switches for switches in (0.0, 0.15, 0.3, 0.7, 0.85, 1.0)}
    cell, _ = compared(side(times, [0.0, 0.15, 0.0, 0.7, 0.7], 0), side(times, [0.3, 0.15, 0.3, 1.0, 0.85], 1), UNPAIRED)
    found = mix_of(cell)
    assert found.changed and found.left > 0.1 and len(found.paths) == 2
    assert cell.judged.verdict is Verdict.INCONCLUSIVE and "the mix moved within them too" in cell.judged.why


def test_boots_are_held_against_those_that_took_the_same_paths_and_few_give_no_verdict() -> None:
    def one(times: dict[float, float], taken: Sequence[float], offset: int) -> Side:
        whole = side(times, (LONG, SHORT), offset)
        units = tuple(unit for unit in whole.units if unit.switches == taken[unit.boot])
        return Side(whole.case, units, frozenset((unit.boot, unit.round) for unit in units), None)
    cell, _ = compared(one(OLD, [LONG] * 3 + [SHORT] * 5, 0), one(NEW, [LONG] * 8, 1), BOOTS)
    assert cell.judged.verdict is Verdict.NONE and cell.judged.pairs == 3
    assert cell.judged.why == "3 boots a side took the same paths: no verdict with fewer than 6 on either side"


@pytest.mark.parametrize(("whole", "whole_p", "within", "within_p", "moved", "signs", "simpson"), [
    (0.9, 0.01, 1.1, 0.01, True, True, True),
    (0.9, 0.2, 1.1, 0.01, True, True, False),
    (0.9, 0.01, 1.1, 0.2, False, True, False),
    (0.9, 0.2, 1.1, 0.2, True, False, False),
    (1.2, 0.01, 1.1, 0.01, True, False, False),
])
def test_the_whole_gives_no_star_where_it_and_the_paths_disagree_or_the_mix_changed(
        whole: float, whole_p: float, within: float, within_p: float, moved: bool, signs: bool, simpson: bool) -> None:
    path = Path(LONG, 0.8, 0.2, within, None)
    mix = Mix((path, Path(SHORT, 0.2, 0.8, within, None)), 0.2, 0.7, 0.01, None, False, False, "", Whole(whole, None, whole_p))
    change = Change("quiet", 20, 0, within, None, within_p, within_p, 0.02, Verdict.NONE)
    found = mixes.judged(mix, 0.01 if moved else 0.5, change, Design.UNPAIRED)
    assert found.against_whole == (*([mixes.SIGNS] if signs else []), *([mixes.MIX] if moved else []))
    assert (found.changed, found.simpson, found.withheld) == (moved, simpson, "")
    assert found.says.startswith("Simpson") is simpson and "no star from the whole" in found.says
