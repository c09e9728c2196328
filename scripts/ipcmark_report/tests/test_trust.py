"""What weakens a result is said: in front, in its row, at its point."""

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ipcmark_report.cells import Cell, cells_of
from ipcmark_report.load import load_run
from ipcmark_report.model import BadInput, Run
from ipcmark_report.run_page.summary import summarise
from ipcmark_report.tables import BACKEND, COST, PERCENTILES, table
from ipcmark_report.views import Cloud, Drawing, Figure, Listing, Summary

from .records import REPETITIONS
from .synthetic import Synthetic, put, row

SMALL: dict[str, Any] = {"rounds": 3, "placements": ("cross_core", "same_core", "unpinned"),
                         "binaries": ("limits", "latency")}
PIPE = "latency/pipe/pipe/size:64/placement:cross_core"


def edit(run: Path, binary: str, number: int, case: str, **values: Any) -> None:
    """Changes members of a row."""
    file = run / f"{binary}.{number}.json"
    whole = json.loads(file.read_text())
    next(row for row in whole["benchmarks"] if row["name"].startswith(case)).update(values)
    put(file, whole)


def edit_record(run: Path, change: dict[str, Any], whole: dict[str, Any] | None = None) -> None:
    """Changes members of the first record of repetitions, and of its file."""
    file = run / "latency.1.reps.json"
    old = json.loads(file.read_text())
    old["cases"][0].update(change)
    put(file, old | (whole or {}))


def cell_of(run: Run, case: str) -> Cell:
    return next(cell for cell in cells_of(run.rows) if cell.case.text == case)


def figure_of(summary: Summary, anchor: str) -> Figure:
    return next(figure for figure in summary.trust.figures if figure.anchor == anchor)


def listing_of(summary: Summary, column: str) -> Listing:
    return next(listing for listing in summary.trust.listings if listing.table.columns[0] == column)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return Synthetic(**SMALL).write(tmp_path / "run")


def test_a_clean_pinned_case_has_no_mark(run: Path) -> None:
    assert cell_of(load_run(run), PIPE).marked_name == "pipe"


def test_each_weakness_has_its_letter_and_most_processes_a_capital(run: Path) -> None:
    for number in (1, 2):
        edit(run, "latency", number, PIPE, modes=2, label="cpus 0,1; 2 modes: 55 ns (50 %) 99 ns (50 %)")
    edit(run, "latency", 3, PIPE, comparable=0, topology_mode=-1,
         label="cpus 0,1; disturbed: others had 20 % of its CPU time; NOT COMPARABLE: stood still for 1.0 s")
    cell = cell_of(load_run(run), PIPE)
    assert cell.marked_name == "pipe [ndMt]"
    (found,) = table([cell], (BACKEND,), PERCENTILES).rows
    assert found[1] == "n 1/3, d 1/3, m 2/3, t 1/3"
    assert found[-1] == ("2 modes: 55 ns (50 %) 99 ns (50 %); disturbed: others had 20 % of its CPU time; "
                       "NOT COMPARABLE: stood still for 1.0 s")


@cache
def whole() -> Summary:
    """Of everything, made once for all tests of one process."""
    with tempfile.TemporaryDirectory() as folder:
        return summarise(load_run(Synthetic(sizes=(64, 4096), rounds=1).write(Path(folder))))


def test_standing_still_between_windows_has_a_letter_of_its_own(run: Path) -> None:
    edit(run, "latency", 1, PIPE, label="cpus 0,1; stood still for 3.0 s between its windows")
    loaded = load_run(run)
    assert cell_of(loaded, PIPE).marked_name == "pipe [s]"
    summary = summarise(loaded)
    assert "s stood still between windows" in summary.sections[0].figures[0].caption
    (marks,) = [one for one in summary.trust.listings if "s" in one.table.columns]
    assert "s: the process stood still" in marks.caption
    counted = {row[:2]: row[marks.table.columns.index("s")] for row in marks.table.rows}
    assert counted["latency", "cross_core"] == "1"


