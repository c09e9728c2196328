"""How small a change so many pairs find."""

import math
import warnings

import pytest

from ipcmark_report.power import detectable, found_with, power, spread_between


def test_a_far_process_does_not_make_the_spread() -> None:
    usual = [100.0, 101.0, 99.0, 100.5, 99.5, 100.2]
    assert spread_between([*usual, 5000.0]) == pytest.approx(spread_between(usual), rel=1.0)
    assert spread_between([1.0, 2.0]) is None and spread_between([0.0, 0.0, 0.0]) is None


def test_without_a_change_the_test_finds_one_in_five_per_cent() -> None:
    assert power(0.0, 0.1, 12) == pytest.approx(0.05)


def test_power_grows_with_the_change_and_with_pairs() -> None:
    assert power(0.02, 0.05, 20) < power(0.05, 0.05, 20) < power(0.05, 0.05, 40)


def test_the_smallest_change_is_that_of_eighty_per_cent() -> None:
    found = detectable(0.05, 20)
    assert found is not None
    assert power(math.log1p(found), 0.05 * math.sqrt(2), 20) == pytest.approx(0.8)


def test_four_times_the_pairs_see_about_half_the_change() -> None:
    few, many = detectable(0.01, 20), detectable(0.01, 80)
    assert few is not None and many is not None and few / many == pytest.approx(2.0, rel=0.05)


def test_fewer_than_six_pairs_see_nothing() -> None:
    assert detectable(0.01, 5) is None and detectable(0.01, 6) is not None
    assert detectable(0.0, 20) == 0.0


def test_what_was_measured_with_some_pairs_is_carried_on_to_others_like_what_is_reckoned() -> None:
    few, many = detectable(0.02, 20), detectable(0.02, 80)
    assert few is not None and found_with(80, 20, few) == pytest.approx(many)
    assert found_with(20, 20, 0.04) == pytest.approx(0.04)
    assert (found_with(80, 20, 0.04) or 0) == pytest.approx(0.04 / 2, rel=0.1) and (found_with(6, 20, 0.04) or 0) > 0.07
    assert found_with(5, 20, 0.04) is None and found_with(20, 5, 0.04) is None


def test_spreads_beyond_all_measure_give_no_figure_and_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for sd in (1e-300, 1e-9, 1.0, 10.0, 700.0, 1e300):
            for pairs in (6, 20, 1000, 100_000):
                found = detectable(sd, pairs)
                assert found is None or 0 <= found < 1e13
        assert detectable(700.0, 20) is None and detectable(1e300, 20) is None
        assert power(0.01, 1e300, 20) == pytest.approx(0.05) and power(1e300, 0.01, 20) == power(0.5, 1e-9, 6) == 1.0
