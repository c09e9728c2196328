"""The head-line table: what a pipe, a queue, a semaphore, a Value, a fork, a task cost here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from .. import units
from ..cells import (BASELINES, HUGE_PAGES, Cell, Value, at_placement, at_size, is_plain_start, placements,
                    reference_size, sizes)
from .floors import MEASURE
from ..model import Row
from ..units import Scale
from ..views import HeadCell, HeadRow, HeadTable

Groups = Iterator[tuple[str, list[Cell]]]


@dataclass(frozen=True)
class Quantity:
    """One way to state a cost. `groups` splits its cells by the conditions a comparison must share."""

    name: str
    measure: str
    value: Value
    scale: Scale
    lower_is_better: bool
    groups: Callable[[list[Cell]], Groups]


@dataclass(frozen=True)
class Topic:
    name: str
    noun: str
    quantities: tuple[Quantity, ...]
    backend: str | None = None


def headline(cells: Iterable[Cell]) -> HeadTable:
    """At least one row a topic, so that what was not measured is seen to be missing."""
    measured = [cell for cell in cells if cell.case.measure not in ("lifecycle", MEASURE)]
    columns = tuple(placements(measured))
    return HeadTable(columns, tuple(r for topic in _TOPICS for r in _topic_rows(topic, measured, columns)))


def _topic_rows(topic: Topic, cells: list[Cell], columns: tuple[str, ...]) -> list[HeadRow]:
    rows = []
    for quantity in topic.quantities:
        own = [
            cell for cell in cells
            if (cell.case.measure, cell.case.noun) == (quantity.measure, topic.noun)
            and topic.backend in (None, cell.case.backend)
        ]
        for condition, group in quantity.groups(own):
            found = tuple(_cell(topic, quantity, at_placement(group, column)) for column in columns)
            if any(found):
                name = f"{quantity.name}, {condition}" if condition else quantity.name
                rows.append(HeadRow(topic.name, name, found))
    return rows or [HeadRow(topic.name, "not measured in this run", (None,) * len(columns))]


def _cell(topic: Topic, quantity: Quantity, cells: list[Cell]) -> HeadCell | None:
    measured = [(m, c) for c in cells if (m := c.median(quantity.value)) is not None]
    measured.sort(key=lambda pair: (pair[0] if quantity.lower_is_better else -pair[0], pair[1].name))
    known_baselines = BASELINES.get(topic.noun, ())
    ranked = [pair for pair in measured if pair[1].case.backend not in known_baselines]
    baselines = [pair for pair in measured if pair[1].case.backend in known_baselines]
    if not ranked:
        return None
    best = ranked[0][1]
    spread = best.spread(quantity.value)
    rate = best.median(lambda row: row.bytes_per_second)
    moves_bytes = rate and quantity.measure == "throughput" and topic.noun != "pool"
    return HeadCell(
        units.spread(spread, quantity.scale),
        units.amount(rate, units.bytes_scale) if moves_bytes else "",
        best.marked_name,
        _others(ranked, baselines, quantity.scale),
        spread.processes if spread else 0,
    )


def _others(
    ranked: list[tuple[float, Cell]], baselines: list[tuple[float, Cell]], scale: Scale
) -> str:
    """What the other backends reach, and what the baseline takes."""
    parts = []
    if len(ranked) == 1:
        parts.append("the only backend")
    else:
        worst = ranked[-1]
        parts.append(f"best of {len(ranked)}; last {worst[1].name}: {units.amount(worst[0], scale)}")
    parts += [f"baseline {cell.name}: {units.amount(value, scale)}" for value, cell in baselines]
    return "; ".join(parts)


def _by_size(cells: list[Cell]) -> Groups:
    """The reference size, and the largest one where the run has several."""
    reference = reference_size(cells)
    wanted = [reference, *[s for s in sizes(cells)[-1:] if s != reference]]
    for size in wanted:
        group = at_size(cells, size) if size == reference else [
            cell for cell in cells if cell.case.number("size") == size
        ]
        yield f"{units.size(size)} messages" if size is not None else "", group


def _by_operation(cells: list[Cell]) -> Groups:
    """One process alone, with the shortest critical section, one group an operation."""
    alone = [cell for cell in cells if cell.case.number("processes") == 1]
    shortest = min((cell.case.number("hold_ns") or 0 for cell in alone), default=0)
    alone = [cell for cell in alone if (cell.case.number("hold_ns") or 0) == shortest]
    for operation in dict.fromkeys(cell.case.parameter("operation") for cell in alone):
        yield operation or "", [c for c in alone if c.case.parameter("operation") == operation]


def _by_memory(cells: list[Cell]) -> Groups:
    """The smallest and the largest parent, its memory in base pages."""
    cells = [c for c in cells if is_plain_start(c) and HUGE_PAGES not in c.case.parameters]
    found = sorted({cell.case.number("memory_mib") or 0 for cell in cells})
    for mib in dict.fromkeys([*found[:1], *found[-1:]]):
        group = [cell for cell in cells if (cell.case.number("memory_mib") or 0) == mib]
        yield f"parent touched {units.memory(mib)}", group


def _ns_per_operation(row: Row) -> float | None:
    return 1e9 / row.operations_per_second if row.operations_per_second else None


_ROUND_TRIP = Quantity(
    "round-trip latency, p50", "latency", lambda row: row.latency_ns_p50, units.time_scale, True, _by_size
)
_ONE_WAY = Quantity(
    "one-way throughput", "throughput", lambda row: row.messages_per_second,
    units.rate_scale("messages"), False, _by_size,
)
_TASKS = Quantity(
    "throughput", "throughput", lambda row: row.messages_per_second, units.rate_scale("tasks"), False,
    _by_size,
)
_ALONE = Quantity(
    "uncontended cost, one process", "contention", _ns_per_operation, units.time_scale, True, _by_operation
)
_FORK = Quantity(
    "start and reap, p50", "fork_cost", lambda row: row.latency_ns_p50, units.time_scale, True, _by_memory
)
_TOPICS = (
    Topic("pipe", "pipe", (_ROUND_TRIP, _ONE_WAY)),
    Topic("queue", "queue", (_ROUND_TRIP, _ONE_WAY, _ALONE)),
    Topic("semaphore", "semaphore", (_ROUND_TRIP, _ALONE)),
    Topic("Value (shared)", "shared", (_ROUND_TRIP, _ONE_WAY, _ALONE)),
    Topic("notify", "notify", (_ROUND_TRIP,)),
    Topic("fork", "process", (_FORK,), backend="fork"),
    Topic("child, by any backend", "process", (_FORK,)),
    Topic("pool task", "pool", (_ROUND_TRIP, _TASKS)),
)
