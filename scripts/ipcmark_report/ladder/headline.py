"""What the first screen says of the steps: those that stand out, and how many there are at each kernel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from ..compare.page import percent
from ..views import Table
from . import words
from .model import Kernels
from .paths import is_another, is_same, takes_two
from .rule import Change, Verdict, changes
from .steps import Step
from .why import reasons

MOST_STEPS, MOST_OTHERS = 8, 4


def says(kernels: Kernels, found: Sequence[Step], threshold: float) -> str:
    kernel = "kernel" if len(kernels.boots) == 1 else "kernels"
    many = f"{len(kernels.boots)} {kernel}, {len(kernels.cases)} cases, counted in executed instructions"
    if not found:
        return f"{many}: from no kernel to the next of its flavour a case changed by more than {percent.size(threshold)}."
    at = {step.at for step in found}
    most = max(at, key=lambda place: sum(step.at == place for step in found))
    return (f"{many}: {len(found)} {'step is' if len(found) == 1 else 'steps are'} claimed, at {len(at)} "
            f"{'kernel' if len(at) == 1 else 'kernels'}; the most, {sum(step.at == most for step in found)}, at "
            f"{kernels.boots[most].kernel.name}.")


def stands_out(kernels: Kernels, found: Iterable[Step]) -> tuple[str, ...]:
    """Paths that became longer or shorter, the surest first: a line a family and kernel, by its first case."""
    return tuple(_lines(kernels, [step for step in found if is_same(step.change)])[:MOST_STEPS])


def rerouted(kernels: Kernels, found: Iterable[Step]) -> tuple[str, ...]:
    """Steps that say less of the length of a path than of how often each is taken."""
    return tuple(_lines(kernels, [step for step in found if not is_same(step.change)])[:MOST_OTHERS])


def _lines(kernels: Kernels, found: Sequence[Step]) -> list[str]:
    groups: dict[tuple[str, int], list[Step]] = {}
    for step in found:
        groups.setdefault((words.family(kernels.cases[step.change.case]), step.at), []).append(step)
    return [_line(kernels, steps[0], family, steps[1:]) for (family, _), steps in groups.items()]


def _line(kernels: Kernels, step: Step, family: str, more: Sequence[Step]) -> str:
    change = step.change
    why = [*_otherwise(change), *filter(None, [reasons(kernels, step.before, step.at, change.case)])]
    others = f"; {len(more)} more of {family}" if more else ""
    return (f"{change.case}: {percent.change(change.ratio)} at {kernels.boots[step.at].kernel.name}, from "
            f"{words.count(change.base.median)} to {words.count(change.new.median)} instructions after "
            f"{kernels.boots[step.before].kernel.name}" + (f": {'; '.join(why)}" if why else "") + f"{others}.")


def _otherwise(change: Change) -> list[str]:
    found = []
    if is_another(change):
        found.append(f"switched {words.switches(change.base.switches)} times an operation, "
                     f"then {words.switches(change.new.switches)}")
    two = [name for name, reading in (("the older", change.base), ("the newer", change.new)) if takes_two(reading)]
    return [*found, f"{words.TWO_PATHS} on {' and '.join(two)} kernel"] if two else found


def by_kernel(kernels: Kernels, threshold: float) -> Table | None:
    """How many cases changed from each kernel to the next of its flavour; None where nothing follows anything."""
    rows, verdicts = [], [verdict for verdict in Verdict if verdict is not Verdict.NONE]
    for places in kernels.lines.values():
        for before, at in zip(places, places[1:]):
            base, new = kernels.boots[before], kernels.boots[at]
            found = changes(base, new, threshold)
            own = [change for change in found if is_same(change)]
            count = [str(sum(change.verdict is verdict for change in found)) for verdict in verdicts]
            middle = percent.change(median(change.ratio for change in own)) if own else words.MISSING
            rows.append((new.kernel.name, base.kernel.name, *count, middle))
    columns = ("kernel", "after", *(verdict.value for verdict in verdicts), "middle change")
    return Table(columns, 2, tuple(rows)) if rows else None
