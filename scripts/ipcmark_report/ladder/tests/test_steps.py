"""Steps along kernels, on literals."""

from __future__ import annotations

from pathlib import Path

from ..columns import columns_of
from ..model import Kernels, in_order
from ..steps import levels_of, steps
from .made import PIPE, boots, reading


def _kernels(*values: tuple[str, float, str]) -> Kernels:
    return Kernels(Path("."), in_order([boots(version, {PIPE: reading(at - 1, at, at + 1)}, flavour)
                                        for version, at, flavour in values]))


def test_a_step_is_found_between_neighbours_of_one_flavour() -> None:
    kernels = _kernels(("6.12", 1100, "cloud"), ("5.10", 1000, "cloud"), ("6.1", 1001, "cloud"), ("6.1", 2000, "rt"),
                       ("6.12", 2001, "rt"))
    found = steps(kernels)
    assert [(kernels.boots[step.before].kernel.id, kernels.boots[step.at].kernel.id) for step in found] == [
        ("6.1-cloud", "6.12-cloud")]


def test_a_step_over_a_kernel_without_the_case_is_one_of_its_neighbours() -> None:
    kernels = Kernels(Path("."), in_order([
        boots("5.10", {PIPE: reading(10, 10, 10)}), boots("6.1", {}), boots("6.12", {PIPE: reading(20, 20, 20)})]))
    assert [(step.before, step.at) for step in steps(kernels)] == [(0, 2)]


def test_the_largest_step_comes_first_whichever_way() -> None:
    kernels = _kernels(("5.10", 1000, ""), ("6.1", 1100, ""), ("6.12", 500, ""), ("7.0", 800, ""))
    assert [kernels.boots[step.at].kernel.version for step in steps(kernels)] == ["6.12", "7.0", "6.1"]


def test_a_level_is_one_that_stays() -> None:
    values = [1000, 1001, 1000, 1002, 1001, 1400, 1401, 1402, 1400]
    kernels = _kernels(*((f"6.{minor}", value, "") for minor, value in enumerate(values)))
    assert [level.at for level in levels_of(kernels, PIPE, "")] == [5]
    assert levels_of(_kernels(*((f"6.{minor}", value, "") for minor, value in enumerate(values[:7]))), PIPE, "") == ()


def test_flavours_of_one_version_share_a_column_and_twins_do_not() -> None:
    shared = in_order([boots("6.1", {}), boots("6.1", {}, "rt"), boots("6.12", {})])
    assert columns_of(shared).names == ("6.1", "6.12") and columns_of(shared).of == (0, 0, 1)
    series = in_order([boots("6.1.192-3", {}), boots("7.3~rc7-1", {}), boots("7.3.4-1", {})])
    assert columns_of(series).names == ("6.1", "7.3~rc7", "7.3.4")
    twins = in_order([boots("6.1", {}), boots("6.1", {}), boots("6.12", {})])
    assert columns_of(twins).of == (0, 1, 2) and len(set(columns_of(twins).of)) == 3
