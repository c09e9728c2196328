"""What many runs cost grows no faster than their number: by counts of files, rows and bytes, never by a clock."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ipcmark_report.__main__ import main as report
from ipcmark_report.compare.__main__ import main as compare
from ipcmark_report.fleet import rule
from ipcmark_report.history import store
from ipcmark_report.history.__main__ import main as history
from ipcmark_report.history.tests.made import CASE, estimate, record
from ipcmark_report.tests.fleet_scale import Imagined

from .made import shape

FEW, TIMES = 3, 4


class Opened:
    """A hook stays until the process ends, so there is one, which counts when it is asked to."""

    hooked = False
    below = ""
    count = 0

    @classmethod
    def hook(cls, event: str, values: tuple[object, ...]) -> None:
        if cls.below and event == "open":
            cls.count += str(values[0]).startswith(cls.below)


def opened(folder: Path, work: Callable[[], object]) -> int:
    """How many times a file below the folder is opened meanwhile."""
    if not Opened.hooked:
        sys.addaudithook(Opened.hook)
        Opened.hooked = True
    Opened.below, Opened.count = f"{folder}{os.sep}", 0
    try:
        work()
    finally:
        Opened.below = ""
    return Opened.count


@pytest.fixture(scope="module")
def fleets(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """FEW hosts with a run before and one after, and TIMES as many."""
    folder, made = tmp_path_factory.mktemp("growth"), {}
    for hosts in (FEW, FEW * TIMES):
        for when, name in enumerate(("before", "after")):
            for host in range(hosts):
                Imagined(shape(folder / f"{hosts} {name} {host}"), when=when).write(folder / f"{hosts}" / name, f"h{host:02}", 0)
        made[hosts] = folder / f"{hosts}"
    return made


@pytest.mark.parametrize("name", ["report", "compare", "history"])
def test_each_file_of_a_run_is_opened_as_often_however_many_runs_there_are(
        fleets: dict[int, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    def work(folder: Path) -> int:
        before, after = str(folder / "before"), str(folder / "after")
        if name == "report":
            return report(["--by", "host", before, after, "--out", str(tmp_path / "p.html")])
        if name == "compare":
            return compare([before, after])
        return history(["add", "--store", str(tmp_path / f"{folder.name}.sqlite"), *map(str, folder.glob("*/*/*"))])

    few, many = (opened(folder, lambda: work(folder)) for folder in fleets.values())
    runs = 2 * FEW
    assert few > 0 and few % runs == 0 and many == TIMES * few
    # Of a history the content is also its id.
    assert few // runs <= (10 if name != "history" else 20)


def test_a_page_of_more_hosts_is_at_most_so_many_times_as_large(fleets: dict[int, Path], tmp_path: Path) -> None:
    sizes = []
    for hosts, folder in fleets.items():
        assert report([str(folder / "before"), "--out", str(tmp_path / f"{hosts}.html")]) == 0
        sizes.append((tmp_path / f"{hosts}.html").stat().st_size)
    assert sizes[0] < sizes[1] < TIMES * sizes[0]


def test_adding_a_run_to_a_long_history_works_as_much_as_to_a_short_one(tmp_path: Path) -> None:
    steps, rows, size = [], [], []
    with store.opened(tmp_path / "h.sqlite", create=True) as kept:
        for number in range(60):
            one = record(number, *(estimate([100.0 + number, 101.0], f"{CASE}{case}") for case in range(20)))
            steps.append(worked(kept, lambda: kept.add(one)))
            rows.append(kept._connection.total_changes)
            size.append((tmp_path / "h.sqlite").stat().st_size)
    assert max(steps[50:]) < 1.3 * max(steps[5:15])
    assert {after - before for before, after in zip(rows[1:], rows[2:])} == {1 + 20}
    assert size[59] - size[39] < 1.5 * (size[39] - size[19])


def test_the_trend_of_a_case_reads_the_rows_of_that_case_alone(tmp_path: Path) -> None:
    steps = {}
    with store.opened(tmp_path / "h.sqlite", create=True) as kept:
        for number in range(40):
            kept.add(record(number, *(estimate([100.0 + number, 101.0], f"{CASE}{case}") for case in range(20))))
            if number + 1 in (10, 40):
                steps[number + 1] = worked(kept, lambda: kept.observations(f"{CASE}3", "quiet"))
                assert len(kept.observations(f"{CASE}3", "quiet")) == number + 1
    assert steps[40] < 4.5 * steps[10]
    assert steps[40] < 100 * 40


def worked(kept: store.Store, work: Callable[[], object]) -> int:
    """How many steps SQLite's machine made of it."""
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return 0

    kept._connection.set_progress_handler(step, 1)
    try:
        work()
    finally:
        kept._connection.set_progress_handler(None, 0)
    return count


def test_leaving_each_host_out_sorts_once_and_not_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    sorted_values = 0
    argsort = np.argsort

    def counted(values: np.ndarray, **how: object) -> np.ndarray:
        nonlocal sorted_values
        sorted_values += len(values)
        return argsort(values, **how)  # type: ignore[call-overload]

    monkeypatch.setattr(np, "argsort", counted)
    for hosts in (50, 51, 200, 201):
        sorted_values = 0
        rule.without_each(np.random.default_rng(1).normal(size=hosts))
        assert sorted_values <= 4 * hosts
