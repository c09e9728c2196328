"""What the page of a comparison shows, ready to draw and to print."""

from __future__ import annotations

from dataclasses import dataclass

from ...views import Table
from .marks import Mark


@dataclass(frozen=True)
class Field:
    ratio: float
    mark: Mark
    confounded: bool = False


@dataclass(frozen=True)
class MapGroup:
    """Rows of a map under one heading; a field is None where that run has no such case."""

    title: str
    rows: tuple[tuple[str, tuple[Field | None, ...]], ...]


@dataclass(frozen=True)
class MapWords:
    """What the legend calls fields: less and more than the base, hatched ones."""

    less: str = "faster"
    more: str = "slower"
    hatched: str = "confounded"


@dataclass(frozen=True)
class ChangeMap:
    columns: tuple[str, ...]
    groups: tuple[MapGroup, ...]
    words: MapWords = MapWords()


@dataclass(frozen=True)
class Effect:
    """A ratio with its interval. `threshold`: the ratio less 1 below which nothing is a change. `whole`: of
    several cells together. `tip` is what it shows when it is pointed at; `under` stands below the label."""

    label: str
    ratio: float
    low: float | None
    high: float | None
    threshold: float | None
    mark: Mark
    whole: bool = False
    confounded: bool = False
    tip: str = ""
    under: str = ""


@dataclass(frozen=True)
class EffectPanel:
    title: str
    rows: tuple[Effect, ...]


@dataclass(frozen=True)
class Effects:
    panels: tuple[EffectPanel, ...]


@dataclass(frozen=True)
class Dot:
    """`mode` tells dots of different kinds apart; 0 is the usual one."""

    at: float
    value: float
    mode: int = 0


@dataclass(frozen=True)
class Side:
    name: str
    dots: tuple[Dot, ...]


@dataclass(frozen=True)
class SidesPanel:
    """Both sides of one case; `below` is a companion in a lane of its own."""

    title: str
    sides: tuple[Side, ...]
    below: tuple[Side, ...] = ()


@dataclass(frozen=True)
class Strips:
    """One dot a process, and the distribution of the processes beside it; values are ns."""

    panels: tuple[SidesPanel, ...]
    modes: tuple[str, ...]


@dataclass(frozen=True)
class Sequence:
    """Values through the run; the lane below is the anchor."""

    x: str
    panels: tuple[SidesPanel, ...]


@dataclass(frozen=True)
class PathPanel:
    """Repetitions by involuntary switches an operation, and what each path's cost did beside the whole."""

    title: str
    sides: tuple[Side, ...]
    effects: tuple[Effect, ...]


@dataclass(frozen=True)
class Paths:
    panels: tuple[PathPanel, ...]


@dataclass(frozen=True)
class Line:
    """`bars` are low and high of each point, `stands_out` the points to mark, `here` one point of its own."""

    name: str
    points: tuple[tuple[float, float], ...]
    bars: tuple[tuple[float, float] | None, ...] = ()
    stands_out: tuple[int, ...] = ()
    here: tuple[float, float] | None = None


@dataclass(frozen=True)
class LinesPanel:
    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Power:
    """Smallest change that is found, a ratio less 1, over the number of pairs."""

    panels: tuple[LinesPanel, ...]


@dataclass(frozen=True)
class Ladder:
    """Ratios to the first run, one place a run."""

    runs: tuple[str, ...]
    panels: tuple[LinesPanel, ...]


@dataclass(frozen=True)
class Shares:
    """A row a thing, its parts end to end up to 1; `notes` stand at the end of each row."""

    parts: tuple[str, ...]
    rows: tuple[tuple[str, tuple[float, ...]], ...]
    notes: tuple[str, ...]


Drawing = ChangeMap | Effects | Strips | Sequence | Paths | Power | Ladder | Shares


@dataclass(frozen=True)
class Figure:
    """One chart: its question, this comparison's answer, the drawing, what its reader must know, its numbers."""

    anchor: str
    title: str
    question: str
    says: str
    drawing: Drawing
    caption: str
    table: Table
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Headline:
    """The first screen of one comparison. `changed` are lines by heading; `seen` what could have been seen."""

    title: str
    alarms: tuple[str, ...]
    confounders: tuple[str, ...]
    says: str
    changed: tuple[tuple[str, tuple[str, ...]], ...]
    seen: tuple[str, ...]
    about: tuple[str, ...]
    unmatched: int
