"""From rows to what the page says."""

import tempfile
from functools import cache
from pathlib import Path

from ipcmark_report.cells import Cell, cells_of, reference_size
from ipcmark_report.run_page.headline import headline
from ipcmark_report.run_page.lifecycle import lifecycle_figure
from ipcmark_report.run_page.limits import limits_section
from ipcmark_report.load import load_run, parse_case
from ipcmark_report.model import Environment, Fact, Row
from ipcmark_report.run_page.panels import leading
from ipcmark_report.run_page.summary import environment_rows, failed_cases, summarise
from ipcmark_report.views import Drawing, Figure, HeadRow, HeatMaps, Kind, Panel, Summary

from .synthetic import PROCESS, Synthetic, failed_row


NOWHERE = Environment((), None)


def latency(backend: str, p50: float, number: int = 1, rest: str = "size:64/placement:same_core") -> Row:
    case = parse_case(f"latency/pipe/{backend}/{rest}")
    assert case is not None
    return Row(case, "latency", number, "cpus 0", latency_ns_p50=p50)


def head(rows: list[Row], topic: str) -> list[HeadRow]:
    return [row for row in headline(cells_of(rows)).rows if row.topic == topic]


def summary_of(tmp_path: Path, synthetic: Synthetic) -> Summary:
    return summarise(load_run(synthetic.write(tmp_path / "run")))


@cache
def summary_of_all(rounds: int) -> Summary:
    """Of everything, made once for all tests of one process."""
    with tempfile.TemporaryDirectory() as folder:
        return summary_of(Path(folder), Synthetic(rounds=rounds))


def test_the_headline_names_the_best_backend_and_the_range() -> None:
    rows = [latency("slow", 9000.0), latency("fast", 5000.0), latency("fast", 5400.0, 2), latency("fast", 5100.0, 3)]
    (row,) = head(rows, "pipe")
    (cell,) = row.cells
    assert cell is not None
    assert (cell.backend, cell.best, cell.processes) == ("fast", "5.10 (5.00–5.40) µs", 3)
    assert cell.others == "best of 2; last slow: 9.00 µs"
    assert row.quantity == "round-trip latency, p50, 64 B messages"


def test_placements_are_never_mixed() -> None:
    rows = [latency("pipe", 5000.0), latency("pipe", 50000.0, rest="size:64/placement:cross_core"),
            latency("pipe", 7000.0, rest="size:64/placement:unpinned")]
    assert headline(cells_of(rows)).placements == ("cross_core", "same_core", "unpinned")
    (row,) = head(rows, "pipe")
    assert [cell.best for cell in row.cells if cell] == ["50.0 µs", "5.00 µs", "7.00 µs"]


def test_sizes_are_never_mixed() -> None:
    rows = [latency("a", 5000.0), latency("a", 1000.0, rest="size:1/placement:same_core"),
            latency("a", 9000.0, rest="size:4096/placement:same_core")]
    assert [row.quantity.split(", ")[-1] for row in head(rows, "pipe")] == ["64 B messages", "4 KiB messages"]


def test_without_64_bytes_the_smallest_size_is_the_reference() -> None:
    assert reference_size(cells_of([latency("a", 1.0, rest="size:9/placement:x"),
                                    latency("a", 1.0, rest="size:8/placement:x")])) == 8


def test_a_baseline_is_never_the_best_backend(tmp_path: Path) -> None:
    table = summary_of(tmp_path, Synthetic(rounds=1, memories=(0,), binaries=("fork_cost",))).headline
    cells = [cell for row in table.rows if row.topic == "child, by any backend" for cell in row.cells if cell]
    assert cells and all(cell.backend != "thread" and "baseline thread" in cell.others for cell in cells)


def test_topics_that_were_not_measured_say_so() -> None:
    assert [row.quantity for row in head([latency("a", 1.0)], "notify")] == ["not measured in this run"]


def test_unknown_parameters_keep_cases_apart() -> None:
    names = [cell.name for cell in cells_of([latency("a", 1.0, rest="size:64/huge_pages:on/placement:x"),
                                             latency("a", 1.0, rest="size:64/huge_pages:off/placement:x")])]
    assert names == ["a, huge_pages:on", "a, huge_pages:off"]


def test_failed_rows_are_in_no_cell() -> None:
    case = parse_case("latency/pipe/a/placement:x")
    assert case is not None
    assert cells_of([Row(case, "latency", 1, error="died")]) == ()


