"""The first screen of a comparison in words: what changed, or what could have been seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..model import Cell, Comparison, Design, Difference, Verdict
from . import percent
from .marks import by_family, by_weight, parameters
from .views import Headline

# Beyond these a first screen is a table, and there is one below.
MOST_LINES = 12
MOST_OF_ONE = 3
MOST_FACTS = 12
MOST_FAMILIES = 12

_DESIGNS = {
    Design.INTERLEAVED: "The two sides took turns, case by case: their rounds are pairs.",
    Design.BOOTS: "Several boots a side: a boot is what counts, not its processes.",
    Design.UNPAIRED: "One side was measured after the other: what drifted in between is part of every difference.",
}

_READINGS = {"path length": "the middle, not the tail: path length", "jitter": "the tail, not the middle: jitter",
             "both": "the middle and the tail"}


def headline(comparison: Comparison) -> Headline:
    slower = comparison.starred(Verdict.REGRESSION)
    faster = comparison.starred(Verdict.IMPROVEMENT)
    changed = tuple(
        (title, _lines(cells)) for title, cells in (("Slower", slower), ("Faster", faster)) if cells
    )
    return Headline(
        f"{comparison.new_name} against {comparison.base_name}",
        _alarms(comparison),
        _confounders(comparison),
        _says(comparison, len(slower), len(faster)),
        changed,
        () if changed or comparison.void or _blocked(comparison.cells) else _seen(comparison),
        _about(comparison),
        len(comparison.unmatched),
    )


def _alarms(comparison: Comparison) -> tuple[str, ...]:
    """What holds for both sides once."""
    base, new = f"{comparison.base_name}: ", f"{comparison.new_name}: "
    common = {alarm.removeprefix(base) for alarm in comparison.alarms if alarm.startswith(base)} & {
        alarm.removeprefix(new) for alarm in comparison.alarms if alarm.startswith(new)}
    merged = []
    for alarm in comparison.alarms:
        text = alarm.removeprefix(base).removeprefix(new)
        merged.append(f"both sides: {text}" if text in common and text != alarm else alarm)
    return tuple(dict.fromkeys(merged))


def _says(comparison: Comparison, slower: int, faster: int) -> str:
    total = len(comparison.cells)
    if not total:
        return "No case was measured on both sides: there is nothing to compare."
    if blocked := comparison.void or _blocked(comparison.cells):
        return f"No verdict on {counted(total)}: {blocked}."
    if slower or faster:
        parts = [f"{count} became {word}" for count, word in ((slower, "slower"), (faster, "faster")) if count]
        return f"Of {counted(total)} {' and '.join(parts)}."
    equal = sum(cell.judged.verdict is Verdict.EQUIVALENT for cell in comparison.cells)
    shown = f"{equal or 'none'} of them {'is' if equal == 1 else 'are'} shown to be equal within the threshold"
    if beyond := sum(map(_lies_beyond, comparison.cells)):
        have = "has an interval" if beyond == 1 else "have intervals"
        return (f"No star in {counted(total)}, but {beyond} {have} wholly beyond the threshold: among so many tests these pairs are too few for a star. Measure them again, with more pairs. "
                f"{shown[0].upper()}{shown[1:]}.")
    return f"Nothing changed that this comparison could see, in {counted(total)}; {shown}."


def _lies_beyond(cell: Cell) -> bool:
    """By itself it would be a change."""
    found, threshold = cell.judged.interval, 1 + cell.judged.threshold
    return found is not None and (found.low > threshold or found.high < 1 / threshold)


def _blocked(cells: Sequence[Cell]) -> str:
    """Why no cell has a verdict, where that is so; the most frequent reason."""
    if not cells or any(not cell.judged.why for cell in cells):
        return ""
    reasons = [cell.judged.why for cell in cells]
    return max(set(reasons), key=lambda why: (reasons.count(why), why))


def _lines(cells: Sequence[Cell]) -> tuple[str, ...]:
    """A line a backend and family, the strongest first, with its cases; where those are many, a line a backend."""
    groups = _grouped(cells, lambda cell: f"{cell.family}, {cell.case.backend}")
    write = _cases
    if len(groups) > MOST_LINES:
        groups, write = _grouped(cells, lambda cell: f"{cell.case.noun}/{cell.case.backend}"), _many_cases
    lines = [f"{name}: {write(own)}" for name, own in list(groups.items())[:MOST_LINES]]
    if len(groups) > MOST_LINES:
        rest = sum(len(own) for own in list(groups.values())[MOST_LINES:])
        lines.append(f"and {len(groups) - MOST_LINES} backends more, {counted(rest)}: see the table of all cases")
    return tuple(lines)


def _grouped(cells: Sequence[Cell], name: Callable[[Cell], str]) -> dict[str, list[Cell]]:
    groups: dict[str, list[Cell]] = {}
    for cell in by_weight(cells):
        groups.setdefault(name(cell), []).append(cell)
    return groups


def _many_cases(cells: Sequence[Cell]) -> str:
    farthest = f"{percent.with_interval(cells[0].judged)} in {cells[0].case.text}"
    if len(cells) == 1:
        return farthest
    return f"{counted(len(cells))} in {len({cell.family for cell in cells})} families, the farthest {farthest}"


def _cases(cells: Sequence[Cell]) -> str:
    texts = []
    # What holds for all is said once.
    alike = len({cell.reading for cell in cells}) == 1
    for cell in cells[:MOST_OF_ONE]:
        of = parameters(cell)
        texts.append(percent.with_interval(cell.judged) + (f" at {of}" if of else "") + ("" if alike else _reading(cell)))
    if alike:
        texts[-1] += _reading(cells[0])
    more = [f"{len(cells) - MOST_OF_ONE} cases more"] if len(cells) > MOST_OF_ONE else []
    return "; ".join(texts + more)


def _reading(cell: Cell) -> str:
    return f" ({_READINGS.get(cell.reading, cell.reading)})" if cell.reading else ""


def _seen(comparison: Comparison) -> tuple[str, ...]:
    """By family: the change that would have been found, and what the intervals rule out."""
    lines = []
    families = by_family(comparison.cells)
    for family, cells in list(families.items())[:MOST_FAMILIES]:
        lines.append(f"{family}: {_detectable(cells)}{_ruled_out(cells)}")
    if len(families) > MOST_FAMILIES:
        lines.append(f"and {len(families) - MOST_FAMILIES} families more: see what this comparison could have seen")
    return tuple(lines)


def _detectable(cells: Sequence[Cell]) -> str:
    known = sorted(max(cell.detectable, cell.judged.threshold) for cell in cells if cell.detectable is not None)
    if not known:
        return "what could have been seen is not known"
    low, high = percent.size(known[0]), percent.size(known[-1])
    span = low if low == high else f"{low} to {high}, by the case"
    return f"in a case by itself 8 of 10 comparisons like this one find {span}"


def _ruled_out(cells: Sequence[Cell]) -> str:
    """The farthest end of all intervals: beyond it no change fits the data of any case."""
    ends = [cell.judged.interval for cell in cells]
    if not ends or None in ends:
        return ""
    low = min(end.low for end in ends if end)
    high = max(end.high for end in ends if end)
    return f"; the intervals reach from {percent.change(low)} to {percent.change(high)}"


def confounding(differences: Sequence[Difference]) -> list[Difference]:
    return [one for one in differences if one.confounds]


def _confounders(comparison: Comparison) -> tuple[str, ...]:
    found = confounding(comparison.differences)
    lines = [f"{one.group}.{one.key}: {one.base} → {one.new}" for one in found[:MOST_FACTS]]
    if len(found) > MOST_FACTS:
        lines.append(f"and {len(found) - MOST_FACTS} facts more: see the differences of environment")
    return tuple(lines)


def _about(comparison: Comparison) -> tuple[str, ...]:
    machines = dict.fromkeys((comparison.base.environment.machine, comparison.new.environment.machine))
    lines = [f"Measured on {' and on '.join(machines)}. {_DESIGNS[comparison.design]}"]
    if comparison.varying:
        lines.append(f"Declared as what is compared: {', '.join(comparison.varying)}.")
    if count := sum(cell.judged.starred for cell in comparison.cells):
        false = f"at most {comparison.expected_false:.1f}" if comparison.expected_false >= 0.1 else "fewer than 0.1"
        lines.append(f"Of {count} {'star' if count == 1 else 'stars'} {false} are expected to be false.")
    if comparison.unmatched:
        count = len(comparison.unmatched)
        lines.append(f"{count} {'case was' if count == 1 else 'cases were'} not compared: "
                     "missing or failed on one side, named below.")
    return (*lines, *comparison.notes)


def counted(cells: int) -> str:
    return f"{cells} {'case' if cells == 1 else 'cases'}"
