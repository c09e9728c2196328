"""Whether a path became longer or is another, on literals."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ..model import Reading
from ..paths import is_another, is_same, takes_two
from ..rule import Change, Verdict
from .made import reading


@pytest.mark.parametrize("values", [(6477, 6481, 10825), (20448, 16689, 20625), (4535, 6419, 6450), (100, 100, 106, 106)])
def test_seeds_that_fall_into_two_groups_took_two_paths(values: tuple[float, ...]) -> None:
    assert takes_two(reading(*values))


@pytest.mark.parametrize("values", [(100, 100, 100), (100, 100, 104), (4626, 5351, 7758), (100, 110, 121), (100, 200)])
def test_seeds_that_spread_or_are_few_took_one(values: tuple[float, ...]) -> None:
    assert not takes_two(reading(*values))


def _change(base: Reading, new: Reading) -> Change:
    return Change("a", base, new, Verdict.LONGER)


def _switched(switches: float | None) -> Reading:
    return replace(reading(100, 100, 100), switches=switches)


@pytest.mark.parametrize(("base", "new", "expected"), [
    (0.3, 3.55, True), (1.67, 1.01, True), (2.0, 2.004, False), (4.0, 4.15, False), (0.0, 0.05, False), (None, 3.0, False)])
def test_operations_that_are_switched_otherwise_took_another_path(base: float | None, new: float, expected: bool) -> None:
    change = _change(_switched(base), _switched(new))
    assert is_another(change) is expected and is_same(change) is not expected


def test_two_paths_on_either_side_are_not_the_same_path() -> None:
    two, one = reading(100, 100, 120), reading(200, 200, 200)
    assert not is_same(_change(two, one)) and not is_same(_change(one, two)) and is_same(_change(one, one))
