"""Runs whose clock counts instructions: what they are called, and what they are not mixed with."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ipcmark_report import units
from ipcmark_report.__main__ import main as report
from ipcmark_report.compare.__main__ import main as compare
from ipcmark_report.export.__main__ import main as export
from ipcmark_report.history.__main__ import main as history
from ipcmark_report.load import load_run
from ipcmark_report.model import INSTRUCTIONS, WALL, BadInput

from .synthetic import Synthetic, put

SMALL = {"rounds": 1, "placements": ("same_core",), "binaries": ("latency",)}


@pytest.fixture(autouse=True)
def wall_again() -> Iterator[None]:
    yield
    units.use_clock(WALL)


def written(path: Path, clock: str | None) -> Path:
    run = Synthetic(**SMALL).write(path)
    if clock is not None:
        put(run / "run.json", {**json.loads((run / "run.json").read_text()), "clock": clock})
    return run


def test_a_run_that_says_nothing_counts_time(tmp_path: Path) -> None:
    loaded = load_run(written(tmp_path / "run", None))
    assert loaded.info.clock == WALL and loaded.marks == ()


def test_a_run_that_counts_instructions_says_first_that_they_are_no_time(tmp_path: Path) -> None:
    assert "instructions" in load_run(written(tmp_path / "run", INSTRUCTIONS)).marks[0]


def test_an_unknown_clock_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="clock"):
        load_run(written(tmp_path / "run", "sundial"))


def test_instructions_are_written_whole() -> None:
    assert units.time(10691) == "10.7 µs"
    units.use_clock(INSTRUCTIONS)
    assert units.time(10691) == "10691 instructions"
    assert units.time(5.004) == "5.00 instructions"


def test_the_page_names_the_unit_of_its_run(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert report([str(written(tmp_path / "run", INSTRUCTIONS)), "--out", str(page)]) == 0
    assert re.search(r"\d instructions\b", page.read_text())


def test_time_and_instructions_are_not_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [str(written(tmp_path / "a", WALL)), str(written(tmp_path / "b", INSTRUCTIONS))]
    assert compare(runs) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "counts time" in error and "counts instructions" in error


def test_two_runs_of_instructions_are_compared(tmp_path: Path) -> None:
    assert compare([str(written(tmp_path / name, INSTRUCTIONS)) for name in ("a", "b")]) == 0


def test_other_tools_and_histories_get_no_instructions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = str(written(tmp_path / "run", INSTRUCTIONS))
    assert export([run, "--to", "csv", "--out", str(tmp_path / "out.csv")]) == 2
    assert history(["add", run, "--store", str(tmp_path / "store")]) == 2
    assert capsys.readouterr().err.count("counts instructions") == 2
    assert not (tmp_path / "out.csv").exists()
