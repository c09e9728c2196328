"""Many tests at once, and percentiles of a process, on literals."""

import numpy as np
import pytest

from ipcmark_report.compare.discovery import as_of_one_look, expected_false, look_at, q_values
from ipcmark_report.stats import values_at

# The fifteen p values of Benjamini and Hochberg's paper of 1995.
PAPER = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]


def test_q_of_the_papers_example() -> None:
    # As R's p.adjust(p, "BH") and statsmodels' fdr_bh have them.
    expected = [0.0015, 0.003, 0.0095, 0.035625, 0.0603, 0.063857142857, 0.063857142857, 0.0645, 0.0765, 0.486,
                0.581181818182, 0.714875, 0.753230769231, 0.813214285714, 1.0]
    assert q_values(PAPER) == pytest.approx(expected)
    assert sum(q < 0.05 for q in q_values(PAPER)) == 4


def test_q_stands_in_the_order_of_its_p() -> None:
    shuffled = [PAPER[index] for index in (14, 0, 7, 3)]
    assert q_values(shuffled) == pytest.approx([1.0, 0.0004, 0.0344 * 4 / 3, 0.019])
    assert q_values([]) == []
    assert q_values([0.03]) == [0.03]


def test_as_many_false_ones_are_expected_as_the_largest_q_says() -> None:
    assert expected_false([0.01, 0.04, 0.002]) == pytest.approx(0.12)
    assert expected_false([]) == 0


@pytest.mark.parametrize(("rounds", "look"), [(11, None), (12, (12, 0.005)), (23, (12, 0.005)), (24, (24, 0.016)),
                                              (40, (40, 0.045)), (55, (40, 0.045))])
def test_only_a_planned_look_can_find_something(rounds: int, look: tuple[int, float] | None) -> None:
    assert look_at(rounds) == look


def test_p_of_a_look_is_below_five_per_cent_where_it_is_below_the_looks_own() -> None:
    assert as_of_one_look(0.0049, 0.005) < 0.05 < as_of_one_look(0.0051, 0.005)
    assert as_of_one_look(0.5, 0.005) == 1.0


def test_percentiles_are_numpys_inverted_distribution_function() -> None:
    values, counts = [1.0, 2.0, 4.0, 8.0, 16.0], [50, 25, 15, 9, 1]
    samples = np.repeat(values, counts)
    for share in (0.1, 0.5, 0.9, 0.99, 0.999):
        assert values_at(values, counts, [1 / (1 - share)]) == [np.percentile(samples, 100 * share, method="inverted_cdf")]
