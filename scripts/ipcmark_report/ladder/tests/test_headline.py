"""Which steps are named first, on literals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..headline import by_kernel, rerouted, stands_out
from ..model import Boots, Kernels, in_order
from ..steps import steps
from .made import FUTEX, PIPE, boots, reading

FIFO = PIPE.replace("/pipe/size", "/fifo/size")


def _ladder(*kernels: Boots) -> Kernels:
    return Kernels(Path("."), in_order(list(kernels)))


def _lines(kernels: Kernels) -> tuple[Sequence[str], Sequence[str]]:
    found = steps(kernels)
    return stands_out(kernels, found), rerouted(kernels, found)


def test_what_is_far_beyond_the_seeds_comes_before_what_only_changed_by_more() -> None:
    lines, _ = _lines(_ladder(boots("6.1", {PIPE: reading(100, 108, 116), FUTEX: reading(100, 100, 100)}),
                              boots("6.12", {PIPE: reading(160, 180, 198), FUTEX: reading(150, 150, 150)})))
    assert [line.split(":")[0] for line in lines] == [FUTEX.split(":")[0], PIPE.split(":")[0]]


def test_a_case_with_two_paths_by_seed_is_named_apart_and_called_so() -> None:
    lines, others = _lines(_ladder(boots("6.1", {PIPE: reading(3671, 3704, 3671)}), boots("6.12", {PIPE: reading(20448, 16689, 20625)})))
    assert not lines and "two paths by seed on the newer kernel" in others[0]


def test_a_case_that_is_switched_otherwise_is_named_with_its_switches() -> None:
    base, new = replace(reading(100, 100, 100), switches=0.3), replace(reading(200, 200, 200), switches=2.0)
    lines, others = _lines(_ladder(boots("6.1", {PIPE: base}), boots("6.12", {PIPE: new})))
    assert not lines and "switched 0.30 times an operation, then 2.00" in others[0]


def test_a_family_has_one_line_a_kernel() -> None:
    lines, _ = _lines(_ladder(boots("6.1", {PIPE: reading(10, 10, 10), FIFO: reading(10, 10, 10)}),
                              boots("6.12", {PIPE: reading(15, 15, 15), FIFO: reading(20, 20, 20)})))
    assert len(lines) == 1 and lines[0].startswith(FIFO) and "1 more of latency/pipe." in lines[0]


def test_cases_are_counted_from_kernel_to_kernel_of_a_flavour() -> None:
    table = by_kernel(_ladder(
        boots("5.10", {PIPE: reading(10, 10, 10), FUTEX: reading(10, 10, 10)}), boots("5.10", {PIPE: reading(99, 99, 99)}, "rt"),
        boots("6.1", {PIPE: reading(11, 11, 11), FUTEX: reading(10, 10, 10)})), 0.01)
    assert table is not None and table.rows == (("6.1 cloud", "5.10 cloud", "1", "0", "1", "0", "+5.0\u00a0%"),)
    assert by_kernel(_ladder(boots("5.10", {PIPE: reading(10)})), 0.01) is None
