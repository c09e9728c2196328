"""The order of tasks, and the arrays that it makes."""

import pytest

from ipcmark_report.model import BadInput
from ipcmark_slurm.asked import Asked
from ipcmark_slurm.order import batches, groups, in_turns


def asked(partitions: tuple[str, ...] = (), constraints: tuple[str, ...] = (), nodes: tuple[str, ...] = (), repeats: int = 3) -> Asked:
    return Asked("0" * 12, (), partitions, constraints, nodes, repeats, "quick", None, (), False, False, 0, 0, None, 1, False, None, ())


def arrays(one: Asked) -> list[list[str]]:
    return [[f"{batch.set_up.name}[{batch.indices}]" for batch in batches(in_turns(group))] for group in groups(one.tasks())]


def test_one_set_up_is_one_array() -> None:
    assert arrays(asked()) == [["default[0,1,2]"]]


def test_set_ups_that_share_machines_take_turns_there_and_back() -> None:
    assert arrays(asked(constraints=("a", "b"))) == [["a[0]", "b[3,4]", "a[1,2]", "b[5]"]]


def test_partitions_and_nodes_do_not_wait_for_each_other() -> None:
    assert arrays(asked(partitions=("p", "q"), repeats=2)) == [["p[0,1]"], ["q[2,3]"]]
    assert arrays(asked(nodes=("m", "n"), constraints=("a",), repeats=1)) == [["a_m[0]"], ["a_n[1]"]]


def test_what_is_missing_keeps_its_place_in_the_order() -> None:
    tasks = [task for task in asked(constraints=("a", "b")).tasks() if task.index in (1, 4, 5)]
    assert [task.name for task in in_turns(tasks)] == ["b.2", "a.2", "b.3"]


def test_names_are_made_of_what_is_asked_and_never_alike() -> None:
    assert [one.name for one in asked(("p",), ("k6.1&avx",), ("n[1-2]",)).set_ups()] == ["p_k6.1-avx_n-1-2"]
    with pytest.raises(BadInput, match="two set-ups would both be named a-b"):
        asked(constraints=("a&b", "a|b")).set_ups()
