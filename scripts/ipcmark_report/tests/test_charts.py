"""Charts as files of their own, and as drawings in a page."""

import re
import stat
from pathlib import Path
from typing import BinaryIO

import pytest

from ipcmark_report import files
from ipcmark_report.__main__ import main
from ipcmark_report.charts import draw, file_of
from ipcmark_report.markup import is_tall
from ipcmark_report.stats import Spread
from ipcmark_report.views import (Axis, Bracket, Bundle, Cloud, Drawing, Ecdf, HeatMap, HeatMaps, Kind, Layer, Panel, Point, Rule,
                                  Series, Stack, Strand, Strip, Unit)

from .synthetic import Synthetic
from .test_page import assert_refused

TIME, COUNT = Axis("time", Unit.TIME), Axis("", Unit.COUNT)


def series(name: str, *values: float, at: tuple[object, ...] = ()) -> Series:
    places = at or tuple(range(1, len(values) + 1))
    return Series(name, 0, tuple(Point(a, Spread(v, v * 0.9, v * 1.1, 3), case=f"case/{name}/{a}")  # type: ignore[arg-type]
                                 for a, v in zip(places, values)))


NAMES = ("one", "two")
DRAWINGS = {
    "dots": Drawing(Kind.DOTS, TIME, COUNT, (Panel("p", (series("a", 5.0, 50.0, at=NAMES),)),)),
    "bars": Drawing(Kind.BARS, TIME, COUNT, (Panel("p", (series("a", 5.0, 50.0, at=NAMES),)),)),
    "curves": Drawing(Kind.CURVES, COUNT, TIME, (Panel(
        "p", (series("a", 5.0, 50.0, 500.0),), fits=(series("a", 5.0, 50.0),), ridge=series("r", 5.0, 50.0).points,
        rules=(Rule(2.0, "you are here"), Rule(9e9, "far outside"))),)),
    "cloud": Cloud(COUNT, TIME, (Panel("p", (series("a", 5.0, 50.0),)),)),
    "strip": Strip(TIME, (Panel("p", (series("a", 5.0, 50.0, at=NAMES),), rules=(Rule(7.0, "r"),)),)),
    "flat strip": Strip(COUNT, (Panel("p", (series("a", 0.0, 1.0, at=NAMES),)),), log=False),
    "ecdf": Ecdf(TIME, (Bundle("b", (Strand("k", 0, (5.0, 6.0), (0.5, 1.0), 5.5, "case/a"), Strand("l", 1, (7.0,), (1.0,), 7.0))),)),
    "stack": Stack(Axis("when", Unit.CLOCK), (Layer(Panel("p", (series("a", 5.0, 50.0), series("b", 6.0, 7.0))), TIME, log=True),
                                             Layer(Panel("q", (series("c", 5.0, 50.0),)), Axis("", Unit.PERCENT)))),
    "maps": HeatMaps((
        HeatMap((0, 1), ((None, 5.0), (5.0, None)), Unit.TIME, "peers that sleep", ((Bracket("core 0", (0, 1)),),)),
        HeatMap(tuple(range(40)), tuple(tuple(None if a == b else 5.0 + a + b for b in range(40)) for a in range(40)), Unit.TIME))),
}


@pytest.mark.parametrize("kind", DRAWINGS)
def test_every_kind_of_drawing_is_named_and_the_same_again(kind: str) -> None:
    text = draw(DRAWINGS[kind], "figure", "A <title>", description="What it says")
    assert text == draw(DRAWINGS[kind], "figure", "A <title>", description="What it says")
    assert 'role="img"' in text and "A &lt;title&gt;" in text and ">What it says</desc>" in text
    assert not re.search(r"<metadata|<style|Date|matplotlib|#0072b2", text)
    ids = re.findall(r' id="([^"]*)"', text)
    assert len(ids) == len(set(ids)) and all(one.startswith("figure-") for one in ids)
    assert set(re.findall(r'(?:url\(|href=")#([^")]*)', text)) <= set(ids)


@pytest.mark.parametrize("kind", ["dots", "bars", "curves", "cloud", "strip", "ecdf", "stack"])
def test_points_show_what_they_are_of(kind: str) -> None:
    text = draw(DRAWINGS[kind], "figure", "t", lambda case: f"measure <{case}> again")
    assert "<title>measure &lt;case/" in text


