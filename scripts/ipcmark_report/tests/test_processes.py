"""What is said of the processes of a run: heaps, course, variance, power, and the best at each size."""

from dataclasses import replace
from pathlib import Path

import pytest

from ipcmark_report.cells import cells_of
from ipcmark_report.run_page.heaps import heap_figures
from ipcmark_report.judging import Beside, SelfTest, selftest_beside
from ipcmark_report.load import load_run, parse_case
from ipcmark_report.model import Environment, Fact, Process, Repetition, Row, Run
from ipcmark_report.run_page.rankings import ranking
from ipcmark_report.run_page.ridges import ridge_says
from ipcmark_report.run_page.sequence import sequence_figure
from ipcmark_report.run_page.seeing import power_figure
from ipcmark_report.run_page.spending import components_figure
from ipcmark_report.views import Drawing, Ecdf, Stack, Unit

from .records import selftest
from .synthetic import Synthetic

NS = 1e9


NOTHING = Beside(None, "no selftest.json lies beside the run")


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return load_run(Synthetic(rounds=0).write(tmp_path_factory.mktemp("run")))


def row(backend: str, number: int, ns: float, mode: int | None = 0, rest: str = "size:64/placement:cross_core") -> Row:
    case = parse_case(f"latency/pipe/{backend}/{rest}")
    assert case is not None
    return Row(case, "latency", number, quiet_ns=ns, typical_ns=ns, latency_ns_p50=ns, time_ns=ns, topology_mode=mode,
               foreign_share=0.1 * number)


def process(one: Row, start_s: float, *typical: float) -> Process:
    return Process(one.case, one.round, tuple(
        Repetition(start_s * NS + index * 0.05 * NS, value, 0.0, 0.0, 1000) for index, value in enumerate(typical)), ())


def test_a_process_that_stands_apart_and_its_round_are_named(empty: Run) -> None:
    rows = [row(name, number, 9000.0 if number == 2 else 5000.0 + number) for name in ("a", "b", "c") for number in (1, 2, 3, 4)]
    rows += [row("steady", number, 4000.0) for number in (1, 2, 3, 4)]
    run = replace(empty, rows=tuple(rows))
    (figure,) = heap_figures(run, cells_of(rows), "a machine")
    assert figure.says.startswith("In 3 of 4 cases the slowest process takes more than 1.5 times as long as the quickest; farthest ")
    assert figure.says.endswith("Of 3 processes beyond 1.5 times their case's median 3 are of round 2.")
    assert len(figure.table.rows) == 4 and isinstance(figure.drawing, Ecdf)


def test_distances_of_the_cpus_are_colours(empty: Run) -> None:
    rows = [row("a", 1, 55.0, 0), row("a", 2, 427.0, 1), row("a", 3, 60.0, -1), row("a", 4, 60.0, None)]
    run = replace(empty, rows=tuple(rows), info=replace(empty.info, topology_modes_ns=(55.0, 427.0)))
    (figure,) = heap_figures(run, cells_of(rows), "a machine")
    assert isinstance(figure.drawing, Ecdf)
    assert [strand.kind for strand in figure.drawing.bundles[0].strands] == [
        "CPUs 55.0 ns apart", "CPUs 427 ns apart", "distance changed", "no distance probed"]
    assert len({strand.style for strand in figure.drawing.bundles[0].strands}) == 4


def test_two_processes_are_not_set_side_by_side(empty: Run) -> None:
    rows = [row("a", 1, 55.0), row("a", 2, 56.0)]
    assert heap_figures(replace(empty, rows=tuple(rows)), cells_of(rows), "m") == []


def drifting(empty: Run, factor: float) -> Run:
    """Forty rounds, a second each, the last of them slower by the factor."""
    rows = [row("a", number, 5000.0) for number in range(1, 41)]
    processes = tuple(process(one, one.round, *[5000.0 * factor ** (one.round / 40) * (1 + 0.001 * (one.round % 3))] * 2)
                      for one in rows)
    facts = (Fact("clock", "realtime_s", "1795994568.5", False), Fact("clock", "monotonic_s", "0.5", False))
    return replace(empty, rows=tuple(rows), processes=processes, environment=Environment(facts, None))


