"""A tidy table as CSV: a row a case, process and quantity, with the quantity's unit in its name."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Iterable

from ..estimates import Selection
from ..model import Case, Row, Run
from ..text import one_line

# As in reports/FORMAT.md; other parameters are counts or names, or have their unit in the name.
UNITS = {"size": "size_bytes", "rate": "rate_per_second"}
NUMBERS = tuple(
    field.name for field in dataclasses.fields(Row) if "float" in str(field.type) and "tuple" not in str(field.type)
)
# What a spreadsheet takes for the beginning of a formula (OWASP, "CSV Injection").
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def text(run: Run, selection: Selection) -> str:
    parameters = list(dict.fromkeys(key for row in selection.rows for key, _ in row.case.parameters))
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow([
        "case", "measure", "noun", "backend", "placement",
        *(cell(f"parameter_{UNITS.get(key, key)}") for key in parameters), "process", "cpus", "quantity", "value",
    ])
    for row in selection.rows:
        about = [*_about(row.case, parameters), row.round, cell(row.label)]
        writer.writerows([*about, cell(name), repr(value)] for name, value in quantities(row))
    return target.getvalue()


def quantities(row: Row) -> Iterable[tuple[str, float]]:
    """The figures and counters that the process has, by their names in reports/FORMAT.md."""
    for name in NUMBERS:
        value = getattr(row, name)
        if value is not None:
            yield "real_time_ns" if name == "time_ns" else name, value
    yield from row.other_costs


def cell(text: str) -> str:
    """Text that a spreadsheet shows and does not run; one line."""
    line = one_line(text)
    return f"'{line}" if line.startswith(FORMULA) else line


def _about(case: Case, parameters: Iterable[str]) -> list[str]:
    values = dict(case.parameters)
    return [*map(cell, (case.text, case.measure, case.noun, case.backend, case.placement)),
            *(cell(values.get(key, "")) for key in parameters)]
