"""Points and trends: what is one sample, and what is kept apart."""

import pytest

from ipcmark_report.history.store import Observation
from ipcmark_report.history.trend import points_of, trends
from ipcmark_report.machines import Machine, by_machine
from ipcmark_report.stats import Spread

from .made import CASE, MACHINE, facts


def seen(number: int, median: float, **others: object) -> Observation:
    return Observation(facts(number, **others), Spread(median, median - 1, median + 2, 5))


def test_runs_of_one_boot_and_build_are_one_point() -> None:
    point, other = points_of([seen(1, 100, boot="a"), seen(2, 121, boot="a"), seen(3, 100, boot="b")])
    assert (len(point.runs), point.spread) == (2, Spread(pytest.approx(110), 99, 123, 10))
    assert len(other.runs) == 1


def test_another_build_or_kernel_in_the_same_boot_is_another_point() -> None:
    runs = [seen(1, 100, boot="a"), seen(2, 100, boot="a", git="ffff"), seen(3, 100, boot="a", kernel="6.13.0")]
    assert len(points_of(runs)) == 3


def test_runs_whose_boot_was_not_recorded_are_points_of_their_own() -> None:
    assert len(points_of([seen(1, 100, boot=""), seen(2, 100, boot="")])) == 2


def test_machines_are_never_mixed() -> None:
    slow, fast = Machine("slow", True), Machine("fast", True)
    runs = [seen(number, 200 if number % 2 else 100, machine=slow if number % 2 else fast) for number in range(20)]
    found = trends(CASE, "quiet", runs)
    assert [(t.machine, len(t.points), t.changes) for t in found] == [(fast, 10, ()), (slow, 10, ())]


def test_a_step_over_boots_is_a_change() -> None:
    trend, = trends(CASE, "quiet", [seen(number, 100 + number % 3 + 20 * (number >= 6)) for number in range(12)])
    assert [change.at for change in trend.changes] == [6]


def test_what_only_looks_like_a_machine_stays_apart_from_it() -> None:
    known, guessed = Machine("CPU, 2 CPUs", True), Machine("CPU, 2 CPUs", False)
    assert by_machine([known, guessed, known], lambda m: m) == {known: (known, known), guessed: (guessed,)}
    assert "identity not recorded" in guessed.name and "identity" not in MACHINE.name