def test_round_trips_are_not_halved() -> None:
    cell = cells_of([latency("a", 5000.0)])[0]
    assert isinstance(cell, Cell) and cell.median(lambda row: row.latency_ns_p50) == 5000.0


def test_failures_are_grouped_with_their_rounds(tmp_path: Path) -> None:
    extra = {"latency": [failed_row("latency/pipe/broken/placement:unpinned", "peer 2 died")]}
    run = load_run(Synthetic(binaries=("latency",), measures=(), extra_rows=extra).write(tmp_path))
    (failure,) = failed_cases(run)
    assert (failure.case, failure.message, failure.rounds) == (
        "latency/pipe/broken/placement:unpinned", "peer 2 died", "1, 2, 3")
    assert "1 case failed" in " ".join(summarise(run).marks)


def test_changes_of_the_environment() -> None:
    start = (Fact("load", "a", "1", False), Fact("load", "b", "2", False), Fact("load", "gone", "3", False))
    end = (Fact("load", "a", "1", False), Fact("load", "b", "no access", True), Fact("load", "new", "4", False))
    rows = {row.key: row for row in environment_rows(Environment(start, end))}
    assert rows["a"].end is None
    assert (rows["b"].end, rows["b"].end_unknown) == ("no access", True)
    assert (rows["gone"].end, rows["gone"].end_unknown) == ("not recorded", True)
    assert (rows["new"].start_unknown, rows["new"].end) == (True, "4")


def test_where_the_run_tells_what_changed_the_rest_does_not_count() -> None:
    start = (Fact("load", "average", "1", False), Fact("memory", "thp", "always", False))
    end = (Fact("load", "average", "2", False), Fact("memory", "thp", "never", False), Fact("load", "new", "3", False))
    rows = {row.key: row for row in environment_rows(Environment(start, end, frozenset({("memory", "thp")})))}
    assert rows["average"].end is None
    assert rows["thp"].end == "never"
    assert "new" not in rows


def test_an_unrecorded_end_is_no_change() -> None:
    (row,) = environment_rows(Environment((Fact("load", "a", "1", False),), None))
    assert row.end is None


def test_one_size_gives_rows_and_points_to_the_preset(tmp_path: Path) -> None:
    throughput = summary_of(tmp_path, Synthetic(rounds=1, binaries=("throughput",))).sections[2]
    assert {figure.drawing.kind for figure in throughput.figures} == {Kind.DOTS}
    assert any("`default` preset" in note for figure in throughput.figures for note in figure.notes)


def test_several_sizes_give_curves(tmp_path: Path) -> None:
    throughput = summary_of(tmp_path, Synthetic(rounds=1, binaries=("throughput",), sizes=(64, 4096))).sections[2]
    kinds = {figure.title.split(": ")[1]: figure.drawing.kind for figure in throughput.figures}
    assert kinds == {"pipe": Kind.CURVES, "queue": Kind.CURVES, "pool": Kind.DOTS}


def test_every_panel_names_its_placement() -> None:
    for section in summary_of_all(rounds=1).sections:
        for figure in section.figures:
            for panel in figure.drawing.panels if isinstance(figure.drawing, Drawing) else ():
                assert any(p in panel.title for p in ("cross_core", "same_core", "unpinned"))
            assert "placement" in figure.table.columns


def test_every_caption_has_unit_counts_and_machine() -> None:
    for section in summary_of_all(rounds=2).sections:
        assert section.figures
        for figure in section.figures:
            assert figure.question.endswith("?")
            assert "2 fresh processes (rounds)" in figure.caption
            assert "each. testbox, Example CPU 9000, 2 CPUs, Linux 6.12.0-example." in figure.caption
            assert figure.caption.split()[0] in ("Nanoseconds", "Bytes", "Messages", "Tasks", "Operations",
                                                   "Times:")


def figure_of(summary: Summary, anchor: str) -> Figure:
    return next(f for section in summary.sections for f in section.figures if f.anchor == anchor)


def floors_of(figure: Figure, placement: str) -> dict[str, list[tuple[object, float]]]:
    """Name -> place and value of each floor in the panel of a placement."""
    assert isinstance(figure.drawing, Drawing)
    panel = next(p for p in figure.drawing.panels if p.title.startswith(placement))
    return {one.name: [(p.at, round(p.value.median)) for p in one.points] for one in panel.floors}


