"""The words and tables of a comparison: what is named, what is not, and how it is marked."""

import shlex
from dataclasses import replace

import pytest
from ipcmark_report.compare.model import Change, Design, Difference, Interval, Unmatched, Verdict
from ipcmark_report.compare.page import percent
from ipcmark_report.compare.page.assemble import page_of
from ipcmark_report.compare.page.command import recipe
from ipcmark_report.compare.page.figures.ladder import stands_out
from ipcmark_report.compare.page.figures.processes import beyond, halves
from ipcmark_report.compare.page.headline import headline
from ipcmark_report.compare.page.marks import Mark, by_weight, mark
from ipcmark_report.compare.page.tables import cell_table, common_reasons
from ipcmark_report.recipes import command

from .comparisons import CASES, SIMPSON, Made, many_cases

PIPE = "latency/pipe/pipe/size:64/placement:same_core"
NB = "\u00a0"


@pytest.mark.parametrize("ratio, text", [
    (1.101, "+10.1 %"), (0.909, "−9.1 %"), (1.0, "0.0 %"), (0.9999, "0.0 %"), (2.0, "+100 %"), (250.0, "×250"), (None, "–")])
def test_a_change_is_written_in_percent(ratio: float | None, text: str) -> None:
    assert percent.change(ratio) == text.replace(" ", NB)


def test_an_interval_names_its_unit_once() -> None:
    assert percent.interval(Interval(1.09, 1.112)) == f"+9.0 to +11.2{NB}%"
    assert percent.interval(Interval(0.5, 1000.0)) == f"−50.0{NB}% to ×1000"


def test_a_backend_that_became_slower_is_named_and_nothing_else() -> None:
    words = headline(Made(factors={"pipe": 1.10}).comparison())
    assert words.says == "Of 8 cases 3 became slower."
    (title, lines), = words.changed
    assert title == "Slower" and len(lines) == 2
    assert all(", pipe: +1" in line and f"{NB}% (+" in line for line in lines)
    assert words.seen == () and words.alarms == () and words.confounders == ()


def test_what_became_slower_stands_before_what_became_faster() -> None:
    words = headline(Made(factors={"pipe": 0.9, "posix": 1.2}).comparison())
    assert [title for title, _ in words.changed] == ["Slower", "Faster"]
    assert "posix: +" in words.changed[0][1][0]


def test_many_changes_of_few_backends_are_told_by_backend() -> None:
    words = headline(Made(cases=many_cases(300), factors={"backend7": 1.2}, pairs=6).comparison())
    (_, lines), = words.changed
    assert len(lines) <= 12 and all("backend7: 4 cases in 4 families, the farthest +" in line for line in lines)


def test_where_nothing_changed_the_page_says_what_could_have_been_seen() -> None:
    words = headline(Made(noise=0.003).comparison())
    assert words.says.startswith("Nothing changed that this comparison could see, in 8 cases; 8 of them")
    assert len(words.seen) == 5
    assert words.seen[0].startswith(f"latency/pipe/same_core: in a case by itself 8 of 10 comparisons like this one find 3{NB}%; the intervals reach")


def test_what_too_many_tests_keep_from_a_star_is_not_called_nothing() -> None:
    made = Made(factors={"pipe": 1.2}).comparison()
    cells = tuple(replace(cell, changes=tuple(replace(change, verdict=Verdict.INCONCLUSIVE) for change in cell.changes))
                  for cell in made.cells)
    assert headline(replace(made, cells=cells)).says.startswith(
        "No star in 8 cases, but 3 have intervals wholly beyond the threshold")


def test_a_change_below_the_threshold_is_never_said_to_be_seen() -> None:
    words = headline(Made(noise=0.003, detectable=0.001).comparison())
    assert f"find 2{NB}%;" in words.seen[0]


def test_without_a_verdict_the_reason_stands_at_the_top() -> None:
    words = headline(Made(pairs=1, factors={"pipe": 1.5}).comparison())
    assert words.says == "No verdict on 8 cases: fewer than 6 pairs." and words.changed == () and words.seen == ()


def test_alarms_of_both_sides_stand_once() -> None:
    alarms = ("NEGATIVE CONTROL MOVED: alu", "base: Contaminated: load", "new: Contaminated: load", "new: partial")
    assert headline(Made(alarms=alarms).comparison()).alarms == (
        "NEGATIVE CONTROL MOVED: alu", "both sides: Contaminated: load", "new: partial")


def test_only_confounders_are_named_as_confounders() -> None:
    differences = (Difference("kernel", "cmdline", "a", "b", False, False, True),
                   Difference("kernel", "release", "6.1", "6.12", True, False, False),
                   Difference("boot", "uptime_s", "1", "2", False, True, False))
    comparison = Made(differences=differences).comparison()
    assert headline(comparison).confounders == ("kernel.cmdline: a → b",)
    part, = page_of([comparison]).parts
    assert [[one.key for one in group] for group in (part.confounding, part.declared, part.others)] == [
        ["cmdline"], ["release"], ["uptime_s"]]