def test_a_drift_is_found_at_its_size(empty: Run) -> None:
    figure = sequence_figure(drifting(empty, 1.2), "m")
    assert figure is not None
    assert figure.says.startswith("From its start to its end, typical times drifted by +19") and "interval +1" in figure.says


def test_no_drift_is_not_called_one(empty: Run) -> None:
    figure = sequence_figure(drifting(empty, 1.0), "m")
    assert figure is not None and "did not drift beyond chance" in figure.says


def test_the_course_is_drawn_by_the_time_of_day_where_it_is_known(empty: Run) -> None:
    run = drifting(empty, 1.0)
    figure = sequence_figure(run, "m")
    assert figure is not None and isinstance(figure.drawing, Stack) and figure.drawing.x.unit is Unit.CLOCK
    first = figure.drawing.layers[0].panel.series[0].points[0]
    assert float(first.at) == pytest.approx(1795994569.5, abs=1)
    figure = sequence_figure(replace(run, environment=Environment((), None)), "m")
    assert figure is not None and isinstance(figure.drawing, Stack) and figure.drawing.x.unit is Unit.SECONDS
    assert "Load, pressure and steal were not recorded." in figure.caption


def test_the_variance_is_spent_where_it_arises(empty: Run) -> None:
    rows = [row("a", number, 5000.0) for number in range(1, 9)]
    run = replace(empty, rows=tuple(rows), processes=tuple(
        process(one, one.round, *[5000.0 * (1 + 0.05 * (one.round % 4))] * 4) for one in rows))
    figure = components_figure(run, "m")
    assert figure is not None
    assert figure.says.startswith("In 1 of 1 families most of the variance lies between processes: more processes would help most")
    assert figure.says.endswith("this run took 4.")


def test_the_power_of_too_few_processes_is_said_to_be_none(empty: Run) -> None:
    rows = [row("a", number, 5000.0 + 50 * number) for number in range(1, 6)]
    few = power_figure(replace(empty, info=replace(empty.info, rounds=5)), cells_of(rows), "m", NOTHING)
    assert few is not None and few.says.startswith("With 5 processes a case no comparison with this run can call anything a change")
    enough = power_figure(replace(empty, info=replace(empty.info, rounds=6)), cells_of(rows), "m", NOTHING)
    assert enough is not None and enough.says.startswith("With 6 pairs a change of ")
    assert "`ipcmark selftest`" in enough.notes[0] and enough.caption.startswith("Per cent of time an operation, for runs that take turns. Reckoned")
    assert isinstance(enough.drawing, Drawing) and [rule.at for rule in enough.drawing.panels[0].rules] == [6.0]


def test_what_the_selftest_measured_stands_before_what_is_reckoned(empty: Run) -> None:
    rows = [row("a", number, 5000.0 + 50 * number) for number in range(1, 7)]
    measured = SelfTest(Path("s"), "2024-04-01", "m", {}, {}, 20, {"latency/pipe/cross_core": 4.0})
    figure = power_figure(replace(empty, rows=tuple(rows), info=replace(empty.info, rounds=20)), cells_of(rows), "m", Beside(measured))
    assert figure is not None and isinstance(figure.drawing, Drawing)
    assert figure.says.startswith("With 20 pairs a change of 4 % in latency would have been found; with 80, of 1.9 %.")
    assert "Measured by the self-test of 2024-04-01 with 20 pairs" in figure.caption and "eckoned" not in figure.caption
    assert figure.table.columns[-1] == "self-test, 20 pairs" and figure.table.rows[0][-1] == "4 %"


def test_where_the_selftest_found_nothing_the_spread_speaks_and_says_so(empty: Run) -> None:
    rows = [row("a", number, 5000.0 + 50 * number) for number in range(1, 7)]
    rows += [row("b", number, 300.0 + number, rest="placement:same_core") for number in range(1, 7)]
    nothing = SelfTest(Path("s"), "2024-04-01", "m", {}, {}, 20, {"latency/pipe/cross_core": None, "latency/pipe/same_core": None})
    run = replace(empty, rows=tuple(rows), info=replace(empty.info, rounds=20))
    figure = power_figure(run, cells_of(rows), "m", Beside(nothing))
    assert figure is not None and "Reckoned from the spread" in figure.caption and figure.table.rows[0][-1] == "–"


