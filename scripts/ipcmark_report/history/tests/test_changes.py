"""Where a series changes its level, on literals."""

import random

import pytest

from ipcmark_report.history.changes import changes

# 2 % of noise, fixed.
NOISE = (0.3, -1.1, 0.8, 1.6, -0.4, -1.9, 0.1, 1.2, -0.7, 0.5, -1.4, 0.9, 1.8, -0.2, -0.9, 0.6, 1.4, -1.6, 0.2, -0.5)


def series(*levels: float) -> list[float]:
    return [level * (1 + NOISE[index % len(NOISE)] / 100) for index, level in enumerate(levels)]


def test_a_step_is_found_at_its_place_with_its_size() -> None:
    change, = changes(series(*[100] * 10, *[110] * 10))
    assert change.at == 10 and change.ratio == pytest.approx(1.1, rel=0.015) and change.p < 0.01


def test_noise_alone_has_no_change() -> None:
    assert changes(series(*[100] * 20)) == ()


def test_a_single_spike_is_no_change_wherever_it_is() -> None:
    for place in range(20):
        values = series(*[100] * 20)
        values[place] *= 3
        assert changes(values) == ()


def test_a_spike_does_not_hide_a_step() -> None:
    values = series(*[100] * 10, *[110] * 10)
    values[4] *= 5
    assert [change.at for change in changes(values)] == [10]


def test_a_level_that_comes_and_goes_is_two_changes() -> None:
    found = changes(series(*[100] * 12, *[120] * 10, *[100] * 12))
    assert [change.at for change in found] == [12, 22]
    assert found[0].ratio > 1.15 and found[1].ratio < 0.87


def test_several_steps_are_found_in_order() -> None:
    found = changes(series(*[100] * 15, *[110] * 15, *[130] * 15, *[90] * 15))
    assert [change.at for change in found] == [15, 30, 45]


def test_a_change_below_the_least_is_none_and_the_least_can_be_chosen() -> None:
    values = [100.0, 100.1] * 10 + [101.0, 101.1] * 10
    assert changes(values) == ()
    assert [change.at for change in changes(values, least=0.005)] == [20]


@pytest.mark.parametrize("count", range(8))
def test_too_few_values_show_nothing(count: int) -> None:
    assert changes(([100.0] * 4 + [200.0] * 4)[:count]) == ()


def test_eight_values_are_enough_for_a_clear_step() -> None:
    assert [change.at for change in changes([100, 101, 99, 100.5, 150, 151, 149, 150.5])] == [4]


def test_equal_values_have_no_change() -> None:
    assert changes([5.0] * 30) == ()


def test_the_same_values_give_the_same_answer() -> None:
    values = series(*[100] * 9, *[108] * 9)
    assert changes(values) == changes(list(values))


def test_chance_alone_is_called_a_change_about_as_seldom_as_it_says() -> None:
    chance = random.Random(3)
    alarms = sum(bool(changes([chance.lognormvariate(0, 0.1) for _ in range(12)])) for _ in range(200))
    # 5 % of 200 are 10; 22 and more have a probability below 0.001.
    assert alarms < 22
