"""Loading: what a good run gives, and what every bad one says."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ipcmark_report.load import load_run, parse_case
from ipcmark_report.model import BadInput, Fact

from .synthetic import Synthetic, failed_row, put, row

SMALL = {"rounds": 2, "placements": ("cross_core",), "binaries": ("latency",)}
NAME = "latency/pipe/pipe/size:64/placement:cross_core"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return Synthetic(**SMALL).write(tmp_path / "run")


def change(file: Path, **values: Any) -> None:
    put(file, {**json.loads(file.read_text()), **values})


def complaint(path: Path) -> str:
    with pytest.raises(BadInput) as caught:
        load_run(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_case_names() -> None:
    case = parse_case("contention/shared/futex_mutex/operation:add/hold_ns:0/processes:4/placement:unpinned")
    assert case is not None
    assert (case.measure, case.noun, case.backend, case.placement) == (
        "contention", "shared", "futex_mutex", "unpinned")
    assert case.parameters == (("operation", "add"), ("hold_ns", "0"), ("processes", "4"))
    assert case.number("processes") == 4
    assert case.number("operation") is None
    assert case.number("size") is None


def test_googles_suffixes_are_not_part_of_the_name() -> None:
    case = parse_case(NAME + "/repeats:3/manual_time")
    assert case is not None and case.text == NAME


@pytest.mark.parametrize("name", ["", "latency", "latency/pipe", "latency//pipe", "latency/pipe/pipe/64"])
def test_names_that_are_not_case_names(name: str) -> None:
    assert parse_case(name) is None


def test_a_good_run(run: Path) -> None:
    loaded = load_run(run)
    assert loaded.marks == ()
    assert loaded.info.complete and loaded.info.rounds == 2
    assert {row.round for row in loaded.rows} == {1, 2}
    first = loaded.rows[0]
    assert first.error is None
    assert first.latency_ns_p50 is not None and first.samples == 1500
    assert len([one for one in loaded.histograms if not one.series]) == len(loaded.rows)
    assert sum(loaded.histograms[0].counts) == 1500


def test_floors_and_ratios(tmp_path: Path) -> None:
    rows = load_run(Synthetic(rounds=1, placements=("same_core",), binaries=("limits", "latency")).write(tmp_path)).rows
    pipe = next(row for row in rows if row.case.text == "latency/pipe/pipe/size:64/placement:same_core")
    assert pipe.floor == "limits/wake_up/futex/placement:same_core"
    assert pipe.floor_ratio == pytest.approx(5200 * (1 + 64 / 16384) / 4900)
    assert all(row.floor is None for row in rows if row.binary == "limits")


def test_unknown_facts_keep_their_reason(run: Path) -> None:
    unknown = {f.key: f.text for f in load_run(run).environment.start if f.unknown}
    assert unknown == {"hypervisor": "no /sys/hypervisor", "governor": "no cpufreq directory"}


def test_changes_and_counters_are_told_apart(run: Path) -> None:
    change(run / "environment.json", changes=[
        {"group": "memory", "key": "thp", "start": "always", "end": "never"},
        {"group": "interrupts", "key": "LOC", "delta": 42}])
    environment = load_run(run).environment
    assert environment.changed == frozenset({("memory", "thp")})
    assert environment.counted == (Fact("interrupts", "LOC", "42", False),)


def test_a_run_may_not_say_what_changed(run: Path) -> None:
    change(run / "environment.json", changes=None)
    assert load_run(run).environment.changed is None


def test_aggregates_are_not_read(run: Path) -> None:
    file = run / "latency.1.json"
    rows = json.loads(file.read_text())["benchmarks"]
    change(file, benchmarks=rows + [{**rows[0], "run_type": "aggregate"}])
    assert len(load_run(run).rows) == 2 * len(rows)


def test_temporary_and_foreign_files_are_not_read(run: Path) -> None:
    (run / ".latency.3.json").write_text("{")
    (run / "notes.json").write_text("{")
    (run / "latency.0.json").write_text("{")
    assert load_run(run).marks == ()


def test_an_error_row_keeps_its_message(tmp_path: Path) -> None:
    extra = {"latency": [failed_row("latency/pipe/broken/placement:cross_core", "peer 2 died")]}
    errors = [r.error for r in load_run(Synthetic(**SMALL, extra_rows=extra).write(tmp_path)).rows if r.error]
    assert errors == ["peer 2 died", "peer 2 died"]


@pytest.mark.parametrize(("key", "value", "fault"), [
    ("latency_ns_p50", float("nan"), "latency_ns_p50 is NaN"),
    ("latency_ns_p99", float("inf"), "latency_ns_p99 is infinite"),
    ("real_time", float("-inf"), "real_time is infinite"),
    ("cpu_ns_per_operation", -1.0, "cpu_ns_per_operation is negative (-1)"),
    ("samples", "many", "samples is not a number (many)"),
    ("operations", None, "operations is not a number (none)"),
    ("latency_ns_p50", 0.0, "latency_ns_p50 is 0, nothing was measured"),
    ("latency_ns_p50", 10**400, "latency_ns_p50 is too large"),
    ("time_unit", "fortnight", "time_unit is unknown"),
    ("time_unit", {}, "time_unit is unknown"),
])
def test_rows_with_impossible_numbers_are_failed_rows(tmp_path: Path, key: str, value: Any, fault: str) -> None:
    bad = {**row("latency/pipe/odd/placement:cross_core", 5e3, {"latency_ns_p50": 5e3}), key: value}
    loaded = load_run(Synthetic(**SMALL, extra_rows={"latency": [bad]}).write(tmp_path))
    odd = [r for r in loaded.rows if r.case.backend == "odd"]
    assert [r.error for r in odd] == [f"not a valid row (found by the report): {fault}"] * 2
    assert all(r.latency_ns_p50 is None for r in odd)


def test_a_row_without_its_main_counter_failed(tmp_path: Path) -> None:
    bad = row("latency/pipe/odd/placement:cross_core", 5e3, {})
    loaded = load_run(Synthetic(**SMALL, extra_rows={"latency": [bad]}).write(tmp_path))
    assert loaded.rows[-1].error == "not a valid row (found by the report): latency_ns_p50 is missing"


def test_a_row_with_a_foreign_name_failed(tmp_path: Path) -> None:
    loaded = load_run(Synthetic(**SMALL, extra_rows={"latency": [row("BM_x", 1.0, {})]}).write(tmp_path))
    assert loaded.rows[-1].error is not None and "not a case name" in loaded.rows[-1].error


@pytest.mark.parametrize("counts", [
    "none", [], [[1]], [[2, 1], [1, 1]], [[1, -1]], [[1, 2.5]], [[float("nan"), 1]], [[1, 2], [2, 2]],
])
def test_invalid_distributions_are_left_out_and_named(run: Path, counts: Any) -> None:
    file = run / "latency.1.hist.json"
    histograms = json.loads(file.read_text())["histograms"]
    change(file, histograms=[{**histograms[0], "counts": counts, "total_count": 5}, *histograms[1:]])
    loaded = load_run(run)
    assert len(loaded.histograms) == 2 * len(histograms) - 1
    assert any("latency.1.hist.json" in mark and histograms[0]["case"] in mark for mark in loaded.marks)


def test_a_partial_run_says_what_is_missing(tmp_path: Path) -> None:
    skip = ("latency.2.json", "latency.2.hist.json")
    marks = load_run(Synthetic(**SMALL, status="partial", skip_files=skip).write(tmp_path)).marks
    assert marks == ("This run is partial: it did not reach its end.",
                     "latency: 1 of 2 rounds were not measured (round 2).")


def test_a_missing_environment_is_marked(run: Path) -> None:
    (run / "environment.json").unlink()
    loaded = load_run(run)
    assert any("environment.json" in mark for mark in loaded.marks)
    assert loaded.environment.machine.startswith("unknown host")


def test_two_builds_in_one_run_are_marked(run: Path) -> None:
    file = run / "latency.2.json"
    context = json.loads(file.read_text())["context"]
    change(file, context={**context, "ipcmark_git_sha": "feedbeef"})
    assert any("one build" in mark for mark in load_run(run).marks)


def _truncated(run: Path) -> None:
    file = run / "latency.2.json"
    file.write_text(file.read_text()[:1000])


BROKEN: dict[str, tuple[Callable[[Path], Any], tuple[str, ...]]] = {
    "no run.json": (lambda run: (run / "run.json").unlink(), ("has no run.json", "ipcmark run")),
    "truncated": (_truncated, ("latency.2.json", "not whole JSON at line", "of 1000 bytes", "measure that round again")),
    "empty": (lambda run: (run / "latency.1.json").write_text(""), ("latency.1.json", "not whole JSON")),
    "no JSON": (lambda run: (run / "run.json").write_text("hello"), ("run.json", "line 1, column 1")),
    "a list": (lambda run: (run / "latency.1.json").write_text("[]"), ("latency.1.json", "no JSON object")),
    "no UTF-8": (lambda run: (run / "run.json").write_bytes(b'{"a": "\xff"}'), ("run.json", "not UTF-8 at byte 7")),
    "deep": (lambda run: (run / "run.json").write_text("[" * 200_000), ("run.json", "not usable JSON")),
    "long number": (lambda run: (run / "run.json").write_text("9" * 5000), ("run.json", "not usable JSON")),
    "newer run": (lambda run: change(run / "run.json", schema_version=7),
                  ("run.json", "schema_version 7", "reads schema_version 1")),
    "newer environment": (lambda run: change(run / "environment.json", schema_version=2),
                          ("environment.json", "schema_version 2")),
    "newer distribution": (lambda run: change(run / "latency.1.hist.json", schema_version="1"),
                           ("latency.1.hist.json", "schema_version 1")),
    "no version": (lambda run: put(run / "run.json", {}), ("run.json", "no schema_version")),
    "wrong status": (lambda run: change(run / "run.json", status="maybe"), ('"status"', "complete")),
    "wrong rounds": (lambda run: change(run / "run.json", rounds="three"), ('"rounds"', "whole number")),
    "negative rounds": (lambda run: change(run / "run.json", rounds=-1), ('"rounds"', "whole number")),
    "wrong cases": (lambda run: change(run / "run.json", cases=[1]), ('"cases"', "list of texts")),
    "no rows": (lambda run: put(run / "latency.1.json", {"context": {}}), ("latency.1.json", '"benchmarks"')),
    "odd rows": (lambda run: put(run / "latency.1.json", {"context": {}, "benchmarks": [1]}), ("list of objects",)),
    "a directory": (lambda run: ((run / "latency.1.json").unlink(), (run / "latency.1.json").mkdir()),
                    ("latency.1.json", "cannot be read")),
}


@pytest.mark.parametrize("what", BROKEN)
def test_broken_runs_are_refused_in_one_line(run: Path, what: str) -> None:
    spoil, words = BROKEN[what]
    spoil(run)
    text = complaint(run)
    for word in words:
        assert word in text
    assert ";" in text, "the remedy follows the fault"


def test_a_run_that_is_not_a_directory(tmp_path: Path) -> None:
    assert "no such directory" in complaint(tmp_path / "none")
    (tmp_path / "file").write_text("")
    assert "not a directory" in complaint(tmp_path / "file")
