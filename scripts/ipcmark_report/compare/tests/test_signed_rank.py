"""The paired test against SciPy, printed tables and brute force."""

from itertools import combinations_with_replacement, product
from statistics import median

import numpy as np
import pytest
from scipy.stats import wilcoxon

from ipcmark_report.compare.signed_rank import detectable, hodges_lehmann, left_out, shift_interval, signed_rank

# Darwin's pairs of maize, crossed less self-fertilised, eighths of an inch (Hollander, Wolfe and Chicken use them too).
DARWIN = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]


def by_all_signs(differences: list[float]) -> float:
    """What p means: of all ways to sign the ranks, how many are at least so one-sided."""
    kept = np.array([one for one in differences if one != 0])
    order = np.abs(kept)
    ranks = np.array([(order < one).sum() + ((order == one).sum() + 1) / 2 for one in order])
    middle, seen = ranks.sum() / 2, ranks[kept > 0].sum()
    sums = [sum(rank for rank, sign in zip(ranks, signs) if sign) for signs in product((False, True), repeat=len(kept))]
    return sum(abs(one - middle) >= abs(seen - middle) - 1e-9 for one in sums) / len(sums)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("pairs", [6, 12, 20, 25])
def test_p_is_that_of_scipy_without_ties(seed: int, pairs: int) -> None:
    differences = np.random.default_rng(seed).normal(0.3, 1, pairs)
    assert signed_rank(differences) == pytest.approx(wilcoxon(differences, mode="exact").pvalue, abs=1e-12)


@pytest.mark.parametrize("differences", [
    [1, 1, 1, -1, 2, 2, -3], [0, 0, 1, 2, 3, -1], [1, 1, 1, 1, 1, 1], [-2, 2, -2, 2], [5, -1, -1, 3, 3, 3, 0, 8, 9],
])
def test_p_counts_all_signs_of_tied_ranks(differences: list[float]) -> None:
    assert signed_rank(differences) == pytest.approx(by_all_signs(differences), abs=1e-12)


def test_darwins_maize() -> None:
    # W = 96 of 120: two-sided 0.0413 in printed tables.
    assert signed_rank(DARWIN) == pytest.approx(0.0413, abs=5e-5)
    assert hodges_lehmann(DARWIN) == median((one + other) / 2 for one, other in combinations_with_replacement(DARWIN, 2))


def test_a_real_pair_of_runs_gives_what_the_table_of_versus_says() -> None:
    # limits/wake_up/futex at same_core, quiet, ns: -0.3 %, -0.6 % to +0.0 %, p 0.098. The clock's step makes ties and zeros.
    base = [3837, 3775, 3885, 4027, 3977, 3937, 3937, 3857, 3887, 3897, 3797, 3877, 3907, 3897, 3847, 3917, 3797, 3897,
            3957, 3937]
    versus = [3827, 3857, 3927, 3997, 3967, 3917, 3897, 3847, 3887, 3865, 3747, 3807, 3897, 3887, 3865, 3927, 3787, 3897,
              3927, 3937]
    differences = np.log(versus) - np.log(base)
    low, high = shift_interval(differences) or (0.0, 0.0)
    seen = [f"{100 * np.expm1(one):+.1f}" for one in (hodges_lehmann(differences), low, high)]
    assert [*seen, f"{signed_rank(differences):.3f}"] == ["-0.3", "-0.6", "+0.0", "0.098"]


def test_six_pairs_are_the_fewest_that_can_be_significant() -> None:
    assert signed_rank([1, 2, 3, 4, 5]) == 0.0625
    assert signed_rank([1, 2, 3, 4, 5, 6]) == 0.03125
    assert shift_interval([1, 2, 3, 4, 5]) is None
    assert shift_interval([1, 2, 3, 4, 5, 6]) == (1, 6)


@pytest.mark.parametrize(("pairs", "largest"), [(6, 0), (8, 3), (10, 8), (12, 13), (15, 25), (20, 52), (25, 89)])
def test_critical_values_are_those_of_printed_tables(pairs: int, largest: int) -> None:
    # Two-sided 5 %: the largest sum of ranks that is significant.
    assert left_out(pairs) == largest + 1


@pytest.mark.parametrize("seed", range(4))
def test_the_interval_holds_what_the_test_does_not_refuse(seed: int) -> None:
    differences = np.random.default_rng(seed).normal(0.2, 1, 11)
    low, high = shift_interval(differences) or (0.0, 0.0)
    just = 1e-9
    for end, outwards in ((low, -just), (high, just)):
        assert signed_rank(differences - (end + outwards)) < 0.05 <= signed_rank(differences - (end - outwards))


def test_nothing_differs() -> None:
    assert signed_rank([0.0] * 12) == 1.0
    assert signed_rank([]) == 1.0
    assert shift_interval([0.0] * 12) == (0.0, 0.0)


def test_many_pairs_are_taken_for_normal() -> None:
    differences = np.random.default_rng(1).normal(0.2, 1, 80)
    assert signed_rank(differences) == pytest.approx(wilcoxon(differences, mode="approx", correction=False).pvalue)
    low, high = shift_interval(differences) or (0.0, 0.0)
    assert low < hodges_lehmann(differences) < high


@pytest.mark.parametrize("pairs", [8, 20])
def test_a_detectable_change_is_found_in_four_of_five_comparisons(pairs: int) -> None:
    chance = np.random.default_rng(5)
    claimed = np.median([detectable(chance.normal(0, 1, pairs)) for _ in range(100)])
    found = [signed_rank(chance.normal(claimed, 1, pairs)) < 0.05 for _ in range(400)]
    # Of eight pairs the spread itself is hardly known.
    assert 0.65 < np.mean(found) < 0.9
    assert detectable([1.0] * 5) is None


def test_a_detectable_change_scales_with_the_spread_and_not_with_the_change() -> None:
    differences = np.random.default_rng(6).normal(0, 1, 20)
    assert detectable(differences + 7) == pytest.approx(detectable(differences))
    assert detectable(3 * differences) == pytest.approx(3 * (detectable(differences) or 0))
