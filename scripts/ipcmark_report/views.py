"""What pages show, ready to draw and to print: frozen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from .model import Fact, NotMeasurable
from .stats import Spread


class Unit(Enum):
    """What the numbers along an axis are; charts knows how to write each."""

    TIME = "time"
    MESSAGES_PER_SECOND = "messages/s"
    BYTES_PER_SECOND = "bytes/s"
    OPERATIONS_PER_SECOND = "operations/s"
    BYTES = "bytes"
    MEBIBYTES = "MiB"
    COUNT = "count"
    SECONDS = "seconds"
    CLOCK = "clock"  # seconds of the Unix epoch
    PERCENT = "per cent"
    NINES = "nines"


class Kind(Enum):
    """DOTS: a row a category, values along x. CURVES: values over a number, one line a series. BARS: a row a
    category, the values of the series end to end along x, from zero."""

    DOTS = "dots"
    CURVES = "curves"
    BARS = "bars"


@dataclass(frozen=True)
class Point:
    """`at` is a category's name (DOTS) or a position on the x axis (CURVES); `flags` stand beside it; `case` is
    the one that it is of, or the name of several as recipes.cases() makes it."""

    at: str | float
    value: Spread
    flags: str = ""
    case: str = ""


@dataclass(frozen=True)
class Series:
    """`style` chooses colour, marker and line; one backend has one style in all panels of a figure."""

    name: str
    style: int
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Lane:
    """A narrow companion of a panel for shares between 0 and 1."""

    title: str
    series: tuple[Series, ...]


@dataclass(frozen=True)
class Rule:
    """A place on the x axis that has a name."""

    at: float
    label: str


@dataclass(frozen=True)
class Panel:
    """`floors` are the limits below which (for a rate: above which) nothing is expected. For DOTS there
    is one of them, with a point a category; for CURVES one a limit. Their style counts for itself. `marks` stand
    on the rows of BARS, each at its own distance from zero. `void_from` is where on the x axis of CURVES nothing
    can be said any more. `fits` are what curves would be by their model, in their styles; `ridge` is the best of the
    curves at each place, drawn broadly beneath them; `rules` stand upright."""

    title: str
    series: tuple[Series, ...]
    lanes: tuple[Lane, ...] = ()
    floors: tuple[Series, ...] = ()
    marks: tuple[Series, ...] = ()
    void_from: float | None = None
    fits: tuple[Series, ...] = ()
    ridge: tuple[Point, ...] = ()
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class Axis:
    label: str
    unit: Unit


@dataclass(frozen=True)
class Drawing:
    """For DOTS and BARS `x` is the axis of the values; for CURVES it is `y`."""

    kind: Kind
    x: Axis
    y: Axis
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Cloud:
    """Dots without lines, values along y over a number along x that may be anything."""

    x: Axis
    y: Axis
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Strip:
    """A row a category and a dot a value, `spread` out as they are; a series a kind of dots."""

    x: Axis
    panels: tuple[Panel, ...]
    log: bool = True


@dataclass(frozen=True)
class Strand:
    """The distribution of one process: the share of its operations that take at most each of the values.
    `estimate` is what stands for it; `style` is that of its `kind`."""

    kind: str
    style: int
    values: tuple[float, ...]
    shares: tuple[float, ...]
    estimate: float
    case: str = ""


@dataclass(frozen=True)
class Bundle:
    """The processes of one case."""

    title: str
    strands: tuple[Strand, ...]


@dataclass(frozen=True)
class Ecdf:
    """A panel a case with a line a process, and below it a dot a process; each has its own scale."""

    x: Axis
    bundles: tuple[Bundle, ...]


@dataclass(frozen=True)
class Layer:
    """A panel of a Stack: dots over what they all share, on a scale of its own."""

    panel: Panel
    y: Axis
    log: bool = False


@dataclass(frozen=True)
class Stack:
    x: Axis
    layers: tuple[Layer, ...]


@dataclass(frozen=True)
class Bracket:
    """CPUs that share something."""

    name: str
    cpus: tuple[int, ...]


@dataclass(frozen=True)
class HeatMap:
    """A square of values between CPUs, its rows and columns in the order of `cpus`; None where there is
    no value. `brackets` are levels of what CPUs share, the innermost first."""

    cpus: tuple[int, ...]
    values: tuple[tuple[float | None, ...], ...]
    unit: Unit
    title: str = ""
    brackets: tuple[tuple[Bracket, ...], ...] = ()


@dataclass(frozen=True)
class HeatMaps:
    """Maps side by side, each with a scale of its own."""

    maps: tuple[HeatMap, ...]


AnyDrawing = Drawing | HeatMap | HeatMaps | Cloud | Strip | Ecdf | Stack


@dataclass(frozen=True)
class Table:
    """Text cells; the first `names` columns name the row, the last `remarks` say more of it, the others
    hold numbers. `cases` are the names of the cases that the rows are of, as in a Point, empty where they are of none."""

    columns: tuple[str, ...]
    names: int
    rows: tuple[tuple[str, ...], ...]
    remarks: int = 0
    cases: tuple[str, ...] = ()


class Drawn(Protocol):
    """What is needed of a figure, of one run or of several, to draw it."""

    @property
    def anchor(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def question(self) -> str: ...

    @property
    def says(self) -> str: ...

    @property
    def drawing(self) -> Any: ...


@dataclass(frozen=True)
class Figure:
    """One chart: the question it answers, the drawing, what its reader must know, its numbers; `says` is
    the answer of this run's data in one sentence, where it can be put so."""

    anchor: str
    title: str
    question: str
    drawing: AnyDrawing
    caption: str
    table: Table
    notes: tuple[str, ...] = ()
    says: str = ""


