"""What grew and shrank between two profiles."""

from __future__ import annotations

import pytest

from ..functions import agrees, grown, whole_name
from ..model import CaseProfile


def test_functions_come_from_what_grew_most_to_what_shrank_most() -> None:
    found = grown({"a": 100, "gone": 50, "same": 7}, {"a": 130, "born": 200, "same": 7})
    assert [(one.name, one.by) for one in found] == [("born", 200), ("a", 30), ("same", 0), ("gone", -50)]


def test_the_parts_that_a_compiler_splits_off_belong_to_their_function() -> None:
    found = grown({"update_curr": 100, "update_curr.part.0": 20}, {"update_curr.constprop.0.isra.0": 90, "update_curr.cold": 40})
    assert [(one.name, one.base, one.new) for one in found] == [("update_curr", 120, 130)]


@pytest.mark.parametrize("name", ["do_futex", "__x64_sys_futex", "entry_SYSCALL_64", "__SCT__tp_func_sched_switch"])
def test_a_name_of_its_own_stays(name: str) -> None:
    assert whole_name(name) == name


def test_a_profile_agrees_with_the_clock_within_half_a_percent() -> None:
    assert agrees(CaseProfile({"a": 600, "b": 404}, 1000)) and not agrees(CaseProfile({"a": 994}, 1000))
    assert not agrees(CaseProfile({"a": 994}))
