"""The unpaired test against SciPy, printed tables and brute force."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu, norm

from ipcmark_report.compare.rank_sum import counts, detectable, left_out, rank_sum, shift, shift_interval, strata_of


def sides(seed: int, base: int = 9, new: int = 11, by: float = 0.6) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    return chance.normal(0, 1, base), chance.normal(by, 1, new)


def test_orders_are_counted() -> None:
    def brute(base: int, new: int) -> list[int]:
        found = [0] * (base * new + 1)
        for places in combinations(range(base + new), new):
            found[sum(place - index for index, place in enumerate(places))] += 1
        return found
    for base, new in ((1, 1), (3, 2), (4, 4), (2, 6)):
        assert counts(base, new).tolist() == brute(base, new)


@pytest.mark.parametrize(("base", "new", "largest"), [(4, 4, 0), (5, 5, 2), (8, 8, 13), (10, 10, 23), (20, 20, 127)])
def test_critical_values_are_those_of_printed_tables(base: int, new: int, largest: int) -> None:
    # Two-sided 5 %: the largest U that is significant.
    assert left_out(base, new) == largest + 1


def test_too_few_values_have_no_interval() -> None:
    assert left_out(3, 3) == 0
    assert shift_interval([(np.arange(3.0), np.arange(3.0))]) is None
    assert detectable([(np.arange(3.0), np.arange(3.0))]) is None
    assert shift_interval([]) is None


@pytest.mark.parametrize("seed", range(4))
def test_the_interval_holds_what_the_test_does_not_refuse(seed: int) -> None:
    base, new = sides(seed)
    low, high = shift_interval([(base, new)]) or (0.0, 0.0)
    exact = lambda by: mannwhitneyu(new - by, base, method="exact").pvalue  # noqa: E731
    for end, outwards in ((low, -1e-9), (high, 1e-9)):
        assert exact(end + outwards) < 0.05 <= exact(end - outwards)
    assert low < shift([(base, new)]) < high


def test_one_stratum_is_mann_and_whitneys_test() -> None:
    base, new = sides(1)
    assert rank_sum([(base, new)]) == mannwhitneyu(new, base).pvalue


def test_a_stratum_on_both_sides_is_compared_and_others_are_not() -> None:
    strata = strata_of([1, 2, 30], [4, 50, 60], [0, 0, 1], [0, 2, 2])
    assert [(base.tolist(), new.tolist()) for base, new in strata] == [([1, 2], [4])]
    assert rank_sum([]) == 1.0


def test_van_elteren_of_equal_strata_is_their_common_z() -> None:
    # Two equal strata of three against three, all new above: each W is 4.5 above its mean, its variance 5.25.
    stratum = (np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0]))
    z = 2 * 4.5 / np.sqrt(2 * 5.25)
    assert rank_sum([stratum, stratum]) == pytest.approx(2 * norm.sf(z))


def test_strata_hide_nothing_that_another_mix_of_them_would() -> None:
    # Twice as slow far apart; the second run is far apart more often, and no slower.
    chance = np.random.default_rng(3)
    base_far, new_far = np.arange(30) % 4 == 0, np.arange(30) % 4 != 0
    base, new = chance.normal(0, 0.02, 30) + 0.7 * base_far, chance.normal(0, 0.02, 30) + 0.7 * new_far
    pooled, apart = [(base, new)], strata_of(base, new, base_far.astype(int), new_far.astype(int))
    assert rank_sum(pooled) < 0.05 < rank_sum(apart)
    low, high = shift_interval(apart) or (1.0, 1.0)
    assert -0.03 < low < 0 < high < 0.03
    slower = strata_of(base, new + 0.05, base_far.astype(int), new_far.astype(int))
    assert rank_sum(slower) < 1e-4
    low, high = shift_interval(slower) or (0.0, 0.0)
    assert low < 0.05 < high and low > 0


def test_equal_values_differ_by_nothing() -> None:
    same = (np.ones(8), np.ones(8))
    assert rank_sum([same]) == 1.0
    assert rank_sum([same, same]) == 1.0


def test_a_detectable_change_is_found_in_four_of_five_comparisons() -> None:
    chance = np.random.default_rng(5)
    draw = lambda by: (chance.normal(0, 1, 15), chance.normal(by, 1, 15))  # noqa: E731
    claimed = float(np.median([detectable([draw(0)]) for _ in range(60)]))
    assert 0.7 < np.mean([rank_sum([draw(claimed)]) < 0.05 for _ in range(300)]) < 0.9
