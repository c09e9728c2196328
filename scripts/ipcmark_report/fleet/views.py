"""What the page of a fleet draws: frozen."""

from __future__ import annotations

from dataclasses import dataclass

from ..views import Table


@dataclass(frozen=True)
class Spot:
    """How many times as long as usual; `found`: chance does not explain it."""

    ratio: float
    found: bool = False


@dataclass(frozen=True)
class HostRow:
    name: str
    named: bool
    spots: tuple[Spot | None, ...]


@dataclass(frozen=True)
class HostRows:
    title: str
    rows: tuple[HostRow, ...]


@dataclass(frozen=True)
class HostMap:
    """A row a host, a column a case or a family of cases."""

    columns: tuple[str, ...]
    parts: tuple[HostRows, ...]

    @property
    def rows(self) -> int:
        return sum(len(part.rows) for part in self.parts)


@dataclass(frozen=True)
class MapColumn:
    """`full` is the whole name, `command` what measures it again."""

    name: str
    full: str
    command: str


@dataclass(frozen=True)
class MapFigure:
    """A map, and the same fields as text: `table` has a row a host in the order of the map, `tips` says more of each field."""

    anchor: str
    title: str
    question: str
    says: str
    drawing: HostMap
    caption: str
    columns: tuple[MapColumn, ...]
    table: Table
    tips: tuple[tuple[str, ...], ...]
