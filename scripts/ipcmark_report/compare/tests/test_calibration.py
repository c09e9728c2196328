"""How often nothing is called a change, and how often a change is found: on noise with a fixed seed."""

import numpy as np

from ipcmark_report.compare.discovery import q_values
from ipcmark_report.compare.rank_sum import rank_sum
from ipcmark_report.compare.signed_rank import shift_interval, signed_rank

TRIALS = 1000


def test_pairs_of_the_same_are_significant_in_about_five_per_cent() -> None:
    chance = np.random.default_rng(1)
    # Heavy tails, as times have them.
    alarms = np.mean([signed_rank(chance.standard_t(3, 20)) < 0.05 for _ in range(TRIALS)])
    assert 0.03 < alarms < 0.07


def test_an_interval_misses_the_true_change_in_about_five_per_cent() -> None:
    chance = np.random.default_rng(2)
    intervals = [shift_interval(0.1 + chance.standard_t(3, 20)) or (0.0, 0.0) for _ in range(TRIALS)]
    assert 0.03 < np.mean([not low <= 0.1 <= high for low, high in intervals]) < 0.07


def test_strata_of_the_same_are_significant_in_about_five_per_cent() -> None:
    chance = np.random.default_rng(3)

    def trial() -> float:
        strata = [(chance.normal(far, 1, 8 + far), chance.normal(far, 1, 14 - far)) for far in (0, 5)]
        return rank_sum(strata)
    assert 0.03 < np.mean([trial() < 0.05 for _ in range(TRIALS)]) < 0.07


def test_few_of_what_is_found_among_many_cases_is_false() -> None:
    chance = np.random.default_rng(4)
    rates, powers = [], []
    for _ in range(20):
        changed = np.arange(100) < 20
        p = [signed_rank(chance.normal(1.5 if one else 0, 1, 20)) for one in changed]
        found = np.array(q_values(p)) < 0.05
        rates.append((found & ~changed).sum() / max(1, found.sum()))
        powers.append(found[changed].mean())
    assert np.mean(rates) < 0.05 + 0.02
    assert np.mean(powers) > 0.9
