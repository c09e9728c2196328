"""Paths and their mix: what each costs, how often it was taken, and where the whole hides it."""

import json
from pathlib import Path
from typing import Any

import pytest

from ipcmark_report.compare import Comparison, compare_runs
from ipcmark_report.compare.markdown import markdown_of
from ipcmark_report.compare.model import Mix, Verdict
from ipcmark_report.compare.page.assemble import page_of
from ipcmark_report.compare.page.marks import Mark
from ipcmark_report.compare.record import json_of
from ipcmark_report.compare.terminal import Style, text_of
from ipcmark_report.load import load_run
from ipcmark_report.tests.pairs import PREEMPTED, SHORTER, Pair

CASE = "latency/pipe/pipe/size:64/placement:same_core"
ONE = {CASE: 5000.0}


def compared(folder: Path, **pair: Any) -> Comparison:
    base, new = Pair(cases=ONE, **pair).write(folder)
    return compare_runs(load_run(base), load_run(new))


def mix(comparison: Comparison) -> Mix:
    (cell,) = comparison.cells
    assert cell.mix is not None
    return cell.mix


def test_without_preemption_there_is_no_mix(tmp_path: Path) -> None:
    assert compared(tmp_path).cells[0].mix is None


def test_an_unchanged_mix_has_its_shares_and_no_verdict(tmp_path: Path) -> None:
    found = mix(compared(tmp_path, rounds=20, preempting=(0.5, 0.5), drift=0.01))
    assert [path.switches for path in found.paths] == pytest.approx([0, PREEMPTED], abs=1e-3)
    assert sum(path.base_share for path in found.paths) == sum(path.new_share for path in found.paths) == 1
    assert not found.changed and not found.simpson and found.says == ""
    assert all(path.ratio == pytest.approx(1, abs=0.03) for path in found.paths)


def test_longer_paths_under_a_better_mix_are_no_improvement(tmp_path: Path) -> None:
    comparison = compared(tmp_path, rounds=40, preempting=(0.25, 0.85), path_factor=1.08, drift=0.01)
    found, change = mix(comparison), comparison.cells[0].judged
    assert change.ratio is not None and change.ratio < 1
    assert all(path.ratio == pytest.approx(1.08, abs=0.02) for path in found.paths)
    assert found.changed and found.simpson
    assert found.says.startswith("Simpson: paths slower, mix better")
    assert change.verdict is Verdict.INCONCLUSIVE and change.why == found.says


def test_one_after_the_other_they_are_a_regression_within_paths_and_told_so_everywhere(tmp_path: Path) -> None:
    """In the table, the notes, Markdown, JSON and on the page."""
    comparison = compared(tmp_path, rounds=40, preempting=(0.25, 0.85), path_factor=1.08, drift=0.01, interleaved=False)
    found, change = mix(comparison), comparison.cells[0].judged
    assert change.verdict is Verdict.REGRESSION and change.ratio == pytest.approx(1.08, abs=0.02)
    assert found.whole is not None and found.whole.ratio < 1 and found.changed and found.simpson
    table, markdown = text_of(comparison, Style(1000)), markdown_of(comparison, False)
    for text in (table, markdown.replace("\\", "")):
        assert "regression *" in text and "improvement *" not in text and found.says in text
        assert "compared within each path: 0.00, 0.90 involuntary switches an operation" in text
        assert "1 case whose processes took several paths is compared within each path, not as a whole." in text
        assert f"No star from the whole, since the paths and the whole disagree in sign: {CASE}." in text
        assert f"No star from the whole, since the mix changed: {CASE}." in text
    (own,) = json.loads(json_of([comparison]))["comparisons"][0]["cells"]
    assert own["changes"]["quiet"]["strata_switches"] == pytest.approx([0, PREEMPTED], abs=1e-3)
    assert own["mix"]["whole"]["ratio"] == found.whole.ratio and own["mix"]["against_whole"] == list(found.against_whole)
    figure = next(one for one in page_of([comparison]).figures if one.anchor.endswith("paths"))
    assert found.says in figure.says
    assert [(row[1], row[-1]) for row in figure.table.rows[:2]] == [("the whole", "gives no star"),
                                                                   ("within the paths", "starred")]
    (panel,) = figure.drawing.panels
    assert [row.label for row in panel.effects][-2:] == ["within the paths", "the whole"]
    assert [row.mark for row in panel.effects][-2:] == [Mark.STARRED, Mark.INCONCLUSIVE]


def test_another_mix_of_the_same_paths_is_told_beside_the_star(tmp_path: Path) -> None:
    comparison = compared(tmp_path, rounds=40, preempting=(0.2, 0.9))
    found, (cell,) = mix(comparison), comparison.cells
    assert found.changed and not found.simpson and "like for like" in found.says
    assert found.base_switches < 0.4 < 0.7 < found.new_switches
    assert cell.judged.verdict is Verdict.IMPROVEMENT and cell.judged.ratio == pytest.approx(SHORTER, abs=0.05)
    assert "another mix of paths" in cell.confounders


def test_paths_that_only_one_side_took_have_no_ratio(tmp_path: Path) -> None:
    found = mix(compared(tmp_path, rounds=12, preempting=(0.0, 1.0)))
    assert [(path.base_share, path.new_share, path.ratio) for path in found.paths] == [(1, 0, None), (0, 1, None)]
    assert found.changed and not found.simpson
    assert found.says.endswith("no process of either side took the same path")
