"""What the charts of kernels show: frozen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rung:
    """A case on one kernel: instructions an operation, `column` its place. `step` is the change to say beside it, where
    one is claimed; `is_two`: its boots took two paths; `tip` is shown when it is pointed at."""

    column: int
    value: float
    low: float
    high: float
    is_sound: bool
    step: str = ""
    is_two: bool = False
    tip: str = ""


@dataclass(frozen=True)
class Rail:
    """The kernels of one flavour; `style` is that of the flavour. `levels` are the columns at which a new level begins."""

    name: str
    style: int
    rungs: tuple[Rung, ...]
    levels: tuple[int, ...] = ()


@dataclass(frozen=True)
class RailsPanel:
    title: str
    rails: tuple[Rail, ...]


@dataclass(frozen=True)
class Rails:
    """One case below the other, on the same columns, each with its own scale."""

    columns: tuple[str, ...]
    panels: tuple[RailsPanel, ...]


@dataclass(frozen=True)
class Part:
    """A row that reaches so far from zero, to either side; `text` is what it comes to in words."""

    name: str
    by: float
    text: str


@dataclass(frozen=True)
class Diverging:
    """What something is made of: what is more on the right of zero, what is less on the left."""

    rows: tuple[Part, ...]
    unit: str
    less: str
    more: str