@dataclass(frozen=True)
class Listing:
    """A table that stands by itself, and what this run's data in it say."""

    says: str
    caption: str
    table: Table


@dataclass(frozen=True)
class Section:
    """`empty` says why there is no figure; it is shown only then. `missing` are the charts that this run has no
    data for, a line each."""

    anchor: str
    title: str
    lead: str
    figures: tuple[Figure, ...]
    empty: str
    listings: tuple[Listing, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class HeadCell:
    """The best backend at one placement, and what the others reach there."""

    best: str
    bytes_per_second: str
    backend: str
    others: str
    processes: int


@dataclass(frozen=True)
class HeadRow:
    """One cost; `cells` stand in the order of the table's placements, None where not measured."""

    topic: str
    quantity: str
    cells: tuple[HeadCell | None, ...]


@dataclass(frozen=True)
class HeadTable:
    placements: tuple[str, ...]
    rows: tuple[HeadRow, ...]


@dataclass(frozen=True)
class FailedCase:
    case: str
    message: str
    rounds: str


@dataclass(frozen=True)
class EnvironmentRow:
    """`end` is None where the fact did not change until the end, or the end was not recorded."""

    group: str
    key: str
    start: str
    start_unknown: bool
    end: str | None
    end_unknown: bool = False


@dataclass(frozen=True)
class Recipe:
    """How to measure a case of the run again: what stands before the filter that names it; `filtered` is the
    run's own filter, where it had one."""

    before: str
    filtered: str = ""


@dataclass(frozen=True)
class Summary:
    title: str
    machine: str
    about: tuple[tuple[str, str], ...]
    marks: tuple[str, ...]
    headline: HeadTable
    trust: Section
    processes: Section
    sections: tuple[Section, ...]
    environment: tuple[EnvironmentRow, ...]
    end_recorded: bool
    counted: tuple[Fact, ...]
    failed: tuple[FailedCase, ...]
    without_result: tuple[str, ...]
    not_measurable: tuple[NotMeasurable, ...]
    recipe: Recipe

    @property
    def all_sections(self) -> tuple[Section, ...]:
        """In the order of the page."""
        return (self.trust, self.processes, *self.sections)

    @property
    def figures(self) -> tuple[Figure, ...]:
        return tuple(figure for section in self.all_sections for figure in section.figures)
