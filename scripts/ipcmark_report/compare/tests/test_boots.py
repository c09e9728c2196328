"""Several boots a side: a boot is the unit, alternating boots are pairs, few boots give no verdict."""

from pathlib import Path
from typing import Any

import pytest

from ipcmark_report.compare import Comparison, compare_runs
from ipcmark_report.compare.design import blocks_of
from ipcmark_report.compare.model import Design, Verdict
from ipcmark_report.load import load_run
from ipcmark_report.model import Run
from ipcmark_report.tests.pairs import BASE, NEW, Pair

PIPE = "latency/pipe/pipe/size:64/placement:same_core"
CASES = {PIPE: 5200.0, "latency/semaphore/posix/placement:same_core": 5100.0}
KERNEL = {"kernel": {"release": "6.18.0-example"}}


def boots(folder: Path, order: str, **pair: Any) -> tuple[list[Run], list[Run]]:
    """One run a letter: A of the base, B of the new side."""
    found: tuple[list[Run], list[Run]] = ([], [])
    for index, letter in enumerate(order):
        one = Pair(rounds=3, cases=CASES, interleaved=False, drift=0.01, seed=index, boot=f"boot {index}",
                   environment=KERNEL, started_at=f"2024-05-01T{index:02}:00:00Z", **pair)
        found[letter == "B"].append(load_run(one.write_side(folder / f"{index}", NEW if letter == "B" else BASE)))
    return found


def compared(folder: Path, order: str, **pair: Any) -> Comparison:
    base, new = boots(folder, order, **pair)
    return compare_runs(base, new, varying=("kernel",))


def judged(comparison: Comparison, case: str = PIPE) -> Any:
    return next(cell.judged for cell in comparison.cells if cell.case.text == case)


def test_alternating_boots_are_pairs_of_neighbours() -> None:
    times = [f"2024-05-01T{hour:02}:00:00Z" for hour in range(8)]
    assert blocks_of([times[0], times[3], times[4], times[7]], [times[1], times[2], times[5], times[6]]) == (
        (0, 0), (1, 1), (2, 2), (3, 3))
    assert blocks_of(times[:4], times[4:]) == ()
    assert blocks_of(times[:1], times[1:3]) == ()
    assert blocks_of(["not recorded"], [times[0]]) == ()


def test_six_alternating_boots_can_be_starred(tmp_path: Path) -> None:
    comparison = compared(tmp_path, "ABBA" * 3, inject={"pipe": 1.1})
    assert comparison.design is Design.BOOTS and comparison.void == ""
    change = judged(comparison)
    assert (change.pairs, change.p) == (6, 0.03125)
    assert change.ratio == pytest.approx(1.1, abs=0.02)
    # One value a process is shown, with the number of its boot.
    assert [boot for boot, _ in change.base] == sorted([1, 2, 3, 4, 5, 6] * 3)
    assert judged(comparison, "latency/semaphore/posix/placement:same_core").verdict is not Verdict.REGRESSION


def test_eight_boots_star_what_changed_and_no_more(tmp_path: Path) -> None:
    comparison = compared(tmp_path, "ABBA" * 4, inject={"pipe": 1.1})
    assert {cell.case.text for cell in comparison.cells if cell.judged.starred} == {PIPE}
    assert comparison.cells[0].confounders == ()


def test_boots_that_do_not_alternate_are_no_pairs_and_say_so(tmp_path: Path) -> None:
    comparison = compared(tmp_path, "A" * 7 + "B" * 7, inject={"pipe": 1.2})
    change = judged(comparison)
    assert change.starred and change.pairs == 7
    assert "boots did not alternate" in comparison.cells[0].confounders


def test_fewer_than_six_boots_have_no_star_and_say_so(tmp_path: Path) -> None:
    comparison = compared(tmp_path, "ABBA" * 2, inject={"pipe": 2})
    assert not any(cell.judged.starred for cell in comparison.cells)
    assert "4 boots a side: no verdict with fewer than 6" in comparison.void
    assert comparison.void in comparison.says


def test_one_boot_of_each_kernel_is_no_verdict(tmp_path: Path) -> None:
    base, new = boots(tmp_path, "AB", inject={"pipe": 2})
    for varying in ((), ("kernel",)):
        comparison = compare_runs(base, new, varying=varying)
        assert "one boot is one sample of a kernel" in comparison.void
        assert not any(cell.judged.starred for cell in comparison.cells)


def test_two_runs_of_one_boot_are_no_two_boots(tmp_path: Path) -> None:
    base, new = boots(tmp_path, "ABBA" * 3, inject={"pipe": 2})
    comparison = compare_runs([*base[:-1], base[0]], new)
    assert "same boot" in comparison.void
    assert not any(cell.judged.starred for cell in comparison.cells)
