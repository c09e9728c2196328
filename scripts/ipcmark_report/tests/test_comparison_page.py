"""The page of a comparison as a whole, through the command: what it holds, and that nothing in it can act."""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from ipcmark_report.__main__ import main
from ipcmark_report.charts import draw
from ipcmark_report.compare.model import Comparison, Design, Difference, Unmatched
from ipcmark_report.compare.page.assemble import page_of
from ipcmark_report.compare.page.render import render

from .comparisons import CASES, SIMPSON, Made, many_cases
from .pairs import Pair
from .test_page import HOSTILE, SCRIPT, Page, assert_refused, ids

PIPE = "latency/pipe/pipe/size:64/placement:same_core"
SECTIONS = {"maps", "new-1-changed", "new-1-families", "new-1-closer", "new-1-environment", "new-1-cases", "reading"}
FEW = {name: ns for name, ns in CASES.items() if "same_core" in name and name.startswith("latency/pipe")}
TWO_FAMILIES = {name: ns for name, ns in CASES.items() if "size:64" in name and "/pipe/" in name and "spsc" not in name}
ONE_FAMILY = {f"latency/pipe/b{n}/placement:same_core": 1000.0 for n in range(42)}
KINDS = {
    "changed": [Made(factors={"pipe": 1.1, "spsc_ring": 0.9}, far=0.4, mixes={PIPE: SIMPSON})],
    "one process a side": [Made(cases=FEW, pairs=1)],
    "one case": [Made(cases={PIPE: 5000.0})],
    "nothing to compare": [Made(cases={}, unmatched=(Unmatched(PIPE, "not in new"),))],
    "boots": [Made(cases=FEW, design=Design.BOOTS, pairs=6)],
    "far apart": [Made(cases=FEW, factors={"pipe": 1e6, "socketpair_stream": 1e-6})],
    "three runs": [Made(cases=FEW, seed=n, new_name=f"v{n}", base_name="v0", factors={"pipe": 1 + n / 20}) for n in (1, 2)],
}


@cache
def of_kind(kind: str) -> tuple[str, Page]:
    return made([one.comparison() for one in KINDS[kind]])


def made(comparisons: Sequence[Comparison]) -> tuple[str, Page]:
    html = render(page_of(comparisons))
    return html, Page(html)


def first_screen(page: str) -> str:
    return page[:page.index("<nav")]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_comparison_gives_a_whole_page(kind: str) -> None:
    html, page = of_kind(kind)
    found = ids(page)
    assert SECTIONS - {"maps"} <= set(found)
    assert len(found) == len(set(found)), "ids are unique in the page"
    assert page.tags.count("svg") == page.tags.count("figure") == page.tags.count("figcaption")
    links = {value[1:] for key, value in page.attributes if key in ("href", "xlink:href") and value}
    assert links | set(re.findall(r"url\(#([^)]*)\)", html)) <= set(found)


def test_every_chart_has_its_question_its_answer_and_its_numbers() -> None:
    page = page_of([Made(factors={"pipe": 1.1}, far=0.4, mixes={PIPE: SIMPSON}).comparison()])
    kinds = {type(figure.drawing).__name__ for figure in page.figures}
    assert kinds == {"ChangeMap", "Effects", "Strips", "Sequence", "Paths", "Power", "Shares"}
    for figure in page.figures:
        assert figure.question.endswith("?") and figure.says and figure.caption and figure.table.rows, figure.anchor
        assert all(len(row) == len(figure.table.columns) for row in figure.table.rows), figure.anchor


def test_the_page_needs_nothing_else() -> None:
    html, page = of_kind("changed")
    assert not {"link", "iframe", "object", "img"} & set(page.tags) and page.tags.count("script") == 1
    for key, value in page.attributes:
        if key in ("href", "src", "xlink:href", "action"):
            assert value is not None and value.startswith("#")
    assert not re.search(r"url\((?!#)|@import", html)


