"""Groups the rows of a run by case: a cell is one case with what every process measured for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from . import units
from .model import Case, Row
from .stats import Spread, spread_over_processes

Value = Callable[[Row], float | None]

# What weakens a result, by its letter; a capital says that most processes of the case have it.
FLAGS = {"u": "unpinned", "n": "not comparable", "s": "stood still between windows", "d": "disturbed", "m": "several modes",
         "t": "processes at several distances of the CPUs"}

# The two-CPU placement is first: it is where two peers of a real program most often are.
PLACEMENTS = ("cross_core", "same_core", "smt_sibling", "cross_socket", "unpinned")
# Not processes at all: they show what a process costs more, and never count as the best backend.
BASELINES = {"process": ("thread",), "pool": ("thread", "threads")}
REFERENCE_SIZE = 64
# Base pages are what there is where nothing else is said.
BASE_PAGES, HUGE_PAGES = ("pages", "base"), ("pages", "huge")
# What a start is measured over beside the memory; a case has one of them at most, or zombies and a way to reap.
START_AXES = ("mappings", "touched_pages", "zombies", "reap", "parts")


@dataclass(frozen=True)
class Cell:
    case: Case
    rows: tuple[Row, ...]

    def spread(self, value: Value) -> Spread | None:
        return spread_over_processes((row.round, value(row)) for row in self.rows)

    def median(self, value: Value) -> float | None:
        spread = self.spread(value)
        return spread.median if spread else None

    @property
    def floor(self) -> str | None:
        """The name of the limit that the case is held against."""
        return next((row.floor for row in self.rows if row.floor is not None), None)

    @property
    def name(self) -> str:
        """The backend, with the parameters that no chart has an axis for."""
        return ", ".join([self.case.backend, *self._others()])

    def flagged(self, letter: str) -> int:
        """How many of the rows have what the letter stands for."""
        if letter == "u":
            return len(self.rows) if self.case.placement == "unpinned" else 0
        if letter == "t":
            modes = [row.topology_mode for row in self.rows if row.topology_mode is not None]
            return len(modes) - max((modes.count(mode) for mode in modes), default=0)
        return sum(_HAS[letter](row) for row in self.rows)

    @property
    def flags(self) -> str:
        """The letters of FLAGS that hold for it."""
        counts = {letter: self.flagged(letter) for letter in FLAGS}
        return "".join(
            letter.upper() if 2 * count > len(self.rows) else letter for letter, count in counts.items() if count
        )

    @property
    def marked_name(self) -> str:
        """For the rows of a chart, which say no more than that."""
        return f"{self.name} [{self.flags}]" if self.flags else self.name

    def _others(self) -> list[str]:
        axes = {
            "fork_cost": ("memory_mib", "mappings", "touched_pages", "zombies", "parts"),
            "lifecycle": ("phase",),
            "contention": ("operation", "hold_ns", "processes"),
            "limits": (),
            "open_loop": ("size", "rate"),
        }.get(self.case.measure, ("size",))
        return [
            "huge pages" if (key, value) == HUGE_PAGES else f"{key}:{value}"
            for key, value in self.case.parameters if key not in axes and (key, value) != BASE_PAGES
        ]


_HAS: dict[str, Callable[[Row], bool]] = {
    "n": lambda row: row.comparable == 0,
    "s": lambda row: row.stood_between,
    "d": lambda row: row.is_disturbed,
    "m": lambda row: (row.modes or 0) > 1,
}


def flags_note(cells: Iterable[Cell]) -> str:
    """What the letters that occur stand for; empty where none does."""
    found = {letter for cell in cells for letter in cell.flags.lower()}
    if not found:
        return ""
    meanings = ", ".join(f"{letter} {FLAGS[letter]}" for letter in FLAGS if letter in found)
    return f" Marks: {meanings}; capital: most processes of the case. See “How far to trust this run”."


def cells_of(rows: Iterable[Row]) -> tuple[Cell, ...]:
    """The cells of all valid rows, in the order of their first row."""
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        if row.error is None:
            grouped.setdefault(row.case.text, []).append(row)
    return tuple(Cell(group[0].case, tuple(group)) for group in grouped.values())


def select(cells: Iterable[Cell], measure: str, noun: str | None = None) -> list[Cell]:
    return [c for c in cells if c.case.measure == measure and noun in (None, c.case.noun)]


def nouns(cells: Iterable[Cell]) -> list[str]:
    return list(dict.fromkeys(cell.case.noun for cell in cells))


def placements(cells: Iterable[Cell]) -> list[str]:
    """The placements that occur, the known ones first and in their order."""
    present = dict.fromkeys(cell.case.placement for cell in cells)
    return [p for p in PLACEMENTS if p in present] + [p for p in present if p not in PLACEMENTS]


def at_placement(cells: Iterable[Cell], placement: str) -> list[Cell]:
    return [cell for cell in cells if cell.case.placement == placement]


def placement_title(placement: str, cells: Iterable[Cell]) -> str:
    """The placement with the CPUs, where all rows name the same ones."""
    if placement == "unpinned":
        return "unpinned: the scheduler chose the CPUs, expect several modes"
    labels = {row.label for cell in cells for row in cell.rows}
    label = labels.pop() if len(labels) == 1 else ""
    return f"{placement} ({label})" if label else placement


def is_plain_start(cell: Cell) -> bool:
    """A child that does nothing, of a parent of which nothing but the memory is special."""
    return not any(key in START_AXES for key, _ in cell.case.parameters)


def starts_over(cells: Iterable[Cell], axis: str) -> list[Cell]:
    """The cells of measure `fork_cost` that are measured over one of START_AXES."""
    def first(cell: Cell) -> str | None:
        return next((key for key in START_AXES if cell.case.parameter(key) is not None), None)

    return [cell for cell in cells if first(cell) == axis]


def sizes(cells: Iterable[Cell]) -> list[int]:
    found = {cell.case.number("size") for cell in cells}
    return sorted(size for size in found if size is not None)


def reference_size(cells: Iterable[Cell]) -> int | None:
    """The size at which backends are compared: 64 bytes, or else the smallest of the run."""
    found = sizes(cells)
    return REFERENCE_SIZE if REFERENCE_SIZE in found else found[0] if found else None


def at_size(cells: Iterable[Cell], size: int | None) -> list[Cell]:
    """The cells of that size, and those whose messages have none."""
    return [cell for cell in cells if cell.case.number("size") in (None, size)]


def styles(cells: Iterable[Cell]) -> dict[str, int]:
    return {name: index for index, name in enumerate(sorted({cell.name for cell in cells}))}


def count_text(cells: Sequence[Cell], value: Value, thing: str) -> str:
    """`3 processes (rounds) x 900-1 024 samples each`, over the given cells."""
    processes = [len({row.round for row in cell.rows}) for cell in cells]
    counts = [n for cell in cells for row in cell.rows if (n := value(row)) is not None]
    fresh = units.span(min(processes), max(processes), units.whole)
    text = f"{fresh} fresh process{'es' if max(processes) > 1 else ''} (rounds) a case"
    if counts:
        text += f" × {units.span(min(counts), max(counts), units.whole)} {thing} each"
    return text
