"""The figures of a process, and which processes are compared."""

from dataclasses import replace

import pytest

from ipcmark_report.estimates import ESTIMATORS, estimates_of, refusal
from ipcmark_report.load import parse_case
from ipcmark_report.model import Row
from ipcmark_report.stats import Spread

CASE = parse_case("latency/pipe/pipe/size:64/placement:same_core")
assert CASE is not None
ROW = Row(CASE, "latency", 1, time_ns=50.0, quiet_ns=40.0, typical_ns=51.0, tail_ns=90.0, latency_ns_p50=52.0,
          latency_ns_p99=91.0)


def figures(row: Row) -> list[float | None]:
    return [value(row) for value in ESTIMATORS.values()]


def test_a_process_with_repetitions_has_its_own_figures() -> None:
    assert figures(ROW) == [40.0, 51.0, 90.0]


def test_a_process_from_before_repetitions_has_those_over_all_its_samples() -> None:
    old = replace(ROW, quiet_ns=None, typical_ns=None, tail_ns=None)
    assert figures(old) == [None, 52.0, 91.0]
    assert figures(replace(old, latency_ns_p50=None, latency_ns_p99=None)) == [None, 50.0, None]


def test_a_process_gives_one_value_whatever_its_repetitions() -> None:
    rows = [ROW, replace(ROW, quiet_ns=42.0), replace(ROW, round=2, quiet_ns=60.0), replace(ROW, round=3, quiet_ns=0.0)]
    quiet = estimates_of(rows)[0]
    assert (quiet.estimator, quiet.values) == ("quiet", ((1, 41.0), (2, 60.0)))
    assert quiet.spread == Spread(50.5, 41.0, 60.0, 2)


@pytest.mark.parametrize("change, why", [
    ({}, None), ({"error": "boom"}, "failed"), ({"comparable": 0.0}, "not comparable"),
    ({"saturated": 1.0}, "saturated"), ({"comparable": 1.0, "saturated": 0.0}, None),
])
def test_what_must_not_be_compared_is_told_why(change: dict[str, object], why: str | None) -> None:
    found = refusal(replace(ROW, **change))
    assert found is None if why is None else why in str(found)
