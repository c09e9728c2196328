"""When two kernels differ, on numbers of which the answer is known."""

from __future__ import annotations

import pytest

from ..rule import Verdict, change_of, changes, verdict
from .halves import halves, only_apart
from .made import boots, reading


@pytest.mark.parametrize(("base", "new", "expected"), [
    ((100, 100, 100), (110, 110, 110), Verdict.LONGER),
    ((110, 110, 110), (100, 100, 100), Verdict.SHORTER),
    ((100, 100, 100), (100, 100, 100), Verdict.EQUIVALENT),
    ((100, 101, 100), (101, 100, 101), Verdict.EQUIVALENT),
    # Apart, but by less than the threshold.
    ((100, 100, 100), (101, 101, 101), Verdict.EQUIVALENT),
    # Far, but the seeds of the one reach into the other's.
    ((100, 100, 112), (110, 111, 113), Verdict.INCONCLUSIVE),
    # Some seeds are apart by more than the threshold, the middles are not.
    ((99, 100, 100), (100.5, 101, 104), Verdict.INCONCLUSIVE),
    # Apart, but by less than the seeds of one are.
    ((100, 101, 102), (112, 118, 127), Verdict.INCONCLUSIVE),
    ((5388, 5363, 5377), (6170, 10755, 10559), Verdict.INCONCLUSIVE),
    # Touching is not apart.
    ((100, 100, 105), (105, 110, 110), Verdict.INCONCLUSIVE),
    # However far apart, two boots are too few.
    ((100, 100), (200, 200), Verdict.NONE),
    ((100, 100, 100), (200, 200), Verdict.NONE),
])
def test_a_change_is_claimed_only_beyond_the_seeds_of_both(base: tuple[float, ...], new: tuple[float, ...],
                                                           expected: Verdict) -> None:
    assert verdict(reading(*base), reading(*new))[0] is expected


def test_exactly_the_threshold_is_no_change() -> None:
    assert verdict(reading(100, 100, 100), reading(105, 105, 105), 0.05)[0] is Verdict.EQUIVALENT
    assert verdict(reading(100, 100, 100), reading(105.001, 105.001, 105.001), 0.05)[0] is Verdict.LONGER


def test_the_same_kernel_under_two_names_is_equivalent() -> None:
    values = {"a": reading(10086, 10100, 10046), "b": reading(18086, 18500, 18346)}
    one, other = boots("6.1", values), boots("6.1", values, "generic")
    assert {change.verdict for change in changes(one, other)} == {Verdict.EQUIVALENT}


def test_a_kernel_whose_self_check_is_off_leaves_no_claim() -> None:
    one, other = boots("6.1", {"a": reading(100, 100, 100)}), boots("6.2", {"a": reading(200, 200, 200)}, off=["boot 2: 9.09"])
    for base, new in ((one, other), (other, one)):
        change = change_of("a", base, new)
        assert change is not None and change.verdict is Verdict.NONE and "self-check" in change.why


def test_a_case_that_one_kernel_lacks_is_no_change() -> None:
    assert change_of("a", boots("6.1", {"a": reading(1)}), boots("6.2", {})) is None


def test_a_kernel_s_own_boots_are_halved_in_every_way_once() -> None:
    found = [(set(one.values), set(other.values)) for one, other in halves((1, 2, 3, 4))]
    assert found == [({1, 2}, {3, 4}), ({1, 3}, {2, 4}), ({1, 4}, {2, 3})]
    assert only_apart(reading(1, 2, 3), reading(4, 5, 6)) and not only_apart(reading(1, 2, 4), reading(3, 5, 6))
