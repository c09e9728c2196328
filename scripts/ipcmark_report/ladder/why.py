"""Why a path changed: the functions that grew and shrank between two kernels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..compare.page import percent
from ..views import Figure, Table
from . import words
from .functions import Grown, agrees, disagreement, grown
from .model import Boots, CaseProfile, Kernels
from .paths import is_same
from .rule import Change, change_of
from .views import Diverging, Part

MOST_FIGURES = 12
MOST_GROWN, MOST_SHRUNK = 10, 6
NAMED = 3
# A function that grew by less of the whole path tells nothing.
LEAST_SHARE = 0.002


def why_figures(kernels: Kernels, threshold: float) -> list[Figure]:
    """Of what changed between neighbours with a profile, at most so many: the surest first, one of a family and kernel."""
    return [figure for index, (before, at, change) in enumerate(_profiled_changes(kernels, threshold)[:MOST_FIGURES])
            if (figure := _figure(kernels.boots[before], kernels.boots[at], change, f"why-{index}")) is not None]


def _profiled_changes(kernels: Kernels, threshold: float) -> list[tuple[int, int, Change]]:
    found = []
    for places in kernels.lines.values():
        profiled = [at for at in places if kernels.boots[at].profile]
        for before, at in zip(profiled, profiled[1:]):
            for case in kernels.cases:
                change = change_of(case, kernels.boots[before], kernels.boots[at], threshold)
                if change is not None and change.starred and _both(kernels.boots[before], kernels.boots[at], case):
                    found.append((before, at, change))
    found.sort(key=lambda one: (not is_same(one[2]), -one[2].apart))
    first = {(words.family(kernels.cases[change.case]), at): (before, at, change) for before, at, change in reversed(found)}
    return [one for one in found if one in first.values()]


def _both(base: Boots, new: Boots, case: str) -> tuple[CaseProfile, CaseProfile] | None:
    """None where one is missing, or is not what the clock counted: it would explain something else."""
    before, after = (base.profile or {}).get(case), (new.profile or {}).get(case)
    return (before, after) if before is not None and after is not None and agrees(before) and agrees(after) else None


def _figure(base: Boots, new: Boots, change: Change, anchor: str) -> Figure | None:
    profiles = _both(base, new, change.case)
    if profiles is None:
        return None
    functions = grown(profiles[0].functions, profiles[1].functions)
    rows = tuple(_drawn(functions, LEAST_SHARE * profiles[0].total))
    if not rows:
        return None
    return Figure(
        anchor, f"{change.case}, {base.kernel.name} to {new.kernel.name}", "Which functions grew, and which shrank?",
        Diverging(tuple(Part(one.name, one.by, words.signed(one.by)) for one in rows), "instructions an operation", "fewer", "more"),
        _caption(profiles), _table(functions),
        says=f"{percent.change(change.ratio)} in all: {_told(functions)}.")


def _drawn(functions: Sequence[Grown], least: float) -> Iterator[Grown]:
    """The ends of what grew and shrank, in order."""
    yield from (one for one in functions[:MOST_GROWN] if one.by > least)
    yield from (one for one in functions[-MOST_SHRUNK:] if one.by < -least)


def _told(functions: Sequence[Grown]) -> str:
    more = [f"{one.name} {words.signed(one.by)}" for one in functions[:NAMED] if one.by > 0]
    less = [f"{one.name} {words.signed(one.by)}" for one in reversed(functions[-NAMED:]) if one.by < 0]
    return "; ".join(filter(None, (", ".join(more), ", ".join(less)))) or "no function changed"


def _caption(profiles: tuple[CaseProfile, CaseProfile]) -> str:
    off = [f"{percent.change(1 + found)}" for one in profiles if (found := disagreement(one)) is not None]
    checked = f" All functions together against the guest's clock: {words.joined(off)}." if off else ""
    return ("Instructions an operation of each function itself, without what it calls, of one boot of each kernel; what a "
            "compiler inlined counts where it was inlined, and a function may have another name, so code may seem to move." + checked)


def _table(functions: Sequence[Grown]) -> Table:
    rows = [(one.name, words.count(one.base), words.count(one.new), words.signed(one.by)) for one in functions if one.by]
    return Table(("function", "base", "new", "change"), 1, tuple(rows))


def reasons(kernels: Kernels, before: int, at: int, case: str) -> str:
    """The functions that grew most at a step, for a sentence; empty where there is no profile of both kernels."""
    profiles = _both(kernels.boots[before], kernels.boots[at], case)
    return _told(grown(profiles[0].functions, profiles[1].functions)) if profiles else ""