def test_rows_have_the_floor_of_their_placement(tmp_path: Path) -> None:
    run = load_run(Synthetic(rounds=1).write(tmp_path))
    times = {row.case.text: round(row.latency_ns_p50 or 0) for row in run.rows}
    figure = figure_of(summarise(run), "latency-0")
    for placement in ("cross_core", "same_core"):
        (marks,) = floors_of(figure, placement).values()
        assert {value for _, value in marks} == {times[f"limits/wake_up/futex/placement:{placement}"]}
        assert {at for at, _ in marks} == {"pipe", "socketpair_stream", "unix_stream", "spsc_ring"}
    shared = figure_of(summarise(run), "latency-2")
    assert floors_of(shared, "unpinned") == {}
    (marks,) = floors_of(shared, "same_core").values()
    assert marks[0][1] == times["limits/context_switch/sched_yield/placement:same_core"]


def test_curves_have_a_floor_at_each_place(tmp_path: Path) -> None:
    summary = summary_of(tmp_path, Synthetic(rounds=1, sizes=(64, 4096), binaries=("limits", "fork_cost", "throughput")))
    (line,) = floors_of(figure_of(summary, "throughput-0"), "cross_core").items()
    assert line[0] == "floor: copy two_processes" and [at for at, _ in line[1]] == [64, 4096]
    names = set(floors_of(figure_of(summary, "fork-0"), "same_core"))
    assert names == {"floor: child fork", "floor: child vfork", "floor: child thread"}


def test_tables_say_how_many_times_the_floor() -> None:
    table = figure_of(summary_of_all(rounds=1), "latency-0").table
    ratio, floor = table.columns.index("times the floor"), table.columns.index("floor")
    row = next(r for r in table.rows if r[:2] == ("pipe", "same_core"))
    assert (row[ratio], row[floor]) == ("1.07", "limits/wake_up/futex/placement:same_core")


def test_limits_never_count_as_a_backend() -> None:
    summary = summary_of_all(rounds=1)
    assert "pair" not in summary.headline.placements
    assert not any("limits" in mark for mark in summary.marks)


def test_maps_hold_every_pair_both_ways_round(tmp_path: Path) -> None:
    summary = summary_of(tmp_path, Synthetic(rounds=1, binaries=("limits",), cpus=4))
    figure = figure_of(summary, "limits-pairs")
    assert isinstance(figure.drawing, HeatMaps)
    sleeping, spinning = figure.drawing.maps
    assert (sleeping.title, spinning.title) == ("peers that sleep", "peers that spin")
    values = spinning.values
    assert spinning.cpus == (0, 1, 2, 3)
    assert all((values[a][b] is None) == (a == b) and values[a][b] == values[b][a] for a in range(4) for b in range(4))
    assert figure.says.startswith("Peers that sleep: All 6 pairs are alike: from ")
    assert "Peers that spin: Of 6 pairs the nearest, CPUs " in figure.says and "the farthest, 0 and 3," in figure.says


def test_the_limits_say_what_a_turn_costs_here() -> None:
    (listing,) = summary_of_all(rounds=1).sections[-1].listings
    assert listing.says.startswith("In this run waking a peer on another core, and being woken by it, takes ")
    assert " times as long as on one core, " in listing.says and "; a system call takes " in listing.says
    assert ("copy", "one_process", "16 KiB", "same_core") in [row[:4] for row in listing.table.rows]
    assert "L1" in listing.table.rows[2] and "pair" not in {row[3] for row in listing.table.rows}


def test_a_pair_that_names_no_two_cpus_is_not_mapped() -> None:
    def limit(cpus: str) -> Row:
        case = parse_case(f"limits/wake_up/futex/cpus:{cpus}/placement:pair")
        assert case is not None
        return Row(case, "limits", 1, latency_ns_p50=5.0, time_ns=5.0, operations=1.0)

    assert limits_section(cells_of([limit(c) for c in ("1", "1-", "1-1", "a-b", "-1-2")]), NOWHERE, "m").figures == ()
    assert len(limits_section(cells_of([limit("3-1")]), NOWHERE, "m").figures) == 1


def panel_of(figure: Figure, start: str) -> Panel:
    assert isinstance(figure.drawing, Drawing)
    return next(panel for panel in figure.drawing.panels if panel.title.startswith(start))


