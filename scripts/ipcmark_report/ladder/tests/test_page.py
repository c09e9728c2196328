"""The page and the charts of kernels, from directories on disk."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ipcmark_kernels.__main__ import main

from ...tests.synthetic import put
from ..page import page_of
from ..read import read_kernels
from .made import FUTEX, PIPE, write_kernel, write_kernels

HOSTILE = "<script>alert(1)</script>\x1b[2J\u202e"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A kernel of every kind: one that is off, one with a hostile name, one that did not boot."""
    root = write_kernels(tmp_path_factory.mktemp("kernels"))
    write_kernel(root / "off", "6.17-1", "cloud", {PIPE: [95820, 11700, 11650]}, loop=[9.09, 5.0, 5.0])
    write_kernel(root / "hostile", "7.4-1" + HOSTILE, "mine" + HOSTILE, {PIPE: [15000] * 3, FUTEX: [90000] * 3},
                 package=HOSTILE, profile={FUTEX: {HOSTILE: 90000.0}})
    write_kernel(root / "hostile2", "7.5-1", "mine" + HOSTILE, {FUTEX: [99000] * 3}, profile={FUTEX: {HOSTILE: 99000.0}})
    put(root / "kernels.json", {"schema_version": 1, "kernels": [], "failed": [
        {"id": "7.9-cloud", "failures": [{"seed": seed, "why": "<b>panic\x1b", "lines": []} for seed in (1, 2)]},
        {"id": "7.8-cloud", "reason": "hangs", "boots": [{"seed": 1, "why": "hangs", "lines": []}]}]})
    return root


@pytest.fixture(scope="module")
def page(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    target = tmp_path_factory.mktemp("page") / "page.html"
    assert main(["report", str(folder), "--out", str(target)]) == 0
    return target.read_text("utf-8")


def _text(html: str) -> str:
    body = re.sub(r"<(style|script|svg)\b.*?</\1>", "", html, flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", body))


def test_says_first_that_instructions_are_not_cycles(page: str) -> None:
    text = _text(page)
    assert text.index("Instructions are not cycles") < text.index("Self-check") < text.index("steps are claimed")
    assert "no caches, no TLB" in text


def test_names_the_steps_that_stand_out_with_the_functions_that_grew(page: str) -> None:
    assert f"{FUTEX}: +36.8\u00a0% at 7.2-1 cloud" in page and "__futex_hash +4\u202f458" in page


def test_a_profile_that_is_not_what_the_clock_counted_explains_nothing(tmp_path: Path) -> None:
    for version, schedule in (("6.12-1", 700.0), ("7.1-1", 1200.0)):
        write_kernel(tmp_path / version, version, "cloud", {FUTEX: [schedule] * 3}, profile={FUTEX: {"schedule": schedule}})
    assert "schedule +500" in page_of(read_kernels(tmp_path)).stands_out[0]
    put(tmp_path / "7.1-1/profile.json", {"schema_version": 1, "cases": [
        {"case": FUTEX, "clock": 1200.0, "functions": {"schedule": 9000.0}}]})
    shown = page_of(read_kernels(tmp_path)).stands_out[0]
    assert "7.1" in shown and "schedule" not in shown


def test_a_boot_that_is_off_is_marked_and_claims_nothing(folder: Path, page: str) -> None:
    assert "6.17-1 cloud: the self-check is off (boot 1: 9.09 in place of 5.00); nothing is claimed" in page
    shown = page_of(read_kernels(folder))
    assert not any("6.17-1" in line for line in shown.stands_out)


def test_hostile_names_stay_text(page: str) -> None:
    assert "<script>alert" not in page and "\x1b" not in page and "\u202e" not in page
    assert "&lt;script&gt;alert(1)" in page and "not booted: 7.9-cloud: &lt;b&gt;panic\\x1b" in page


def test_kernels_that_failed_are_read_as_they_were_written_at_first(page: str) -> None:
    assert "not booted: 7.8-cloud: hangs" in page


def test_loads_nothing_and_is_the_same_again(folder: Path, page: str, tmp_path: Path) -> None:
    assert not re.search(r"(src|href)=\"(?!#)", page)
    assert main(["report", str(folder), "--out", str(tmp_path / "again.html")]) == 0
    assert (tmp_path / "again.html").read_text("utf-8") == page


def test_kernels_come_in_the_order_of_their_versions(folder: Path) -> None:
    versions = [boots.kernel.version for boots in read_kernels(folder).boots]
    assert versions.index("5.10.223-1") < versions.index("6.1.170-1") < versions.index("6.12.43-1") < versions.index("7.0-1")


def test_writes_every_chart_as_a_file(folder: Path, tmp_path: Path) -> None:
    assert main(["report", str(folder), "--charts", str(tmp_path / "charts")]) == 0
    names = {file.stem for file in (tmp_path / "charts").iterdir()}
    assert {"map-0", "ladder-0", "ladder-1", "why-0"} <= names
    for file in (tmp_path / "charts").iterdir():
        ElementTree.fromstring(file.read_bytes())


def test_what_was_left_out_is_named_by_its_reason_and_kernel(tmp_path: Path) -> None:
    for name, version in (("a", "6.1"), ("b", "6.12")):
        write_kernel(tmp_path / name, version, "cloud", {PIPE: [10000.0] * 3})
    for name, cases in (("a", ("x", "y")), ("b", ("y",))):
        run = json.loads((tmp_path / name / "run.json").read_text())
        run["not_measurable"] = [{"case": case, "reason": f"{case} spins"} for case in cases]
        put(tmp_path / name / "run.json", run)
    assert page_of(read_kernels(tmp_path)).not_measured == ("1 case, on 6.1 cloud: x spins", "1 case: y spins")


def test_one_kernel_alone_is_shown_and_claims_nothing(tmp_path: Path) -> None:
    write_kernel(tmp_path / "k" / "a", "6.1", "cloud", {PIPE: [10000.0]})
    assert main(["report", str(tmp_path / "k"), "--out", str(tmp_path / "page.html")]) == 0
    assert "Linux 6.1 cloud" in (tmp_path / "page.html").read_text("utf-8")


@pytest.mark.parametrize("arguments", [
    ("--baseline", "none\x1b"), ("--out", "/nowhere/page.html"), ("--format", "svg"), ()])
def test_what_cannot_be_done_is_one_line_and_leaves_nothing(folder: Path, tmp_path: Path, arguments: tuple[str, ...],
                                                            capsys: pytest.CaptureFixture[str]) -> None:
    out = ("--out", str(tmp_path / "page.html")) if "--out" not in arguments and arguments else ()
    assert main(["report", str(folder), *out, *arguments]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and said[:-1].isprintable() and not list(tmp_path.iterdir())


def test_a_word_on_the_command_line_makes_another_line_of_the_ladder(tmp_path: Path) -> None:
    for name, append in (("a", ""), ("b", "mitigations=off")):
        write_kernel(tmp_path / name, "6.1", "cloud", {PIPE: [10000.0] * 3}, append=append)
    assert list(read_kernels(tmp_path).lines) == ["cloud", "cloud mitigations=off"]


def test_a_run_by_the_wall_clock_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_kernel(tmp_path / "a", "6.1", "cloud", {PIPE: [10000.0] * 3}, clock="wall")
    assert main(["report", str(tmp_path), "--out", str(tmp_path / "page.html")]) == 2
    assert "wall clock" in capsys.readouterr().err


def test_a_directory_without_kernels_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(tmp_path), "--out", str(tmp_path / "page.html")]) == 2
    assert "holds no kernel" in capsys.readouterr().err