def test_an_unpinned_result_is_never_without_its_label() -> None:
    summary = whole()
    for figure in (figure for section in summary.sections for figure in section.figures):
        for panel in figure.drawing.panels if isinstance(figure.drawing, Drawing) else ():
            marked = [p for one in panel.series for p in one.points if "U" in p.flags or "[U" in str(p.at)]
            assert not marked or "unpinned" in panel.title
        placement = figure.table.columns.index("placement")
        marks = figure.table.columns.index("marks") if "marks" in figure.table.columns else None
        for found in figure.table.rows:
            if found[placement] == "unpinned":
                assert "[U" in found[0] if marks is None else found[marks].startswith("u")


def test_unpinned_points_are_marked() -> None:
    summary = whole()
    seen = set()
    for section in summary.sections:
        for panel in (p for f in section.figures if isinstance(f.drawing, Drawing) for p in f.drawing.panels):
            if section.anchor in ("latency", "throughput", "contention") and "unpinned" in panel.title:
                seen.add(section.anchor)
                assert all(any("U" in p.flags or "[U" in str(p.at) for p in one.points) for one in panel.series)
    assert seen == {"latency", "throughput", "contention"}


def test_the_caption_says_what_the_letters_are(run: Path) -> None:
    edit(run, "latency", 1, PIPE, modes=2)
    summary = summarise(load_run(run))
    caption = summary.sections[0].figures[0].caption
    assert "Marks: u unpinned, m several modes; capital" in caption and "disturbed" not in caption


def test_what_weakens_the_run_stands_first(tmp_path: Path) -> None:
    run = Synthetic(**SMALL, labels=("0.90 % steal over the run, limit 0.5 %",), topology_modes_ns=(55.0, 104.0)).write(tmp_path)
    edit(run, "latency", 1, PIPE, comparable=0, label="cpus 0,1; NOT COMPARABLE: stood still for 1.0 s")
    marks = summarise(load_run(run)).marks
    assert marks[0] == "Contaminated: 0.90 % steal over the run, limit 0.5 %"
    assert marks[1].startswith("Of ") and "1 have processes that do not compare (n)" in marks[1]
    assert "2 distances during the run, cache-line round trips of 55.0 ns, 104 ns" in marks[2]


def test_distances_are_counted_by_process(tmp_path: Path) -> None:
    run = Synthetic(**SMALL, topology_modes_ns=(55.0, 104.0)).write(tmp_path)
    edit(run, "latency", 1, PIPE, topology_mode=1)
    edit(run, "latency", 2, PIPE, topology_mode=-1)
    rows = dict(listing_of(summarise(load_run(run)), "distance").table.rows)
    assert rows["cache line there and back in 104 ns"] == "1"
    assert rows["another after the process than before it"] == "1"


def test_the_negative_controls_stand_in_one_table(tmp_path: Path) -> None:
    loop = row("limits/alu/loop/placement:same_core", 950.0, {"quiet_ns": 940.0, "typical_ns": 950.0})
    run = Synthetic(**SMALL, extra_rows={"limits": [loop]}).write(tmp_path)
    edit(run, "limits", 3, "limits/alu/loop", typical_ns=1045.0)
    listing = listing_of(summarise(load_run(run)), "control")
    rows = {found[0]: found for found in listing.table.rows}
    assert set(rows) == {"alu loop", "copy one_process", "cache_line spin"}
    assert rows["alu loop"][3:6] == ("940 (940–940) ns", "950 (950–1045) ns", "10.0 %")


def test_the_anchor_is_drawn_through_the_run(run: Path) -> None:
    figure = figure_of(summarise(load_run(run)), "anchor")
    assert isinstance(figure.drawing, Cloud)
    (panel,) = figure.drawing.panels
    assert {point.value.median for point in panel.floors[0].points} == {270.0}
    places = [float(point.at) for point in panel.series[0].points]
    assert places == sorted(places) and 20 < places[-1] < 21
    assert max(point.value.high for point in panel.series[0].points) == 540.0
    looks = sum(point.value.processes for point in panel.series[0].points)
    assert looks == len(load_run(run).processes) * (REPETITIONS + 1)


def test_path_and_mix_shows_each_repetition_of_blocking_round_trips(run: Path) -> None:
    figure = figure_of(summarise(load_run(run)), "mix-0")
    assert isinstance(figure.drawing, Cloud)
    (panel,) = figure.drawing.panels
    assert panel.title.startswith("same_core")
    pipe = next(one for one in panel.series if one.name == "pipe")
    assert len(pipe.points) == 3 * REPETITIONS
    assert all(0.29 < float(point.at) <= 1 for point in pipe.points)
    placements = {row[1] for row in figure.table.rows}
    assert placements == {"same_core", "cross_core", "unpinned"}


