"""What the record of a machine says of its CPUs: which of them share what."""

from __future__ import annotations

import re

from ..model import Environment
from ..views import Bracket

# The innermost first, as `topology.layout` names them, and as a reader calls them.
_LEVELS = (("core", "core"), ("l3", "L3"), ("package", "socket"))


def shared_by(environment: Environment, cpus: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[tuple[Bracket, ...], ...]]:
    """The CPUs in an order in which neighbours share most, and a level of brackets for each thing that some share
    and others do not, or all."""
    layout = _layout(environment.start_text("topology", "layout") or "")
    if not set(cpus) <= set(layout):
        return cpus, ()
    ordered = tuple(sorted(cpus, key=lambda cpu: (
        *(_key(layout[cpu].get(level)) for level, _ in reversed(_LEVELS)), cpu)))
    found = []
    for level, name in _LEVELS:
        groups: dict[tuple[str, ...], list[int]] = {}
        for cpu in ordered:
            if layout[cpu].get(level, "-") != "-":
                # A core of one socket has the number of another's.
                scope = ("package", level) if level == "core" else (level,)
                groups.setdefault(tuple(layout[cpu].get(key, "-") for key in scope), []).append(cpu)
        brackets = tuple(Bracket(f"{name} {key[-1]}", tuple(own)) for key, own in groups.items() if len(own) > 1)
        if brackets:
            found.append(brackets)
    return ordered, tuple(found)


def _layout(text: str) -> dict[int, dict[str, str]]:
    """`cpu 0 package 0 die 0 ..., cpu 1 ...` by CPU; empty where it does not read so."""
    found = {}
    for part in re.split(r"(?:^|, )cpu ", text)[1:]:
        number, *words = part.split(" ")
        if not (number.isascii() and number.isdigit()) or len(words) % 2:
            return {}
        found[int(number)] = dict(zip(words[::2], words[1::2]))
    return found


def _key(value: str | None) -> tuple[bool, int, str]:
    """Numbers in their order, before what is none."""
    return (False, int(value), "") if value and value.isascii() and value.isdigit() else (True, 0, value or "")
