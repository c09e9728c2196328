"""The rule that names hosts: held against reckoning by hand, fleets without an odd host, and fleets with one."""

import numpy as np
import pytest
from scipy.special import digamma

from ipcmark_report.fleet import rule

from .power import Imagined, named


@pytest.mark.parametrize("count", [5, 6, 9, 10, 31])
@pytest.mark.parametrize("ties", [False, True])
def test_medians_without_each_are_those_of_the_others(count: int, ties: bool) -> None:
    values = np.random.default_rng(count).normal(size=count)
    values = np.round(values) if ties else values
    middle, deviation = rule.without_each(values)
    for index in range(count):
        others = np.delete(values, index)
        assert middle[index] == np.median(others)
        nearest = np.sort(np.abs(others - np.median(others)))[:len(others) - len(others) // 4]
        assert deviation[index] == pytest.approx(np.sqrt(np.mean(nearest**2)), abs=1e-12)


@pytest.mark.parametrize("count", [4, 7, 20, 59, 61, 200])
def test_a_squared_deviation_made_a_variance_is_right_on_the_average(count: int) -> None:
    freedom, factor = rule.of_deviation(count)
    drawn = np.random.default_rng(7).normal(0, 3, (4000, count))
    squares = factor * rule.deviation(drawn) ** 2
    # As of a variance of so many degrees of freedom: the mean of the logarithm lies below that of the variance.
    assert np.log(squares).mean() == pytest.approx(np.log(9) + digamma(freedom / 2) - np.log(freedom / 2), abs=0.06)


def test_a_host_that_is_slow_in_all_is_named_by_its_level_and_no_other() -> None:
    values, errors = Imagined(20, cases=60, slow_cases=60).draw(np.random.default_rng(1))
    found, = rule.name([rule.judge(values, errors)])
    assert found.by_level.tolist() == [True] + [False] * 19 and not found.fields[1:].any()


def test_a_host_that_is_slow_in_a_noun_is_named_by_cases_of_it() -> None:
    values, errors = Imagined(20, cases=60, slow_cases=10, factor=1.2).draw(np.random.default_rng(2))
    judged = rule.judge(values, errors)
    found, = rule.name([judged])
    assert not found.by_level.any() and found.hosts.tolist() == [True] + [False] * 19
    assert found.fields[0, :10].sum() >= 8 and not found.fields[0, 10:].any()
    assert np.exp(judged.apart[0, :10]).mean() == pytest.approx(1.2, abs=0.03)


def test_fleets_without_an_odd_host_have_one_named_about_as_often_as_is_allowed() -> None:
    # 5 % are allowed; of 60 fleets more than 9 would be less likely than 1 in 1000.
    first, others = named(Imagined(8, cases=40), 60)
    assert first + others <= 9 / 60


def test_most_hosts_that_are_a_tenth_slower_are_found_among_twenty() -> None:
    assert named(Imagined(20, cases=40, slow_cases=40), 20)[0] >= 0.8


def test_two_slow_hosts_do_not_hide_each_other() -> None:
    values, errors = Imagined(16, cases=60).draw(np.random.default_rng(3))
    values[:2] += np.log(1.15)
    found, = rule.name([rule.judge(values, errors)])
    assert found.by_level[:2].all() and not found.hosts[2:].any()


def test_fewer_hosts_than_six_are_never_named() -> None:
    values = np.random.default_rng(4).normal(0, 1e-3, (5, 10))
    values[0] += 1.0
    found, = rule.name([rule.judge(values, np.full((5, 10), 1e-3))])
    assert not found.hosts.any() and np.isnan(found.q).all()


def test_a_difference_below_two_per_cent_is_none_however_sure() -> None:
    values = np.random.default_rng(5).normal(0, 1e-4, (12, 30))
    values[0] += np.log(1.015)
    found, = rule.name([rule.judge(values, np.full((12, 30), 1e-4))])
    assert found.q[0] < 0.001 and not found.hosts.any()


def test_a_host_that_differs_from_itself_is_not_named_for_it() -> None:
    values, errors = Imagined(12, cases=40).draw(np.random.default_rng(6))
    values[0, 3] += np.log(1.3)
    quiet = errors.copy()
    quiet[:, 3] = 0.005
    noisy = quiet.copy()
    noisy[0, 3] = 0.3
    assert rule.judge(values, quiet).p[0, 3] < 0.01 < 0.2 < rule.judge(values, noisy).p[0, 3]


def test_runs_that_moved_a_host_as_a_whole_make_its_level_less_sure() -> None:
    values, errors = Imagined(12, cases=40, slow_cases=40).draw(np.random.default_rng(7))
    sure = rule.judge(values, errors).level_p[0]
    assert sure < 0.001 < rule.judge(values, errors, np.full(12, 0.1)).level_p[0]


def test_what_is_missing_is_left_out_and_what_nobody_has_is_unknown() -> None:
    values, errors = Imagined(8, cases=20).draw(np.random.default_rng(8))
    values[3, 5] = values[:, 7] = np.nan
    judged = rule.judge(values, errors)
    assert np.isnan(judged.p[3, 5]) and np.isnan(judged.p[:, 7]).all() and np.isnan(judged.centre[7])
    assert np.isfinite(judged.p[:3, 5]).all() and np.isfinite(judged.level).all()


def test_hosts_that_agree_to_the_last_digit_are_alike() -> None:
    found, = rule.name([rule.judge(np.zeros((6, 4)), np.zeros((6, 4)))])
    assert not found.hosts.any()


def test_hosts_are_corrected_over_all_kinds_together() -> None:
    values, errors = Imagined(12, cases=30, slow_cases=30, factor=1.07).draw(np.random.default_rng(9))
    judged = rule.judge(values, errors)
    alone, = rule.name([judged])
    beside = rule.name([judged, *(rule.judge(*Imagined(12, cases=30).draw(np.random.default_rng(seed))) for seed in range(20, 25))])[0]
    assert beside.q[0] > alone.q[0]