def test_huge_pages_are_a_curve_of_their_own() -> None:
    summary = summary_of_all(rounds=1)
    (base, huge) = (
        {one.name: [p.at for p in one.points] for one in panel_of(figure_of(summary, anchor), "same_core").series}
        for anchor in ("fork-0", "fork-huge-0")
    )
    assert set(base) == set(PROCESS) and base["fork"] == [0, 64, 1024]
    assert huge == {"fork": [0, 64, 1024], "fork, huge pages": [64, 1024]}
    assert set(floors_of(figure_of(summary, "fork-huge-0"), "same_core")) == {
        "floor: child fork", "floor: child fork, huge pages"}


def test_the_headline_takes_starts_in_base_pages_and_nothing_else() -> None:
    table = summary_of_all(rounds=1).headline
    rows = [row for row in table.rows if row.topic == "fork"]
    assert [row.quantity.split(", ")[-1] for row in rows] == ["parent touched 0 MiB", "parent touched 1 GiB"]
    assert all(cell.others == "the only backend" for row in rows for cell in row.cells if cell)


def test_each_axis_of_a_start_has_its_figure() -> None:
    summary = summary_of_all(rounds=1)
    series = {anchor: {one.name: [p.at for p in one.points] for one in panel_of(figure_of(summary, anchor), "same_core").series}
              for anchor in ("fork-mappings", "fork-touched_pages", "fork-zombies")}
    assert series["fork-mappings"] == {"fork": [1, 100, 10000], "posix_spawn": [1, 100, 10000]}
    assert series["fork-touched_pages"] == {"fork": [1, 64], "fork, huge pages": [1, 64]}
    assert series["fork-zombies"] == {"fork, reap:wait": [1, 100, 10000], "fork, reap:waitpid": [1, 100, 10000]}
    assert floors_of(figure_of(summary, "fork-mappings"), "same_core") == {}
    assert set(floors_of(figure_of(summary, "fork-zombies"), "same_core")) == {"floor: child fork"}
    table = figure_of(summary, "fork-touched_pages").table
    assert table.rows[0][:3] == ("fork", "same_core", "0") and "a page, p50" in table.columns


def test_parts_stand_end_to_end_and_the_return_beside_them() -> None:
    figure = figure_of(summary_of_all(rounds=1), "fork-parts")
    assert isinstance(figure.drawing, Drawing) and figure.drawing.kind is Kind.BARS
    assert [panel.title.split(" touched")[0] for panel in figure.drawing.panels] == ["0 MiB", "64 MiB", "1 GiB"]
    panel = figure.drawing.panels[0]
    ends = [sum(one.points[row].value.median for one in panel.series) for row in range(3)]
    whole = figure.table.columns.index("whole, p50")
    assert len(panel.series) == 3 and all(end > panel.marks[0].points[0].value.median for end in ends)
    assert all(row[whole] != "–" for row in figure.table.rows)
    assert {p.at for p in figure.drawing.panels[1].series[0].points} == {"fork", "fork, huge pages"}


def test_phases_of_a_life_are_marks_of_one_row() -> None:
    panel = panel_of(figure_of(summary_of_all(rounds=1), "lifecycle"), "pipe, same_core")
    assert [one.name for one in panel.series] == [
        "create and destroy", "create", "first use by a second process", "destroy"]
    assert all([p.at for p in one.points] == ["pipe", "socketpair_stream", "unix_stream", "spsc_ring"]
               for one in panel.series)


def test_a_life_without_phases_is_the_whole() -> None:
    case = parse_case("lifecycle/pipe/pipe/placement:same_core")
    assert case is not None
    row = Row(case, "fork_cost", 1, "cpus 0", latency_ns_p50=5.0, samples=1.0)
    figure = lifecycle_figure(cells_of([row]), "m")
    assert figure is not None and [one.name for one in panel_of(figure, "pipe").series] == ["create and destroy"]
    assert figure.notes == ()


def test_curves_are_limited_to_the_leading_backends() -> None:
    rows = [latency(f"b{index:02}", 1000.0 * (index + 1)) for index in range(13)]
    rows += [latency(f"b{index:02}", 1e6, rest="size:4096/placement:same_core") for index in range(11)]
    kept, notes = leading(cells_of(rows), lambda row: row.latency_ns_p50)
    assert sorted({cell.name for cell in kept}) == [f"b{index:02}" for index in range(10)]
    assert notes == ("Drawn are the 10 of 13 backends that stay closest to the best one; the table has them all.",)
    assert leading(cells_of(rows[:5]), lambda row: row.latency_ns_p50)[1] == ()
