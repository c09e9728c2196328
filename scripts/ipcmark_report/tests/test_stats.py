"""The statistics, on numbers small enough to check by hand."""

import pytest

from ipcmark_report import units
from ipcmark_report.stats import Spread, medians, quantile_positions, spread_over_processes, values_at


def test_spread_is_over_processes() -> None:
    assert spread_over_processes([(1, 10.0), (2, 30.0), (3, 20.0)]) == Spread(20.0, 10.0, 30.0, 3)


def test_repetitions_of_one_process_count_once() -> None:
    # Round 1 repeats five times; by rows the median would be 10.
    rows = [(1, 10.0)] * 5 + [(2, 30.0), (3, 40.0)]
    assert spread_over_processes(rows) == Spread(30.0, 10.0, 40.0, 3)


def test_a_process_gives_the_median_of_its_repetitions() -> None:
    assert spread_over_processes([(1, 1.0), (1, 2.0), (1, 9.0)]) == Spread(2.0, 2.0, 2.0, 1)


def test_even_number_of_processes_gives_the_middle() -> None:
    assert spread_over_processes([(1, 10.0), (2, 20.0)]) == Spread(15.0, 10.0, 20.0, 2)


def test_missing_values_are_left_out() -> None:
    assert spread_over_processes([(1, None), (2, 4.0)]) == Spread(4.0, 4.0, 4.0, 1)
    assert spread_over_processes([(1, None)]) is None
    assert spread_over_processes([]) is None


def test_quantiles_are_exact_ranks() -> None:
    # Ten samples: 1, 1, 1, 1, 1, 2, 2, 2, 2, 9.
    values, counts = [1.0, 2.0, 9.0], [5, 4, 1]
    assert values_at(values, counts, [1.0, 2.0, 10.0]) == [1.0, 1.0, 2.0]
    assert values_at(values, counts, [100.0]) == [9.0]


def test_quantiles_of_one_sample() -> None:
    assert values_at([7.0], [1], [1.0, 2.0, 1000.0]) == [7.0, 7.0, 7.0]


def test_positions_end_at_the_sample_count() -> None:
    positions = quantile_positions(1000)
    assert positions[0] == 1.0
    assert positions[-1] == 1000.0
    assert list(positions) == sorted(set(positions))
    assert quantile_positions(1) == (1.0,)


def test_median_curve() -> None:
    assert medians([[1.0, 10.0], [3.0, 30.0], [2.0, 90.0]]) == [2.0, 30.0]


@pytest.mark.parametrize(("ns", "text"), [
    (0.35, "0.35 ns"), (140, "140 ns"), (5210, "5.21 µs"), (48_000, "48.0 µs"), (1.5e6, "1.50 ms"), (2e9, "2.00 s"),
    (0, "0 ns"),
])
def test_times(ns: float, text: str) -> None:
    assert units.time(ns) == text


def test_spread_is_written_in_the_unit_of_its_median() -> None:
    assert units.spread(Spread(6100, 5900, 12000, 3), units.time_scale) == "6.10 (5.90–12.0) µs"
    assert units.spread(Spread(6100, 6100, 6100, 1), units.time_scale) == "6.10 µs"
    assert units.spread(None, units.time_scale) == "–"


@pytest.mark.parametrize(("count", "text"), [
    (1, "1 B"), (64, "64 B"), (1000, "1000 B"), (1024, "1 KiB"), (1536, "1.5 KiB"), (65536, "64 KiB"),
    (1 << 30, "1 GiB"),
])
def test_sizes(count: int, text: str) -> None:
    assert units.size(count) == text


def test_rates() -> None:
    assert units.amount(1_234_567, units.rate_scale("messages")) == "1.23 M messages/s"
    assert units.amount(820e6, units.bytes_scale) == "820 MB/s"
