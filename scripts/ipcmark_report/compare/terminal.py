"""A comparison as text for a terminal: what to know first, then the cells, then what they add up to."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from ..text import one_line, shorten
from .model import Comparison, Verdict
from .rows import (Table, cell_table, chosen, counts, difference_table, group_table, interval, matrix, percent, standing,
                   told, verdict)

_COLOURS = {Verdict.REGRESSION: "31", Verdict.IMPROVEMENT: "32", Verdict.EQUIVALENT: "2", Verdict.NONE: "2"}
_ALARM, _TITLE = "1;33", "1"
_GAP = "  "
_LEAST_NAME = 24
# So much of a name is worth less than a column.
_GOOD_NAME = 48
_MOST_UNMATCHED = 10


@dataclass(frozen=True)
class Style:
    """`width` is that of the terminal; `everything` shows every cell and group."""

    width: int = 120
    colour: bool = False
    everything: bool = False

    def paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code else text


def text_of(comparison: Comparison, style: Style) -> str:
    parts = [
        [style.paint(f"{one_line(comparison.new_name)} against {one_line(comparison.base_name)}", _TITLE),
         f"{_design(comparison)} + takes longer, everywhere."],
        [style.paint(line, _ALARM) for alarm in comparison.alarms for line in wrapped(alarm, style.width)],
        _differences(comparison, style),
        _controls(comparison, style),
        _cells(comparison, style),
        _groups(comparison, style),
        _unmatched(comparison, style),
        [line for note in comparison.notes for line in wrapped(note, style.width)],
        [*wrapped(counts(comparison), style.width), style.paint(one_line(comparison.says), _TITLE)],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _design(comparison: Comparison) -> str:
    return {"interleaved": "The two took turns: rounds of the same number are pairs.",
            "boots": "A boot is the unit: one value a boot.",
            "unpaired": "One run after the other: processes are no pairs."}[comparison.design.value]


def _differences(comparison: Comparison, style: Style) -> list[str]:
    shown = [one for one in comparison.differences if not one.volatile or style.everything]
    if not shown:
        return []
    if style.everything:
        return lines_of(difference_table(shown), style)
    lines = []
    for one in shown:
        base, new = told(one)
        text = f"{standing(one)}: {one.group}.{one.key}: {base} | {new}"
        lines += [style.paint(line, _ALARM if one.confounds else "") for line in wrapped(text, style.width)]
    return lines


def _controls(comparison: Comparison, style: Style) -> list[str]:
    if not comparison.controls:
        return []
    return [style.paint("negative controls, which nothing of a build or a kernel moves", _TITLE),
            *lines_of(cell_table(comparison.controls, comparison), style)]


def _cells(comparison: Comparison, style: Style) -> list[str]:
    shown = chosen(comparison.cells, style.everything)
    if not shown:
        return []
    lines = lines_of(cell_table(shown, comparison), style)
    if hidden := len(comparison.cells) - len(shown):
        lines.append(f"… and {hidden} more {'cell' if hidden == 1 else 'cells'}: --all shows them")
    return lines


def _groups(comparison: Comparison, style: Style) -> list[str]:
    lines: list[str] = []
    for groups, name in ((comparison.families, "family"), (comparison.backends, "backend")):
        own = [one for one in groups if style.everything or one.verdict in (Verdict.REGRESSION, Verdict.IMPROVEMENT)]
        if own:
            lines += [*lines_of(group_table(own, name), style), ""]
    whole = comparison.overall
    if whole.ratio is not None:
        lines.append(f"geometric mean of {whole.cells} {'cell' if whole.cells == 1 else 'cells'}: {percent(whole.ratio)} "
                     f"({interval(whole.interval)}), {verdict(whole.verdict)}")
    return lines


def _unmatched(comparison: Comparison, style: Style) -> list[str]:
    own = comparison.unmatched if style.everything else comparison.unmatched[:_MOST_UNMATCHED]
    lines = [line for one in own for line in wrapped(f"not compared: {one.case}: {one.why}", style.width)]
    if more := len(comparison.unmatched) - len(own):
        lines.append(f"… and {more} more that are not compared")
    return lines


def matrix_text(comparisons: Sequence[Comparison], style: Style) -> str:
    table = matrix(comparisons, style.everything)
    if not table.rows:
        return "No cell of any run is starred.\n"
    return "\n".join(lines_of(table, style)) + "\n"


def lines_of(table: Table, style: Style) -> list[str]:
    """Columns that have no room go, then names are cut in their middle."""
    kept = _kept(table, style.width)
    widths = [_width(table, index) for index in kept]
    widths[0] = min(widths[0], max(_LEAST_NAME, style.width - sum(widths[1:]) - len(_GAP) * (len(kept) - 1)))
    lines = [style.paint(_line([table.columns[index] for index in kept], widths), _TITLE)]
    for row, one, below in zip(table.rows, table.verdicts, table.below):
        lines.append(style.paint(_line([row[index] for index in kept], widths), _COLOURS.get(one, "")))
        lines += [f"    {line}" for text in below for line in wrapped(text, style.width - 4)]
    return lines


def _kept(table: Table, width: int) -> list[int]:
    kept = list(range(len(table.columns)))
    for name in table.optional:
        name_width = min(_width(table, 0), _GOOD_NAME)
        if name_width + sum(_width(table, index) + len(_GAP) for index in kept[1:]) <= width:
            break
        kept.remove(table.columns.index(name))
    return kept


def _width(table: Table, index: int) -> int:
    return max(len(row[index]) for row in (table.columns, *table.rows))


def _line(texts: Sequence[str], widths: Sequence[int]) -> str:
    """Names to the left, the last column too; numbers to the right."""
    cut = [shorten(text, max(width, 1)) for text, width in zip(texts, widths)]
    middle = [text.rjust(width) for text, width in zip(cut[1:-1], widths[1:-1])]
    return _GAP.join([cut[0].ljust(widths[0]), *middle, cut[-1]]).rstrip()


def wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(one_line(text), max(width, _LEAST_NAME), break_long_words=False, break_on_hyphens=False) or [""]