def test_an_injected_change_is_the_only_one_that_the_first_screen_names(tmp_path: Path) -> None:
    Pair(inject={"pipe": 1.10}, cases=TWO_FAMILIES).write(tmp_path / "both")
    assert main([str(tmp_path / "both"), "--out", str(tmp_path / "page.html")]) == 0
    text = Page(closed(first_screen((tmp_path / "page.html").read_text(encoding="utf-8")))).text
    assert "Of 4 cases 2 became slower." in text
    assert "latency/pipe/same_core, pipe: +1" in text and "throughput/pipe/cross_core, pipe: +" in text
    assert "Faster" not in text and "socketpair" not in text and "Read this first" not in text


def closed(html: str) -> str:
    """The beginning of a page, made whole."""
    return html + "</main></body></html>"


def test_alarms_and_confounders_stand_before_the_changes(tmp_path: Path) -> None:
    base, new = Pair(inject={"pipe": 1.2}, cases=FEW, inject_controls=1.2, status="partial",
                     environment={"kernel": {"release": "6.13.0"}}).write(tmp_path / "both")
    assert main([str(base), str(new), "--out", str(tmp_path / "page.html")]) == 0
    screen = first_screen((tmp_path / "page.html").read_text(encoding="utf-8"))
    verdict = screen.index("class=\"says verdict\"")
    for words in ("NEGATIVE CONTROL MOVED", "This run is partial", "kernel.release"):
        assert screen.index(words) < verdict, words
    assert "a negative control moved: no star is believed" in screen[verdict:]
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "* regression" not in html[html.index('id="new-1-cases"'):html.index("<summary>Negative controls")]


def test_what_is_declared_as_compared_is_no_confounder(tmp_path: Path) -> None:
    Pair(cases=FEW, rounds=6, environment={"kernel": {"release": "6.13.0"}}).write(tmp_path / "both")
    assert main([str(tmp_path / "both"), "--varying", "kernel", "--out", str(tmp_path / "page.html")]) == 0
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Read this first" not in first_screen(html)
    assert "Declared as what is compared, and so no confounder" in html and "6.13.0" in html


def test_a_filter_leaves_the_other_cases_out(tmp_path: Path) -> None:
    Pair(cases=TWO_FAMILIES, rounds=6).write(tmp_path / "both")
    assert main([str(tmp_path / "both"), "--filter", "throughput", "--out", str(tmp_path / "page.html")]) == 0
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "throughput/pipe/pipe/" in html and "latency/" not in html


def test_what_failed_or_is_missing_on_a_side_is_named_and_has_no_star(tmp_path: Path) -> None:
    fork = "fork_cost/process/fork/memory_mib:0/placement:same_core"
    base, new = Pair(failed={"versus": {PIPE: HOSTILE}}, only={"base": (fork,)}, rounds=6,
                     cases={**FEW, fork: 1e5}).write(tmp_path / "both")
    assert main([str(base), str(new), "--out", str(tmp_path / "page.html")]) == 0
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert f"failed in versus: {HOSTILE}" in page.text and "not in versus" in page.text
    assert "2 cases were not compared" in page.text


def test_boots_are_named_one_by_one(tmp_path: Path) -> None:
    sides = [[Pair(interleaved=False, rounds=2, cases=FEW, boot=f"{side}{n}").write_side(tmp_path / f"{side}{n}", side)
              for n in range(2)] for side in ("base", "versus")]
    named = [word for option, runs in zip(("--base", "--new"), sides) for run in runs for word in (option, str(run))]
    assert main([*named, "--out", str(tmp_path / "page.html")]) == 0
    text = Page((tmp_path / "page.html").read_text(encoding="utf-8")).text
    assert "versus0 and 1 more against base0 and 1 more" in text and "Several boots a side" in text


def test_three_runs_give_one_page_with_a_ladder(tmp_path: Path) -> None:
    runs = [Pair(inject={"pipe": factor}, interleaved=False, rounds=6, cases=FEW, boot=name).write_side(tmp_path / name, side)
            for name, side, factor in (("v1", "base", 1.0), ("v2", "versus", 1.0), ("v3", "versus", 1.3))]
    assert main([*map(str, runs), "--out", str(tmp_path / "page.html")]) == 0
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert {"figure-ladder", "new-1-changed", "new-2-changed"} <= set(ids(page))
    assert "v2 against v1" in page.text and "v3 against v1" in page.text


