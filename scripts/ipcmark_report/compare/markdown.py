"""A comparison as Markdown, for a mail, an issue or a log of a continuous integration."""

from __future__ import annotations

from collections.abc import Sequence

from ..text import one_line
from .model import Comparison, Verdict
from .rows import Table, cell_table, chosen, counts, difference_table, group_table, interval, matrix, percent, verdict

# What Markdown, or the HTML that it may hold, would read as more than text.
_SPECIAL = "\\`*_[]<>#|~&"


def markdown_of(comparison: Comparison, everything: bool) -> str:
    parts = [f"## {escaped(comparison.new_name)} against {escaped(comparison.base_name)}", escaped(comparison.says)]
    if comparison.alarms:
        parts.append("\n".join(f"- **{escaped(alarm)}**" for alarm in comparison.alarms))
    differences = [one for one in comparison.differences if everything or not one.volatile]
    parts += _titled("Differences between the sides", difference_table(differences))
    parts += _titled("Negative controls", cell_table(comparison.controls, comparison))
    parts += _titled("Cases (+ takes longer)", cell_table(chosen(comparison.cells, everything), comparison))
    if not everything and (hidden := len(comparison.cells) - len(chosen(comparison.cells, False))):
        parts.append(f"{hidden} more cells are not shown.")
    for groups, name in ((comparison.families, "family"), (comparison.backends, "backend")):
        own = [one for one in groups if everything or one.verdict in (Verdict.REGRESSION, Verdict.IMPROVEMENT)]
        parts += _titled("", group_table(own, name))
    whole = comparison.overall
    if whole.ratio is not None:
        parts.append(escaped(f"Geometric mean of {whole.cells} cells: {percent(whole.ratio)} ({interval(whole.interval)}), "
                             f"{verdict(whole.verdict)}."))
    if comparison.unmatched:
        parts.append("\n".join(f"- not compared: {code(one.case)}: {escaped(one.why)}" for one in comparison.unmatched))
    return "\n\n".join([*parts, *map(escaped, comparison.notes), escaped(counts(comparison))]) + "\n"


def matrix_markdown(comparisons: Sequence[Comparison], everything: bool) -> str:
    table = matrix(comparisons, everything)
    return "\n\n".join(_titled("All runs", table) or ["No cell of any run is starred."]) + "\n"


def _titled(title: str, table: Table) -> list[str]:
    if not table.rows:
        return []
    return ([f"### {title}"] if title else []) + [table_markdown(table)]


def table_markdown(table: Table) -> str:
    rows = [[escaped(text) for text in table.columns]]
    for row, below in zip(table.rows, table.below):
        rows.append([code(row[0]), *map(escaped, row[1:-1]), escaped("; ".join([row[-1], *below]))])
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    align = "|" + "|".join(["---", *("---:" for _ in table.columns[1:-1]), "---"][: len(table.columns)]) + "|"
    return "\n".join([lines[0], align, *lines[1:]])


def escaped(text: str) -> str:
    return "".join(f"\\{letter}" if letter in _SPECIAL else letter for letter in one_line(text))


def code(text: str) -> str:
    """A name as it is; within it nothing is a mark, a link or a mention."""
    return "`" + one_line(text).replace("`", "'").replace("|", "\\|") + "`"
