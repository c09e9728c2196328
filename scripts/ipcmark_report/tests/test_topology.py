"""Which CPUs share what, by the record of the machine."""

from ipcmark_report.model import Environment, Fact
from ipcmark_report.run_page.topology import shared_by


def machine(layout: str) -> Environment:
    return Environment((Fact("topology", "layout", layout, False),), None)


def cpu(number: int, package: int, core: int, l3: int) -> str:
    return f"cpu {number} package {package} die 0 cluster - core {core} threads {core},9 l3 {l3} node 0"


def test_neighbours_share_most() -> None:
    # Two sockets of two cores of two threads, numbered as Linux does: the second threads come last.
    layout = ", ".join(cpu(n, n % 4 // 2, n % 2, n % 4 // 2) for n in range(8))
    cpus, levels = shared_by(machine(layout), tuple(range(8)))
    assert cpus == (0, 4, 1, 5, 2, 6, 3, 7)
    assert [[bracket.cpus for bracket in level] for level in levels] == [
        [(0, 4), (1, 5), (2, 6), (3, 7)], [(0, 4, 1, 5), (2, 6, 3, 7)], [(0, 4, 1, 5), (2, 6, 3, 7)]]
    assert [level[0].name for level in levels] == ["core 0", "L3 0", "socket 0"]


def test_a_core_of_its_own_has_no_bracket() -> None:
    cpus, levels = shared_by(machine(", ".join((cpu(0, 0, 0, 0), cpu(1, 0, 1, 0)))), (0, 1))
    assert cpus == (0, 1)
    assert [[bracket.name for bracket in level] for level in levels] == [["L3 0"], ["socket 0"]]


def test_what_the_machine_does_not_tell_is_not_drawn() -> None:
    for layout in ("", "nonsense", "cpu x package 0", "cpu 0 package", cpu(0, 0, 0, 0), "cpu 0 package -, cpu 1 package -"):
        assert shared_by(machine(layout), (1, 0)) in (((1, 0), ()), ((0, 1), ()))