def test_hostile_text_is_shown_as_text() -> None:
    named = {f"latency/pipe/{name}/size:64/placement:same_core": 5e3 for name in (
        HOSTILE, "x" * 300, "a$x^{2$b", "{{ 7*7 }}", "日本")}
    html, page = made([Made(
        cases=named, base_name=HOSTILE, new_name=HOSTILE + "2", alarms=(HOSTILE,), factors={HOSTILE: 1.2},
        confounders={name: (HOSTILE,) for name in named}, differences=(Difference(HOSTILE, "k", HOSTILE, "b", False, False, True),),
        unmatched=(Unmatched(HOSTILE, HOSTILE),), mixes={name: replace(SIMPSON, says=HOSTILE) for name in named}).comparison()])
    assert page.tags.count("script") == 1 and "img" not in page.tags
    assert not [key for key, _ in page.attributes if key.startswith("on")]
    assert HOSTILE in page.text and "x" * 300 in page.text and "{{ 7*7 }}" in page.text
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", html)


def test_the_same_runs_give_the_same_bytes(tmp_path: Path) -> None:
    Pair(rounds=6, cases=FEW).write(tmp_path / "both")
    assert main([str(tmp_path / "both"), "--out", str(tmp_path / "a.html")]) == 0
    done = subprocess.run([SCRIPT, tmp_path / "both", "--out", tmp_path / "b.html"], capture_output=True, text=True)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_bad_input_is_one_line_and_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base, new = map(str, Pair(rounds=1, cases={PIPE: 5000.0}).write(tmp_path / "both"))
    out = str(tmp_path / "page.html")
    assert_refused(capsys, [base, str(tmp_path / "none"), "--out", out], "no such directory")
    assert_refused(capsys, [base, new, "--filter", "(", "--out", out], "--filter", "regular expression")
    assert_refused(capsys, [base, new, "--varying", "wether", "--out", out], "--varying wether")
    assert_refused(capsys, [base, "--varying", "kernel", "--out", out], "--varying", "two runs or more")
    assert_refused(capsys, [base, new, "--selftest", str(tmp_path / "none.json"), "--out", out], "none.json")
    assert not Path(out).exists()


def test_families_of_many_cases_are_folded_and_their_worst_cell_is_shown() -> None:
    page = page_of([Made(cases=many_cases(300), factors={"backend7": 1.2}, pairs=6).comparison()])
    overview, = page.maps
    assert overview.title == "Changes by family" and len(overview.table.rows) == 40
    assert sum("starred" in row[2] for row in overview.table.rows) == 40 // 2
    assert len(CASES) < 40 and page_of([Made().comparison()]).maps[0].title == "Changes by case"


def test_beside_other_runs_folded_families_have_maps_of_their_own() -> None:
    page = page_of([Made(cases=ONE_FAMILY, seed=n, pairs=6, new_name=f"v{n}").comparison() for n in (1, 2)])
    overview, family = page.maps
    assert len(overview.table.rows) == 1 and len(family.table.rows) == 40
    assert family.table.columns[2:] == ("v1", "v2") and "40 of 42 cases" in family.notes[0]
    assert draw(family.drawing, "family", "Family").count("<svg") == 1


def test_what_is_not_known_is_said_in_place_of_its_chart() -> None:
    part, = page_of([Made(cases=FEW, detectable=None).comparison()]).parts
    assert any(line.startswith("What could have been seen: not known") for line in part.without)
    assert not any(figure.anchor.endswith("power") for figure in part.figures)


def test_a_chart_takes_its_colours_from_the_page() -> None:
    figure, = page_of([Made(factors={"pipe": 1.2}).comparison()]).maps
    svg = draw(figure.drawing, "map", "Map")
    assert "var(--vermilion)" in svg and "var(--blue)" in svg and 'role="img"' in svg