def test_one_process_a_side_is_never_starred() -> None:
    comparison = Made(pairs=1, factors={"pipe": 2.0}).comparison()
    assert {mark(cell) for cell in comparison.cells} == {Mark.INCONCLUSIVE}
    table = cell_table(comparison, 100)
    assert not any(cell.startswith("*") for row in table.rows for cell in row)
    assert all("no verdict" == row[1] for row in table.rows)


def test_starred_cells_come_first_and_slower_before_faster() -> None:
    cells = by_weight(Made(factors={"pipe": 0.5, "posix": 1.1}).comparison().cells)
    assert [cell.judged.verdict for cell in cells[:4]] == [Verdict.REGRESSION, *[Verdict.IMPROVEMENT] * 3]


def test_every_row_of_a_small_table_has_its_command() -> None:
    comparison = Made().comparison()
    table = cell_table(comparison, 100)
    assert sorted(table.cases) == sorted(CASES)
    line = command(recipe(comparison), PIPE)
    words = shlex.split(line)
    assert words[:2] == ["ipcmark", "run"]
    assert line.endswith(f"--versus /opt/new --filter '^{PIPE}$'")


def test_runs_that_did_not_take_turns_are_measured_one_by_one() -> None:
    assert "--versus" not in command(recipe(Made(design=Design.UNPAIRED).comparison()), PIPE)


def test_a_large_table_keeps_the_commands_of_what_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ipcmark_report.compare.page.tables.MOST_IN_FULL", 100)
    comparison = Made(cases=many_cases(320), factors={"backend7": 1.2}, pairs=6, noise=0.001).comparison()
    table = cell_table(comparison, 310)
    assert len(table.rows) == 310
    assert {case.split("/")[2] for case in table.cases if case} == {"backend7"}


def test_what_holds_for_every_case_is_not_repeated() -> None:
    comparison = Made(confounders={name: ("not interleaved", *(["mix"] if name == PIPE else [])) for name in CASES}).comparison()
    assert common_reasons(comparison.cells) == ("not interleaved",)
    reasons = {row[0]: row[-1] for row in cell_table(comparison, 100).rows}
    assert reasons[PIPE] == "mix" and set(reasons.values()) == {"mix", "–"}
    part, = page_of([comparison]).parts
    assert "Of every case: not interleaved." in part.cells_note


def test_cases_that_were_not_compared_are_named_with_the_reason() -> None:
    comparison = Made(unmatched=(Unmatched("latency/pipe/late/placement:same_core", "not in new"),)).comparison()
    part, = page_of([comparison]).parts
    assert part.unmatched.rows == (("latency/pipe/late/placement:same_core", "not in new"),)
    assert any("1 case was not compared" in line for line in part.headline.about)


def test_simpsons_paradox_is_called_by_its_name() -> None:
    figure = next(one for one in page_of([Made(mixes={PIPE: SIMPSON}).comparison()]).figures if one.anchor.endswith("paths"))
    assert "Simpson's paradox" in figure.says
    assert [row[1] for row in figure.table.rows] == ["the whole", "at 0.02 involuntary switches", "at 0.9 involuntary switches"]


def test_without_another_mix_the_page_says_so_instead_of_a_chart() -> None:
    part, = page_of([Made().comparison()]).parts
    assert "Path and mix: in no cell did the mix of paths move." in part.without


def test_halves_of_a_run_tell_drift_from_change() -> None:
    base = tuple((n, 100.0) for n in range(1, 9))
    drifts = Change("quiet", 8, 0, 1.05, None, None, None, 0.02, Verdict.INCONCLUSIVE, base=base,
                    new=tuple((n, 100.0 if n < 5 else 120.0) for n in range(1, 9)))
    assert halves(drifts) == (pytest.approx(1.0), pytest.approx(1.2))
    assert beyond(drifts) == 0.5


def test_halves_of_too_few_processes_are_none() -> None:
    assert halves(Change("quiet", 1, 0, 1.0, None, None, None, 0.02, Verdict.NONE, base=((1, 5.0),), new=((1, 6.0),))) is None


def test_the_parts_of_the_variance_say_what_would_help() -> None:
    figure = next(one for one in page_of([Made().comparison()]).figures if one.anchor.endswith("components"))
    assert figure.says == "Of 10 rows more processes would help most in 10."
    assert all(sum(float(cell.removesuffix(" %")) for cell in row[2:5]) == pytest.approx(100, abs=2) for row in figure.table.rows)


def test_a_step_stands_out_where_intervals_do_not_touch() -> None:
    assert stands_out((0.99, 1.01), (1.04, 1.08), 1.06)
    assert not stands_out((0.99, 1.05), (1.04, 1.08), 1.06)
    assert not stands_out((0.9999, 1.0001), (1.009, 1.011), 1.01)
    assert not stands_out((0.99, 1.01), None, 1.5)


def test_the_ladder_names_the_step() -> None:
    runs = [Made(base_name="v0", new_name=f"v{n}", factors={"posix": factor}).comparison()
            for n, factor in ((1, 1.0), (2, 1.0), (3, 1.3))]
    ladder = page_of(runs).ladder
    assert ladder is not None and "latency/semaphore/same_core at v3 (+" in ladder.says
    assert page_of(runs[:1]).ladder is None
