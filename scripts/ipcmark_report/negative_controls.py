"""The negative controls of a run: limits that no library and hardly a kernel moves. Every run holds them."""

from __future__ import annotations

from collections.abc import Iterable

from .model import Case


def negative_controls(cases: Iterable[Case]) -> list[Case]:
    """An arithmetic loop, the copy in the nearest cache, and two peers that spin on one line, in this order."""
    limits = [case for case in cases if case.measure == "limits" and case.placement != "pair"]

    def of(noun: str, backend: str) -> list[Case]:
        return [case for case in limits if (case.noun, case.backend) == (noun, backend)]

    copies = of("copy", "one_process")
    smallest = min((case.number("size") or 0 for case in copies), default=0)
    return [*of("alu", "loop"), *(case for case in copies if case.number("size") == smallest),
            *(case for case in of("cache_line", "spin") if case.number("lines") == 1)]