def test_what_spins_has_no_mix(run: Path) -> None:
    for number in (1, 2, 3):
        file = run / f"latency.{number}.reps.json"
        whole = json.loads(file.read_text())
        for case in whole["cases"]:
            for window in case["repetitions"]:
                window["voluntary_switches"] = 0
        put(file, whole)
    assert not [f for f in summarise(load_run(run)).trust.figures if f.anchor.startswith("mix")]


def test_costs_that_only_some_machines_count_get_a_column(run: Path) -> None:
    edit(run, "latency", 1, PIPE, instructions_per_operation=11741.0, user_cycles_per_operation=5.0)
    found = table([cell_of(load_run(run), PIPE)], (BACKEND,), COST)
    assert ("instructions" in found.columns, "cycles, user space only" in found.columns, "cycles" in found.columns) == (
        True, True, False)
    assert "11741" in found.rows[0]


def test_rows_come_in_the_order_of_the_plan(run: Path) -> None:
    file = run / "latency.1.json"
    whole = json.loads(file.read_text())
    before = [row.case.text for row in load_run(run).rows]
    put(file, {**whole, "benchmarks": whole["benchmarks"][::-1]})
    assert [row.case.text for row in load_run(run).rows] == before


@pytest.mark.parametrize("change", [
    {"repetitions": [{"started_at_ns": 1}]},
    {"anchors": [{"min_ns": 1.0, "median_ns": 1.0}]},
    {"anchors": [{"min_ns": 1.0, "median_ns": float("nan")}] * (REPETITIONS + 1)},
    {"case": "BM_x"},
])
def test_repetitions_that_cannot_be_are_left_out_and_named(run: Path, change: dict[str, Any]) -> None:
    count = len(load_run(run).processes)
    edit_record(run, change)
    loaded = load_run(run)
    assert len(loaded.processes) == count - 1
    assert any("latency.1.reps.json: the repetitions of" in mark for mark in loaded.marks)


def test_a_window_in_which_nothing_ended_is_no_repetition(run: Path) -> None:
    record = json.loads((run / "latency.1.reps.json").read_text())["cases"][0]
    record["repetitions"][1]["operations"] = 0
    edit_record(run, record)
    assert min(len(process.repetitions) for process in load_run(run).processes) == REPETITIONS - 1


@pytest.mark.parametrize(("whole", "words"), [
    ({"schema_version": 2}, "schema_version 2"),
    ({"cases": 3}, '"cases"'),
    ({"cases": [{"case": "a/b/c", "repetitions": "none", "anchors": []}]}, '"repetitions"'),
])
def test_records_that_do_not_follow_the_format_are_refused(run: Path, whole: dict[str, Any], words: str) -> None:
    edit_record(run, {}, whole)
    with pytest.raises(BadInput) as caught:
        load_run(run)
    assert "latency.1.reps.json" in str(caught.value) and words in str(caught.value) and "\n" not in str(caught.value)


def test_a_truncated_record_is_refused(run: Path) -> None:
    file = run / "latency.1.reps.json"
    file.write_text(file.read_text()[:500])
    with pytest.raises(BadInput, match="latency.1.reps.json: not whole JSON"):
        load_run(run)


@pytest.mark.parametrize(("value", "fault"), [(-2, "is negative"), ("near", "is not a number")])
def test_a_distance_that_cannot_be_is_a_failed_row(run: Path, value: Any, fault: str) -> None:
    edit(run, "latency", 1, PIPE, topology_mode=value)
    assert any(row.error and "topology_mode" in row.error and fault in row.error for row in load_run(run).rows)


def test_a_run_before_there_were_repetitions_still_loads(tmp_path: Path) -> None:
    loaded = load_run(Synthetic(**SMALL, repetitions=False).write(tmp_path))
    assert loaded.marks == () and loaded.processes == ()
    assert summarise(loaded).trust.figures == ()
    assert summarise(loaded).trust.empty == "" or "no records" in summarise(loaded).trust.empty