def test_the_selftest_beside_a_run_counts_if_it_is_whole_and_of_the_same_machine(empty: Run, tmp_path: Path) -> None:
    facts = (Fact("identity", "key", "x86_64 | Example", False),)
    run = replace(empty, path=tmp_path / "run", environment=Environment(facts, None))
    assert selftest_beside(run) == Beside(None, "no selftest.json lies beside the run")
    selftest(tmp_path / "selftest.json", "x86_64 | Example")
    beside = selftest_beside(run)
    assert beside.selftest is not None and (beside.selftest.pairs, beside.selftest.detectable["latency/pipe/same_core"]) == (20, 2.5)
    selftest(tmp_path / "selftest.json", "another")
    assert selftest_beside(run) == Beside(None, "the selftest.json beside the run is of another machine")
    (tmp_path / "selftest.json").write_text("{")
    assert selftest_beside(run).why_not.startswith("that beside the run cannot be used: ")


def test_the_selftest_lies_beside_the_folder_of_two_runs_that_took_turns(empty: Run, tmp_path: Path) -> None:
    facts = (Fact("identity", "key", "m", False),)
    run = replace(empty, path=tmp_path / "both" / "base", environment=Environment(facts, None))
    (tmp_path / "both").mkdir()
    selftest(tmp_path / "selftest.json", "m")
    assert selftest_beside(run).selftest is None
    assert selftest_beside(replace(run, info=replace(run.info, pair="../versus"))).selftest is not None


def test_cases_that_differ_in_a_parameter_have_names_of_their_own(empty: Run) -> None:
    rows = [row("a", number, 5000.0 * number, rest=f"size:{size}/placement:cross_core") for size in (64, 4096) for number in (1, 2, 3)]
    rows += [row("b", number, 50.0 * number) for number in (1, 2, 3)]
    (figure,) = heap_figures(replace(empty, rows=tuple(rows)), cells_of(rows), "m")
    assert isinstance(figure.drawing, Ecdf)
    assert sorted(bundle.title for bundle in figure.drawing.bundles) == [
        "pipe a, size:4096, cross_core", "pipe a, size:64, cross_core", "pipe b, cross_core"]


def test_the_best_at_each_size_and_what_the_peak_fits_into() -> None:
    def rate(backend: str, size: int, value: float) -> Row:
        return replace(row(backend, 1, 1.0, rest=f"size:{size}/placement:cross_core"), bytes_per_second=value)

    cells = cells_of([rate("ring", 64, 5e8), rate("ring", 4096, 8e9), rate("ring", 65536, 2e9),
                      rate("pipe", 64, 1e8), rate("pipe", 4096, 4e9), rate("pipe", 65536, 3e9)])
    text = ridge_says(cells, lambda one: one.bytes_per_second, ((1, 49152), (2, 1 << 20)))
    assert text == ("At cross_core, the best is ring from 64 B to 4 KiB, then pipe from 64 KiB; most bytes pass at 4 KiB, 8.00 GB/s, "
                    "the last that fits into L1.")


def test_a_ranking_says_first_and_last_at_each_placement() -> None:
    cells = cells_of([row("a", 1, 5000.0), row("b", 1, 10000.0), row("a", 1, 7.0, rest="size:64/placement:unpinned")])
    assert ranking(cells, lambda one: one.latency_ns_p50, str) == (
        "At cross_core, a is best with 5000.0; b, the last of 2, has 10000.0 (2.00 times). Unpinned, a is best with 7.0.")


def test_a_run_without_records_says_what_it_cannot_draw(tmp_path: Path) -> None:
    from ipcmark_report.run_page.summary import summarise

    section = summarise(load_run(Synthetic(rounds=1, repetitions=False, measures=("latency",)).write(tmp_path / "run"))).processes
    assert section.figures == () and len(section.missing) == 4
    assert section.missing[0] == "No course of the run: it holds no records of repetitions."