def test_the_dots_of_one_case_say_once_what_they_are_of() -> None:
    crowd = Cloud(COUNT, TIME, (Panel("p", (Series("a", 0, tuple(
        Point(float(i), Spread(10.0, 10.0, 10.0, 1), case="case/a") for i in range(100))),)),))
    text = draw(crowd, "f", "t", lambda case: f"measure {case} again")
    named = re.search(r"<g[^>]*><title>measure case/a again</title>(.*?)</g></g>", text)
    assert text.count("case/a") == 1 and named and named.group(1).count("<use") == 100


def test_a_crowd_of_marks_on_one_spot_is_one_mark() -> None:
    crowd = Cloud(COUNT, TIME, (Panel("p", (Series("a", 0, tuple(
        Point(float(i % 5), Spread(10.0, 10.0, 10.0, 1)) for i in range(500))),)),))
    assert draw(crowd, "f", "t").count("<use") < 40


@pytest.mark.parametrize("form, start", [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF-")])
def test_a_chart_is_a_file_of_its_own(form: str, start: bytes) -> None:
    content = file_of(DRAWINGS["curves"], form)
    assert content.startswith(start) and content == file_of(DRAWINGS["curves"], form)
    assert b"CreationDate" not in content and b"dc:date" not in content
    if form == "svg":
        assert b"fill: #ffffff" in content and b"var(--" not in content and b"currentColor" not in content


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(Synthetic(rounds=1, binaries=("limits",), measures=("limits",)).write(tmp_path_factory.mktemp("charts") / "run"))


def test_every_figure_becomes_a_file_named_by_its_anchor(run: str, tmp_path: Path) -> None:
    out, page = tmp_path / "charts", tmp_path / "page.html"
    assert main([run, "--charts", str(out), "--format", "png,svg", "--format", "pdf", "--out", str(page)]) == 0
    anchors = re.findall(r'<figure id="figure-([^"]*)"', page.read_text())
    assert anchors and {file.name for file in out.iterdir()} == {f"{a}.{f}" for a in anchors for f in ("svg", "png", "pdf")}
    assert stat.S_IMODE(out.stat().st_mode) == stat.S_IMODE(tmp_path.stat().st_mode) | 0o055


def test_without_a_format_charts_are_svg_and_need_no_page(run: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert main([run, "--charts", str(tmp_path / "empty")]) == 0
    assert {file.suffix for file in (tmp_path / "empty").iterdir()} == {".svg"}


def test_a_place_or_format_that_will_not_do_is_one_line(run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("kept")
    (tmp_path / "file").write_text("")
    assert_refused(capsys, [run], "--out", "--charts")
    assert_refused(capsys, [run, "--charts", str(tmp_path / "full")], "is not empty")
    assert_refused(capsys, [run, "--charts", str(tmp_path / "file")], "is not a directory")
    assert_refused(capsys, [run, "--charts", str(tmp_path / "no" / "where")], "no directory to make it in")
    assert_refused(capsys, [run, "--charts", str(tmp_path / "c"), "--format", "gif"], "'gif' is none of svg, png, pdf")
    assert_refused(capsys, [run, "--charts", str(tmp_path / "c"), "--format", "svg,"], "'' is none of")
    assert_refused(capsys, [run, "--out", str(tmp_path / "p"), "--format", "svg"], "--charts")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file", "full"]
    assert (tmp_path / "full" / "mine").read_text() == "kept"


def test_charts_are_written_whole_or_not_at_all(
    run: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(file: BinaryIO, content: bytes) -> None:
        file.write(content[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "_fill", full)
    assert_refused(capsys, [run, "--charts", str(tmp_path / "charts")], "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_a_drawing_beside_which_two_find_room_is_tall() -> None:
    rows = tuple(f"row {n}" for n in range(80))
    tall = Drawing(Kind.DOTS, TIME, COUNT, (Panel("p", (series("a", *[5.0] * 80, at=rows),)),))
    assert is_tall(draw(tall, "f", "t")) and not is_tall(draw(DRAWINGS["dots"], "f", "t")) and not is_tall("<svg/>")
