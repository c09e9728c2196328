"""What is starred, what is not, and what is said first: on pairs of runs with changes of known size."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ipcmark_report.compare import Comparison, compare_runs
from ipcmark_report.compare.model import Cell, Design, Verdict
from ipcmark_report.load import load_run
from ipcmark_report.tests.pairs import BASE, CASES, FAR_NS, NEAR_NS, NEW, Pair, family_of
from ipcmark_report.tests.synthetic import put

PIPE = "latency/pipe/pipe/size:64/placement:same_core"
RING = "latency/pipe/spsc_ring/size:64/placement:cross_core"
THROUGHPUT = "throughput/pipe/pipe/size:64/placement:cross_core"
FORK = "fork_cost/process/fork/memory_mib:0/placement:same_core"
Compared = Callable[..., Comparison]


@pytest.fixture
def compared(tmp_path: Path) -> Compared:
    def run(asked: dict[str, Any] | None = None, **pair: Any) -> Comparison:
        base, new = Pair(**pair).write(tmp_path)
        return compare_runs(load_run(base), load_run(new), **(asked or {}))
    return run


def cell(comparison: Comparison, case: str) -> Cell:
    return next(one for one in (*comparison.cells, *comparison.controls) if one.case.text == case)


def starred(comparison: Comparison) -> set[str]:
    return {one.case.text for one in comparison.cells if one.judged.starred}


@pytest.mark.parametrize("seed", range(5))
def test_two_runs_of_the_same_show_no_star(compared: Compared, seed: int) -> None:
    comparison = compared(seed=seed)
    assert comparison.design is Design.INTERLEAVED
    assert starred(comparison) == set()
    assert comparison.alarms == () and comparison.void == ""
    assert comparison.overall.verdict is Verdict.EQUIVALENT
    assert len(comparison.cells) == len(CASES) and len(comparison.controls) == 3


@pytest.mark.parametrize("seed", range(3))
def test_a_slower_backend_is_starred_and_no_other(compared: Compared, seed: int) -> None:
    comparison = compared(inject={"pipe": 1.1}, seed=seed)
    assert starred(comparison) == {PIPE, THROUGHPUT}
    change = cell(comparison, PIPE).judged
    assert change.verdict is Verdict.REGRESSION and change.pairs == 12 and change.q is not None
    assert change.interval is not None and change.interval.low < 1.1 < change.interval.high
    assert {group.name for group in comparison.backends if group.verdict is Verdict.REGRESSION} == {
        "pipe/pipe/same_core", "pipe/pipe/cross_core"}
    assert comparison.expected_false < 0.1
    # Operations that are counted have no tail to read anything from.
    assert cell(comparison, THROUGHPUT).reading == "" and cell(comparison, THROUGHPUT).change("tail") is None


def test_a_quicker_backend_is_an_improvement(compared: Compared) -> None:
    assert cell(compared(inject={"fork": 0.9}), FORK).judged.verdict is Verdict.IMPROVEMENT


def test_a_change_below_the_threshold_of_its_family_is_none(compared: Compared) -> None:
    wide = {family_of(PIPE): {"estimator": "typical", "threshold_percent": 15.0, "anchor_slope": 0.0}}
    change = cell(compared(inject={"pipe": 1.1}, estimators=wide), PIPE).judged
    assert change.estimator == "typical" and change.threshold == 0.15
    assert change.verdict is Verdict.EQUIVALENT and change.q is not None and change.q < 0.05


def test_a_change_of_noise_is_inconclusive(compared: Compared) -> None:
    assert cell(compared(noise=0.2), PIPE).judged.verdict is Verdict.INCONCLUSIVE


def test_fewer_than_six_pairs_give_no_verdict_and_say_why(compared: Compared) -> None:
    comparison = compared(rounds=5, inject={"pipe": 1.5})
    change = cell(comparison, PIPE).judged
    assert change.verdict is Verdict.NONE and change.p == 0.0625 and change.interval is None
    assert change.why == "5 pairs: fewer than 6 can never reach p < 0.05"
    assert starred(comparison) == set()


def test_few_pairs_among_many_tests_are_told_to_be_too_few(compared: Compared) -> None:
    comparison = compared(rounds=6, inject={"pipe": 1.5})
    assert starred(comparison) == set()
    assert any("6 pairs cannot give less than p = 0.031: of 11 tests at least 7" in note for note in comparison.notes)


def test_one_process_a_side_gives_no_verdict(compared: Compared) -> None:
    change = cell(compared(rounds=1, inject={"pipe": 3}, interleaved=False), PIPE).judged
    assert change.verdict is Verdict.NONE and "1 process on a side" in change.why
    assert change.ratio == pytest.approx(3, rel=0.5)


def test_only_the_tail_moved_is_jitter(compared: Compared) -> None:
    found = cell(compared(inject_tail={"pipe": 1.3}), PIPE)
    assert found.judged.verdict is Verdict.EQUIVALENT and found.reading == "jitter"
    tail = found.change("tail")
    assert tail is not None and tail.verdict is Verdict.REGRESSION


def test_only_the_middle_moved_is_path_length(compared: Compared) -> None:
    assert cell(compared(inject={"pipe": 1.2}, inject_tail={"pipe": 1 / 1.2}), PIPE).reading == "path length"


def test_processes_that_do_not_compare_are_left_out_and_counted(compared: Compared) -> None:
    change = cell(compared(not_comparable=((BASE, PIPE, 2), (NEW, PIPE, 2), (NEW, PIPE, 7))), PIPE).judged
    assert (change.pairs, change.left_out) == (10, 2)
    assert [number for number, _ in change.base] == [1, 3, 4, 5, 6, 8, 9, 10, 11, 12]


def test_pairs_at_two_distances_are_left_out_and_others_are_kept_apart(compared: Compared) -> None:
    comparison = compared(rounds=30, far=0.5, apart=0.3, inject={"spsc_ring": 1.05})
    change = cell(comparison, RING).judged
    assert change.left_out > 3 and change.pairs + change.left_out == 30
    assert change.strata == (NEAR_NS, FAR_NS)
    assert change.verdict is Verdict.REGRESSION and change.ratio == pytest.approx(1.05, abs=0.01)
    assert starred(comparison) == {RING}


def test_distances_of_runs_that_did_not_take_turns_are_strata(compared: Compared) -> None:
    comparison = compared(rounds=30, far=0.4, interleaved=False, drift=0.0, inject={"spsc_ring": 1.05})
    change = cell(comparison, RING).judged
    assert change.strata == (NEAR_NS, FAR_NS)
    assert change.verdict is Verdict.REGRESSION and change.ratio == pytest.approx(1.05, abs=0.015)


def test_runs_one_after_the_other_say_so_beside_each_star(compared: Compared) -> None:
    comparison = compared(rounds=20, drift=0.01, interleaved=False, inject={"pipe": 1.3})
    assert comparison.design is Design.UNPAIRED
    assert comparison.alarms[0].startswith("NOT INTERLEAVED")
    assert starred(comparison) == {PIPE, THROUGHPUT}
    assert cell(comparison, PIPE).confounders == ("not interleaved",)
    assert comparison.overall.ratio == pytest.approx(1.3 ** (2 / 8), abs=0.01)


def test_a_control_that_moved_comes_first_and_no_star_is_believed(compared: Compared) -> None:
    comparison = compared(inject_controls=1.05, inject={"pipe": 1.3})
    assert comparison.alarms[0].startswith("NEGATIVE CONTROL MOVED: limits/alu/loop/placement:same_core +5")
    assert starred(comparison) == set() and "control moved" in comparison.void
    assert cell(comparison, PIPE).judged.verdict is Verdict.INCONCLUSIVE
    assert cell(comparison, PIPE).judged.why == comparison.void
    assert {group.verdict for group in comparison.families} == {Verdict.INCONCLUSIVE}
    assert comparison.void in comparison.says


def test_another_machine_moves_the_controls_where_it_is_what_is_compared(compared: Compared) -> None:
    other = {"identity": {"cpu_model": "Example CPU 9001", "key": "another"}}
    changed = {"inject_controls": 1.2, "environment": other, "interleaved": False, "drift": 0.01, "rounds": 20}
    comparison = compared(**changed)
    assert starred(comparison) == set() and "--varying machine" in comparison.void
    assert any(alarm.startswith("THE MACHINES DIFFER") for alarm in comparison.alarms)
    declared = compared_with(comparison, varying=("machine",))
    assert declared.void == "" and any(alarm.startswith("NEGATIVE CONTROL") for alarm in declared.alarms)


def compared_with(comparison: Comparison, **asked: Any) -> Comparison:
    return compare_runs(comparison.base, comparison.new, **asked)


def test_an_anchor_that_moved_voids_as_well(compared: Compared) -> None:
    comparison = compared(anchor_factor=1.03, inject={"pipe": 1.3})
    assert any("ANCHOR'S FLOOR" in alarm and "270.0 ns at their quickest, then 278.1" in alarm for alarm in comparison.alarms)
    assert starred(comparison) == set()


def test_changes_in_one_direction_with_a_control_are_told(compared: Compared) -> None:
    backends = {case.split("/")[2]: 1.06 for case in CASES}
    comparison = compared(inject=backends, inject_controls=1.015, noise=0.003)
    assert any(alarm.startswith("ONE-SIDED: 8 cells slower and 0 quicker") for alarm in comparison.alarms)
    assert comparison.void == ""


def test_without_controls_nothing_says_that_the_machine_stayed(compared: Compared) -> None:
    assert any("No negative control" in alarm for alarm in compared(controls={}).alarms)


def test_a_case_of_one_side_alone_is_named(compared: Compared) -> None:
    comparison = compared(only={BASE: (PIPE,), NEW: (RING,)}, failed={NEW: {FORK: "the answer was wrong"}})
    assert {one.case: one.why for one in comparison.unmatched} == {
        PIPE: "not in versus", RING: "not in base", FORK: "failed in versus: the answer was wrong"}
    assert not {PIPE, RING, FORK} & {one.case.text for one in comparison.cells}


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -5.0, 0.0, "much"])
def test_impossible_times_are_no_change(tmp_path: Path, wrong: Any) -> None:
    base, new = Pair().write(tmp_path)
    for number in range(1, 13):
        file = new / f"latency.{number}.json"
        whole = json.loads(file.read_text())
        for row in whole["benchmarks"]:
            if row["name"].startswith(PIPE):
                row.update(quiet_ns=wrong, typical_ns=wrong, latency_ns_p50=wrong, real_time=wrong, tail_ns=wrong)
        put(file, whole)
    comparison = compare_runs(load_run(base), load_run(new))
    assert starred(comparison) == set()
    (unmatched,) = comparison.unmatched
    assert unmatched.case == PIPE and "found by the report" in unmatched.why


def test_runs_without_repetitions_are_judged_by_typical(tmp_path: Path) -> None:
    base, new = Pair(inject={"pipe": 1.2}).write(tmp_path)
    for run in (base, new):
        for file in run.glob("*.reps.json"):
            put(file, json.loads(file.read_text()) | {"cases": []})
        for file in run.glob("*[0-9].json"):
            whole = json.loads(file.read_text())
            for row in whole["benchmarks"]:
                row.pop("quiet_ns"), row.pop("typical_ns"), row.pop("anchor_ns")
            put(file, whole)
    comparison = compare_runs(load_run(base), load_run(new))
    assert cell(comparison, PIPE).judged.estimator == "typical"
    assert starred(comparison) == {PIPE, THROUGHPUT}
    assert any("judged by typical" in note for note in comparison.notes)


def test_a_partial_run_is_compared_as_far_as_it_came_and_says_so(tmp_path: Path) -> None:
    base, new = Pair(inject={"pipe": 1.3}, status="partial").write(tmp_path)
    for file in new.glob("*.1[0-2].*json"):
        file.unlink()
    comparison = compare_runs(load_run(base), load_run(new))
    assert cell(comparison, PIPE).judged.pairs == 9 and PIPE in starred(comparison)
    assert any("partial" in alarm for alarm in comparison.alarms)


def test_a_run_differs_from_itself_by_nothing(tmp_path: Path) -> None:
    base, _ = Pair().write(tmp_path)
    comparison = compare_runs(load_run(base), load_run(base))
    assert starred(comparison) == set()
    assert any("One run stands on both sides" in alarm for alarm in comparison.alarms)


def test_the_adjusted_estimator_takes_out_what_the_anchor_says(tmp_path: Path) -> None:
    family = {"estimator": "adjusted", "threshold_percent": 2.0, "anchor_slope": 0.5}
    base, new = Pair(estimators={family_of(case): family for case in CASES}, noise=0.003).write(tmp_path)
    for file in new.glob("latency.*.reps.json"):
        whole = json.loads(file.read_text())
        for case in whole["cases"]:
            for look in case["anchors"]:
                look["median_ns"] *= 1.21
        put(file, whole)
    comparison = compare_runs(load_run(base), load_run(new))
    adjusted, typical = (cell(comparison, PIPE).change(name) for name in ("adjusted", "typical"))
    assert adjusted is not None and adjusted.ratio == pytest.approx(1 / 1.1, abs=0.01)
    # As if the anchors had been at their floor, which those of the base were.
    assert typical is not None
    assert [ns for _, ns in adjusted.base] == pytest.approx([ns for _, ns in typical.base])


def test_the_estimator_asked_for_is_told_to_be_another_one(compared: Compared) -> None:
    comparison = compared({"estimator": "tail"}, inject_tail={"pipe": 1.3})
    assert starred(comparison) == {PIPE}
    assert any("not by the estimators that were fixed before" in note for note in comparison.notes)


def test_a_filter_keeps_the_controls(compared: Compared) -> None:
    comparison = compared({"filter": "semaphore"})
    assert {one.case.noun for one in comparison.cells} == {"semaphore"} and len(comparison.controls) == 3


def test_of_a_rigorous_pair_each_case_is_judged_by_its_own_look(compared: Compared) -> None:
    left = compared(preset="rigorous", rounds=24, left_after_round={PIPE: 12}, inject={"pipe": 1.3, "posix": 1.3})
    change = cell(left, PIPE).judged
    assert change.pairs == 12 and change.left_out == 0 and change.starred
    assert cell(left, "latency/semaphore/posix/placement:same_core").judged.pairs == 24


def test_between_two_looks_only_the_last_one_counts(compared: Compared) -> None:
    comparison = compared(preset="rigorous", rounds=18, inject={"pipe": 1.3})
    assert cell(comparison, PIPE).judged.pairs == 12 and PIPE in starred(comparison)


def test_before_the_first_look_there_is_no_verdict(compared: Compared) -> None:
    comparison = compared(preset="rigorous", rounds=10, inject={"pipe": 1.3})
    assert starred(comparison) == set() and "planned look" in cell(comparison, PIPE).judged.why
