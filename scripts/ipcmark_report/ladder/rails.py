"""The ladder: each case over the kernels, in the order of their versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..compare.page import percent
from ..views import Figure, Table
from . import words
from .columns import Columns, columns_of
from .model import Boots, Kernels
from .paths import takes_two
from .rule import LEAST_BOOTS
from .steps import Step, levels_of
from .views import Rail, Rails, RailsPanel, Rung

MOST_PANELS = 5
_CAPTION = "Instructions an operation: the middle of the boots, and as a bar the least and the most. No scale begins at zero."


def ladder_figures(kernels: Kernels, steps: Sequence[Step], threshold: float) -> Iterator[Figure]:
    """Of each family, at most so many cases in one figure."""
    families: dict[str, list[str]] = {}
    for name, case in kernels.cases.items():
        families.setdefault(words.family(case), []).append(name)
    columns, headings = columns_of(kernels.boots), words.headings(kernels.cases)
    number = 0
    for family, cases in families.items():
        for first in range(0, len(cases), MOST_PANELS):
            yield _figure(kernels, cases[first:first + MOST_PANELS], steps, columns, threshold,
                          f"ladder-{number}", headings[family] + (", more of it" if first else ""))
            number += 1


def _figure(kernels: Kernels, cases: Sequence[str], steps: Sequence[Step], columns: Columns, threshold: float, anchor: str,
            family: str) -> Figure:
    own = [step for step in steps if step.change.case in cases]
    names = words.short_names(kernels.cases)
    panels = tuple(_panel(kernels, case, names[case], [step for step in own if step.change.case == case], columns, threshold)
                   for case in cases)
    return Figure(
        anchor, family, "At which kernel did it change?", Rails(columns.names, panels),
        _CAPTION, _table(kernels, names, cases, own), says=_says(kernels, names, own))


def _panel(kernels: Kernels, case: str, name: str, steps: Sequence[Step], columns: Columns, threshold: float) -> RailsPanel:
    marked = {step.at: _brief(step.change.ratio) for step in steps}
    rails = tuple(
        Rail(flavour or "kernel", index,
             tuple(_rung(kernels.boots[at], case, columns.of[at], marked.get(at, "")) for at in places
                   if case in kernels.boots[at].readings),
             tuple(columns.of[level.at] for level in levels_of(kernels, case, flavour, threshold)))
        for index, (flavour, places) in enumerate(kernels.lines.items()))
    return RailsPanel(name, tuple(rail for rail in rails if rail.rungs))


def _brief(ratio: float) -> str:
    """A change with as few digits as it has room for."""
    return f"{100 * (ratio - 1):+.0f} %".replace("-", "−") if abs(ratio - 1) >= 0.1 else percent.change(ratio)


def _rung(boots: Boots, case: str, column: int, step: str) -> Rung:
    reading = boots.readings[case]
    is_two = takes_two(reading)
    notes = [step, words.TWO_PATHS if is_two else "", "" if boots.is_sound else "self-check off"]
    tip = ", ".join([f"{case}, {boots.kernel.name}: {words.reading(reading)} instructions", *filter(None, notes)])
    return Rung(column, reading.median, reading.low, reading.high, boots.is_sound, step, is_two, tip)


def _says(kernels: Kernels, names: Mapping[str, str], steps: Sequence[Step]) -> str:
    if not steps:
        few = [boots for boots in kernels.boots if any(one.boots < LEAST_BOOTS for one in boots.readings.values())]
        return "No step is claimed." + (f" {len(few)} of {len(kernels.boots)} kernels have fewer than {LEAST_BOOTS} boots."
                                        if few else "")
    texts = [f"{names[step.change.case]} at {kernels.boots[step.at].kernel.name} "
             f"({percent.change(step.change.ratio)})" for step in steps[:4]]
    more = f", and {len(steps) - 4} more" if len(steps) > 4 else ""
    return f"{len(steps)} {'step' if len(steps) == 1 else 'steps'}: {', '.join(texts)}{more}."


def _table(kernels: Kernels, names: Mapping[str, str], cases: Sequence[str], steps: Sequence[Step]) -> Table:
    marked = {(step.change.case, step.at): step for step in steps}
    rows = []
    for case in cases:
        for at, boots in enumerate(kernels.boots):
            if (reading := boots.readings.get(case)) is not None:
                step = marked.get((case, at))
                told = [f"{percent.change(step.change.ratio)} from {kernels.boots[step.before].kernel.name}" if step else "",
                        words.TWO_PATHS if takes_two(reading) else ""]
                rows.append((names[case], boots.kernel.version, boots.kernel.flavour or words.MISSING,
                             words.count(reading.median), words.count(reading.low), words.count(reading.high),
                             words.switches(reading.switches), str(reading.boots),
                             ", ".join(filter(None, told)) if boots.is_sound else "self-check off"))
    return Table(("case", "kernel", "flavour", "instructions", "least", "most", "switches", "boots", "step"), 3, tuple(rows), 1)
