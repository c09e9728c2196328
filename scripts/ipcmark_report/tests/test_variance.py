"""Where variance arises."""

import math

import numpy as np
import pytest

from ipcmark_report.variance import Components, Window, components


def windows(*typical: float) -> list[Window]:
    return [Window(value, 1000) for value in typical]


def test_processes_that_differ_and_repetitions_that_do_not_put_it_all_on_processes() -> None:
    found = components([windows(100, 100), windows(110, 110), windows(120, 120)])
    assert found is not None
    assert found.shares() == (1.0, 0.0, 0.0)
    assert found.process == pytest.approx(np.var(np.log([100, 110, 120]), ddof=1))


def test_repetitions_that_differ_in_the_same_way_in_each_process_put_it_on_repetitions() -> None:
    found = components([windows(90, 110), windows(110, 90), windows(90, 110)])
    assert found is not None
    process, repetition, within = found.shares()
    assert (process, within) == (0.0, 0.0) and repetition == 1.0


def test_the_spread_of_single_operations_counts_by_their_number() -> None:
    wide = [Window(value, 9, 50.0, 200.0) for value in (100.0, 160.0)]
    found = components([wide, wide])
    sd = math.log(4) / 2.5631
    assert found is not None and found.within == pytest.approx(math.pi / 2 * sd**2 / 9, rel=1e-3)
    many = [Window(w.typical, 4_000_000, w.p10, w.p90) for w in wide]
    assert (found := components([many, many])) is not None and found.within < 1e-5


def test_known_components_are_found_again() -> None:
    chance = np.random.default_rng(1)
    processes = [[Window(float(np.exp(chance.normal(0, 0.02) + p)), 1e9) for _ in range(8)] for p in chance.normal(0, 0.05, 3000)]
    found = components(processes)
    assert found is not None
    assert math.sqrt(found.process) == pytest.approx(0.05, rel=0.05) and math.sqrt(found.repetition) == pytest.approx(0.02, rel=0.05)


def test_one_process_or_one_repetition_tells_nothing() -> None:
    assert components([windows(1, 2)]) is None
    assert components([windows(1), windows(2)]) is None


def test_the_best_number_of_repetitions_follows_cost_and_variance() -> None:
    found = Components(process=1e-4, repetition=4e-4, within=0.0, processes=20, repetitions=8)
    assert found.best_repetitions(process_cost=0.9, repetition_cost=0.1) == pytest.approx(6.0)
    assert math.isinf(Components(0.0, 1e-4, 0.0, 20, 8).best_repetitions(1, 1))
