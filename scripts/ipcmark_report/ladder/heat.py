"""The map of kernels and cases: how many times the instructions of the baseline."""

from __future__ import annotations

from collections.abc import Iterator

from ..compare.page import percent
from ..compare.page.marks import Mark
from ..compare.page.views import ChangeMap, Field, MapGroup, MapWords
from ..views import Figure, Table
from . import words
from .model import Boots, Kernels
from .rule import Verdict, change_of

# More columns than this have no room beside the names of the cases.
MOST_COLUMNS = 24
_CAPTION = (
    "Instructions an operation against {base}, orange for more and blue for fewer, the stronger the farther. A dot: more or "
    "fewer beyond the spread over the seeds of both and by more than {threshold}; a ring: equivalent; grey: neither is sure; "
    "hatched: the self-check of one of both is off."
)
_MARKS = {Verdict.LONGER: Mark.STARRED, Verdict.SHORTER: Mark.STARRED, Verdict.EQUIVALENT: Mark.EQUIVALENT}


def heat_figures(kernels: Kernels, baseline: Boots, threshold: float) -> Iterator[Figure]:
    """One, or several side by side where there are many kernels."""
    others = [boots for boots in kernels.boots if boots is not baseline]
    for index, first in enumerate(range(0, len(others), MOST_COLUMNS)):
        part = others[first:first + MOST_COLUMNS]
        yield _figure(kernels, baseline, part, threshold, f"map-{index}")


def _figure(kernels: Kernels, baseline: Boots, columns: list[Boots], threshold: float, anchor: str) -> Figure:
    names = tuple(boots.kernel.name for boots in columns)
    families: dict[str, list[tuple[str, tuple[Field | None, ...]]]] = {}
    for case, parts in kernels.cases.items():
        fields = tuple(_field(case, baseline, boots, threshold) for boots in columns)
        families.setdefault(words.family(parts), []).append((words.short_name(parts), fields))
    groups = tuple(MapGroup(family, tuple(rows)) for family, rows in families.items())
    return Figure(
        anchor, "Kernels and cases", f"What do operations execute, against {baseline.kernel.name}?",
        ChangeMap(names, groups, MapWords("fewer", "more", "self-check off")),
        _CAPTION.format(base=baseline.kernel.name, threshold=percent.size(threshold)), _table(groups, names),
        says=_says(kernels, baseline, columns[-1], threshold))


def _field(case: str, baseline: Boots, boots: Boots, threshold: float) -> Field | None:
    change = change_of(case, baseline, boots, threshold)
    if change is None:
        return None
    unsound = not (baseline.is_sound and boots.is_sound)
    return Field(change.ratio, _MARKS.get(change.verdict, Mark.INCONCLUSIVE), unsound)


def _says(kernels: Kernels, baseline: Boots, last: Boots, threshold: float) -> str:
    found = [change for case in kernels.cases if (change := change_of(case, baseline, last, threshold)) is not None]
    longer = [change for change in found if change.verdict is Verdict.LONGER]
    shorter = sum(change.verdict is Verdict.SHORTER for change in found)
    most = max(longer, key=lambda change: change.ratio, default=None)
    tail = f", most of all {most.case} ({percent.change(most.ratio)})" if most else ""
    return (f"From {baseline.kernel.name} to {last.kernel.name} {len(longer)} of {len(found)} cases became longer and {shorter} "
            f"shorter{tail}.")


def _table(groups: tuple[MapGroup, ...], names: tuple[str, ...]) -> Table:
    def text(field: Field | None) -> str:
        if field is None:
            return words.MISSING
        return f"{percent.change(field.ratio)} {'self-check off' if field.confounded else field.mark.value}"

    return Table(("family", "case", *names), 2,
                 tuple((group.title, name, *map(text, fields)) for group in groups for name, fields in group.rows))
