"""The map of kernels and cases: how many times the instructions of the baseline."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

from ..compare.page import percent
from ..compare.page.marks import Mark
from ..compare.page.views import ChangeMap, Field, MapGroup, MapWords
from ..views import Figure, Table
from . import words
from .columns import columns_of
from .model import Boots, Kernels
from .rule import Verdict, change_of

# More columns than this have no room beside the names of the cases.
MOST_COLUMNS = 24
_CAPTION = "Instructions an operation against {base}: orange more, blue fewer, the stronger the farther."
_MARKS = {Verdict.LONGER: Mark.STARRED, Verdict.SHORTER: Mark.STARRED, Verdict.EQUIVALENT: Mark.EQUIVALENT}


def heat_figures(kernels: Kernels, baseline: Boots, threshold: float) -> Iterator[Figure]:
    """One a measure, or several where there are many kernels."""
    others = [boots for boots in kernels.boots if boots is not baseline]
    parts = [others[first:first + MOST_COLUMNS] for first in range(0, len(others), MOST_COLUMNS)]
    measures = dict.fromkeys(case.measure for case in kernels.cases.values())
    for index, (measure, columns) in enumerate(itertools.product(measures, parts)):
        yield _figure(kernels, measure, baseline, columns, threshold, f"map-{index}")


def _figure(kernels: Kernels, measure: str, baseline: Boots, columns: list[Boots], threshold: float, anchor: str) -> Figure:
    short = columns_of(kernels.boots)
    names = tuple(f"{short.names[short.of[kernels.boots.index(boots)]]} {boots.kernel.flavour}".strip() for boots in columns)
    cases = {name: case for name, case in kernels.cases.items() if case.measure == measure}
    families: dict[str, list[tuple[str, tuple[Field | None, ...]]]] = {}
    names_of = words.short_names(kernels.cases)
    for name, case in cases.items():
        fields = tuple(_field(name, baseline, boots, threshold) for boots in columns)
        families.setdefault(words.family(case), []).append((names_of[name], fields))
    headings = words.headings(kernels.cases)
    groups = tuple(MapGroup(headings[family], tuple(rows)) for family, rows in families.items())
    return Figure(
        anchor, measure, f"What do operations execute, against {baseline.kernel.name}?",
        ChangeMap(names, groups, MapWords("fewer", "more", "self-check off")),
        _CAPTION.format(base=baseline.kernel.name), _table(groups, names),
        says=_says(cases, baseline, _last(baseline, columns), threshold))


def _field(case: str, baseline: Boots, boots: Boots, threshold: float) -> Field | None:
    change = change_of(case, baseline, boots, threshold)
    if change is None:
        return None
    unsound = not (baseline.is_sound and boots.is_sound)
    return Field(change.ratio, _MARKS.get(change.verdict, Mark.INCONCLUSIVE), unsound)


def _last(baseline: Boots, columns: Sequence[Boots]) -> Boots:
    """The newest of the baseline's flavour, or of all."""
    return next((boots for boots in reversed(columns) if boots.kernel.flavour == baseline.kernel.flavour), columns[-1])


def _says(cases: Iterable[str], baseline: Boots, last: Boots, threshold: float) -> str:
    found = [change for case in cases if (change := change_of(case, baseline, last, threshold)) is not None]
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
