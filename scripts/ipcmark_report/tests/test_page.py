"""The page as a whole, through the command: what it holds, and that nothing in it can act."""

import base64
import hashlib
import json
import os
import random
import re
import stat
import subprocess
import tempfile
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from markupsafe import escape

from ipcmark_report.__main__ import main

from .synthetic import Synthetic, distribution, failed_row, put, row

SCRIPT = Path(__file__).resolve().parents[2] / "report"
SECTIONS = ("headline", "trust", "processes", "latency", "throughput", "contention", "fork", "limits", "environment", "failed", "not-measurable")
HOSTILE = "<script>alert(1)<img src=x onerror=y>"
VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """Counts elements, collects attributes and visible text, and checks the nesting."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def make(tmp_path: Path, synthetic: Synthetic) -> tuple[str, Page]:
    out = tmp_path / "page.html"
    assert main([str(synthetic.write(tmp_path / "run")), "--out", str(out)]) == 0
    html = out.read_text(encoding="utf-8")
    return html, Page(html)


def ids(page: Page) -> list[str | None]:
    return [value for key, value in page.attributes if key == "id"]


def assert_refused(capsys: pytest.CaptureFixture[str], arguments: list[str], *words: str) -> None:
    try:
        status = main(arguments)
    except SystemExit as left:
        status = left.code
    lines = capsys.readouterr().err.splitlines()
    assert status == 2
    assert len(lines) == 1 and lines[0].startswith("report: ")
    for word in words:
        assert word in lines[0]


FEW: dict[str, Any] = {"rounds": 2, "placements": ("cross_core",)}
KINDS = {
    "full": Synthetic(sizes=(64, 4096), rounds=2),
    "single size": Synthetic(**FEW),
    "one of everything": Synthetic(rounds=1, processes=(2,), memories=(0,), placements=("unpinned",)),
    "partial": Synthetic(status="partial", end_environment=False, placements=("same_core",), measures=("fork_cost", "contention"),
                         skip_files=("contention.2.json", "contention.3.json", "fork_cost.3.json")),
    "before there were repetitions": Synthetic(repetitions=False, **FEW),
    "before there were limits": Synthetic(binaries=("fork_cost", "latency", "contention"), **FEW),
    "many CPUs": Synthetic(binaries=("limits",), rounds=1, cpus=16),
    "one CPU": Synthetic(binaries=("limits",), rounds=1, cpus=1),
    "one measure": Synthetic(binaries=("contention",), rounds=2),
    "empty measures": Synthetic(measures=("latency",), rounds=1, placements=("same_core",)),
    "nothing": Synthetic(measures=(), rounds=1),
    "no distributions": Synthetic(binaries=("latency",), rounds=1, placements=("same_core",), skip_files=("latency.1.hist.json",)),
    "no rounds": Synthetic(rounds=0),
}


@cache
def of_kind(kind: str) -> tuple[str, Page]:
    """Drawn once for all tests of one process."""
    with tempfile.TemporaryDirectory() as folder:
        return make(Path(folder), KINDS[kind])


def together(kind: str) -> pytest.MarkDecorator:
    """Tests that look at one page run in one process."""
    return pytest.mark.xdist_group(f"page: {kind}")


@pytest.mark.parametrize("kind", [pytest.param(kind, marks=together(kind)) for kind in KINDS])
def test_every_kind_of_run_gives_every_section(kind: str) -> None:
    html, page = of_kind(kind)
    found = ids(page)
    assert set(SECTIONS) <= set(found)
    assert len(found) == len(set(found)), "ids are unique in the page"
    assert page.tags.count("svg") == page.tags.count("figure") == page.tags.count("figcaption")
    assert len(html) < 5_000_000


@together("full")
def test_the_page_needs_nothing_else() -> None:
    html, page = of_kind("full")
    assert not {"link", "iframe", "object", "img"} & set(page.tags)
    assert page.tags.count("script") == 1, "one script, which stands in the page"
    for key, value in page.attributes:
        if key in ("href", "src", "xlink:href", "action"):
            assert value is not None and value.startswith("#")
    assert not re.search(r"url\((?!#)|@import", html)


@together("full")
def test_the_style_is_style_and_not_text() -> None:
    html, _ = of_kind("full")
    style = html.partition("<style>")[2].partition("</style>")[0]
    assert "&" not in style and 'th[aria-sort="ascending"]' in style and ".s0{" in style


@together("nothing")
def test_the_policy_allows_the_script_of_the_page_and_no_other() -> None:
    html, _ = of_kind("nothing")
    script = html.partition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy and f"script-src 'sha256-{digest}'" in policy.group(1) and "default-src 'none'" in policy.group(1)
    assert "eval" not in script and "http" not in script


def test_rows_and_points_say_how_to_measure_them_again(tmp_path: Path) -> None:
    html, _ = make(tmp_path, Synthetic(rounds=6, binaries=("latency",), measures=("latency",), placements=("same_core",)))
    case = "latency/pipe/pipe/size:64/placement:same_core"
    again = str(escape(f"ipcmark run --preset quick --window-ms 50 --warmup-ms 20 --filter '^{case}$'"))
    assert f"<code>{again}</code>" in html
    assert f"<title>{again.replace('&#39;', chr(39))}</title>" in html


@together("full")
def test_references_inside_drawings_lead_somewhere() -> None:
    html, page = of_kind("full")
    found = set(ids(page))
    links = {value[1:] for key, value in page.attributes if key in ("href", "xlink:href") and value}
    assert links | set(re.findall(r"url\(#([^)]*)\)", html)) <= found


@together("one of everything")
def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    run = KINDS["one of everything"].write(tmp_path / "run")
    # This time by the script, without a home, where matplotlib cannot keep its cache.
    done = subprocess.run([SCRIPT, run, "--out", tmp_path / "page.html"], capture_output=True, text=True,
                          env={**os.environ, "HOME": "/dev/null"})
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == of_kind("one of everything")[0]


@together("partial")
def test_a_partial_run_says_so_before_its_numbers() -> None:
    html, page = of_kind("partial")
    assert html.index("This run is partial") < html.index('id="headline"')
    assert "contention: 2 of 3 rounds were not measured (round 2, 3)." in page.text
    assert "The state at the end was not recorded" in page.text


@together("single size")
def test_limits_are_listed_mapped_and_set_beside_the_cases() -> None:
    _, page = of_kind("single size")
    assert "figure-limits-pairs" in ids(page)
    assert "Peers that sleep: CPUs 0 and 1" in page.text and "Peers that spin: CPUs 0 and 1" in page.text
    assert "times the floor" in page.text and "limits/wake_up/futex/placement:cross_core" in page.text
    assert "CPUs 0 and 1, the only pair, take" in page.text


@together("before there were limits")
def test_a_run_without_limits_says_so() -> None:
    _, page = of_kind("before there were limits")
    assert "This run has no limits." in page.text
    assert "times the floor" not in page.text


def test_reasons_and_messages_are_shown(tmp_path: Path) -> None:
    synthetic = Synthetic(rounds=1, binaries=("latency",), measures=(), extra_rows={
        "latency": [failed_row("latency/pipe/broken/placement:unpinned", "peer 2 (consumer) died of signal 9")]})
    _, page = make(tmp_path, synthetic)
    assert "peer 2 (consumer) died of signal 9" in page.text
    assert "this machine has no SMT siblings" in page.text
    assert "unknown: no cpufreq directory" in page.text
    assert "latency/pipe/pipe/size:64/placement:smt_sibling" in page.text


def test_planned_cases_without_a_result_are_listed(tmp_path: Path) -> None:
    run = Synthetic(rounds=1, measures=()).write(tmp_path / "run")
    info = json.loads((run / "run.json").read_text())
    put(run / "run.json", {**info, "cases": [*info["cases"], "latency/pipe/late/placement:unpinned"]})
    assert main([str(run), "--out", str(tmp_path / "page.html")]) == 0
    assert "latency/pipe/late/placement:unpinned" in Page((tmp_path / "page.html").read_text()).text


def test_hostile_text_is_shown_as_text(tmp_path: Path) -> None:
    chance = random.Random(1)
    names = [HOSTILE, "x" * 300, "a$x^{2$b", "\\frac{", "bell\x07\x1b[31m", "\u202eright-to-left", "&amp;\"'", "{{ 7*7 }}", "日本"]
    rows = [row(f"latency/pipe/{name}/size:64/placement:unpinned", 5e3, distribution(5e3, chance, 1)[1]) for name in names]
    rows.append(failed_row("latency/pipe/f/placement:unpinned", HOSTILE + "\x00\ud800"))
    synthetic = Synthetic(rounds=1, binaries=("latency",), measures=(), extra_rows={"latency": rows})
    synthetic.environment["machine"]["host_name"] = HOSTILE
    html, page = make(tmp_path, synthetic)
    assert "img" not in page.tags and page.tags.count("script") == 1
    assert not [key for key, _ in page.attributes if key.startswith("on")]
    assert HOSTILE in page.text and "x" * 300 in page.text and "{{ 7*7 }}" in page.text
    assert "bell\\x07\\x1b[31m" in page.text and "\\u202eright" in page.text and "\\x00\\ud800" in page.text
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", html)


def test_extreme_numbers_are_drawn(tmp_path: Path) -> None:
    rows = [row(f"latency/pipe/b{index}/placement:unpinned", ns, {"latency_ns_p50": ns, "latency_ns_p90": 0.0})
            for index, ns in enumerate((1e-300, 1e-9, 5.0, 1e18, 1e300))]
    _, page = make(tmp_path, Synthetic(rounds=1, measures=(), extra_rows={"latency": rows}))
    assert "latency_ns_p50 is 0, nothing was measured" in page.text
    assert "real_time is too large" in page.text


def test_bad_input_is_one_line_and_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = str(Synthetic(rounds=1, measures=()).write(tmp_path / "run"))
    out = str(tmp_path / "page.html")
    assert_refused(capsys, [str(tmp_path / "none"), "--out", out], "no such directory")
    assert_refused(capsys, [str(tmp_path / "two\nlines"), "--out", out], "two\\nlines")
    assert_refused(capsys, [run], "--out")
    assert_refused(capsys, [run, "--out", str(tmp_path)], "is a directory")
    assert_refused(capsys, [run, "--out", str(tmp_path / "none" / "page.html")], "cannot be written", "No such file")
    (tmp_path / "run" / "run.json").write_text('{"schema_version": 1,')
    assert_refused(capsys, [run, "--out", out], "run.json", "not whole JSON")
    assert not Path(out).exists()


def test_a_failed_write_leaves_the_old_page_and_no_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    run = str(Synthetic(rounds=1, measures=()).write(tmp_path / "run"))
    out = tmp_path / "pages" / "page.html"
    out.parent.mkdir()
    out.write_text("old")
    monkeypatch.setattr("ipcmark_report.files.os.fsync", full)
    assert_refused(capsys, [run, "--out", str(out)], "No space left on device")
    assert out.read_text() == "old"
    assert list(out.parent.iterdir()) == [out]


def test_the_page_is_readable_like_any_new_file(tmp_path: Path) -> None:
    make(tmp_path, Synthetic(rounds=1, measures=()))
    (tmp_path / "usual").write_text("")
    assert stat.S_IMODE((tmp_path / "page.html").stat().st_mode) == stat.S_IMODE((tmp_path / "usual").stat().st_mode)


def test_without_a_fitting_python_one_line_says_what_to_install(tmp_path: Path) -> None:
    done = subprocess.run([SCRIPT, tmp_path, "--out", tmp_path / "p"], capture_output=True, text=True,
                          env={"PATH": "/usr/bin:/bin", "IPCMARK_PYTHON": "/bin/false"})
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("report: ")
    assert "apt-get install python3-matplotlib python3-jinja2" in done.stderr
