"""The section of measure `limits`: what this machine and its kernel allow at best."""

from __future__ import annotations

from collections.abc import Sequence

from .. import tables, units
from ..cells import Cell, at_placement, count_text, flags_note, select
from .floors import MEASURE
from ..model import Environment
from .panels import OPERATIONS, P50, SAMPLES
from .topology import shared_by
from ..views import Figure, HeatMap, HeatMaps, Listing, Section, Unit

PAIR = "pair"
# Below this, the farthest pair of CPUs is as near as the nearest one.
_ALIKE = 1.2
_LEVELS = {0: "main memory", 1: "L1", 2: "L2", 3: "L3", 4: "L4"}


def limits_section(cells: Sequence[Cell], environment: Environment, machine: str) -> Section:
    own = select(cells, MEASURE)
    single = [cell for cell in own if cell.case.placement != PAIR]
    pairs = at_placement(own, PAIR)
    maps = _maps(pairs, environment, machine)
    return Section(
        "limits",
        "Limits of this machine",
        "Bare loops over what the processor and the kernel offer, with nothing of the library in between, "
        "measured in every round. The floors in the charts and tables above are these.",
        (maps,) if maps else (),
        "" if single else "This run has no limits.",
        (_listing(single, machine),) if single else (),
        () if maps or not own else ("No map of CPUs: this run has no round trips between pairs of CPUs.",),
    )


def _listing(cells: Sequence[Cell], machine: str) -> Listing:
    return Listing(
        _says(cells),
        f"A round trip is there and back and is never halved. {count_text(cells, OPERATIONS, 'operations')}. "
        f"{machine}.{flags_note(cells)}",
        tables.table(
            cells,
            (("limit", lambda cell: cell.case.noun), ("how", lambda cell: cell.case.backend), ("of", _of),
             tables.PLACEMENT),
            (
                tables.spread("an operation", lambda row: row.time_ns, units.time_scale),
                tables.spread("p99", lambda row: row.latency_ns_p99, units.time_scale),
                tables.spread("bytes", lambda row: row.bytes_per_second, units.bytes_scale),
                ("lies in", _level), tables.PROCESSES, tables.CPUS,
            ),
        ),
    )


def _of(cell: Cell) -> str:
    """The parameters, sizes written as such."""
    write = {"size": units.size, "memory_mib": units.memory}
    parts = []
    for key, text in cell.case.parameters:
        number = cell.case.number(key)
        parts.append(write[key](number) if key in write and number is not None else f"{key} {text}")
    return ", ".join(parts) or "–"


def _level(cell: Cell) -> str:
    level = cell.median(lambda row: row.cache_level)
    return "–" if level is None else _LEVELS.get(int(level), "–")


def _says(cells: Sequence[Cell]) -> str:
    """What a turn costs here by the way in which it is handed over."""
    def time(start: str, placement: str) -> float | None:
        found = (c for c in at_placement(cells, placement) if c.case.text.startswith(f"{MEASURE}/{start}"))
        return next((cell.median(lambda row: row.time_ns) for cell in found), None)

    here, across = time("wake_up/", "same_core"), time("wake_up/", "cross_core")
    line, call = time("cache_line/spin/lines:1/", "cross_core"), time("system_call/", "same_core")
    parts = []
    if across:
        parts.append(f"waking a peer on another core, and being woken by it, takes {units.time(across)}")
        if here:
            parts.append(f"{units.digits(across / here)} times as long as on one core")
        if line:
            parts.append(f"{units.digits(across / line)} times as long as a cache line there and back")
    elif here:
        parts.append(f"waking a peer on the same core, and being woken by it, takes {units.time(here)}")
    said = [", ".join(parts)] if parts else []
    if call:
        said.append(f"a system call takes {units.time(call)}")
    return f"In this run {'; '.join(said)}." if said else "This run has none of the limits of handing over a turn."


_KINDS = (("wake_up", "sleep"), ("cache_line", "spin"))


def _maps(pairs: Sequence[Cell], environment: Environment, machine: str) -> Figure | None:
    """Peers that sleep and peers that spin, side by side."""
    maps, says, measured = [], [], []
    for noun, how in _KINDS:
        own = select(pairs, MEASURE, noun)
        times = {pair: time for cell in own if (pair := _pair(cell)) and (time := cell.median(P50))}
        if not times:
            continue
        cpus, brackets = shared_by(environment, tuple(sorted({cpu for pair in times for cpu in pair})))
        maps.append(HeatMap(cpus, tuple(
            tuple(times.get((min(a, b), max(a, b))) for b in cpus) for a in cpus), Unit.TIME, f"peers that {how}", brackets))
        says.append(f"Peers that {how}: {_nearest(times)}")
        measured += own
    if not maps:
        return None
    return Figure(
        "limits-pairs",
        "Round trip between two CPUs",
        "Which two CPUs are near to each other, for peers that sleep and for peers that spin?",
        HeatMaps(tuple(maps)),
        f"Nanoseconds a round trip (p50), not halved; median over processes. Brackets: CPUs that share a core, a cache or a "
        f"socket, as far as the machine tells. {count_text(measured, SAMPLES, 'samples')}. {machine}.{flags_note(measured)}",
        tables.table(
            measured,
            (("peers", lambda cell: dict(_KINDS).get(cell.case.noun, cell.case.noun)),
             ("CPUs", lambda cell: cell.case.parameter("cpus") or "–"), tables.PLACEMENT),
            (*tables.PERCENTILES, *tables.COST, tables.PROCESSES),
        ),
        says=" ".join(says),
    )


def _pair(cell: Cell) -> tuple[int, int] | None:
    """The two CPUs, the smaller first; None where they are not named so."""
    texts = (cell.case.parameter("cpus") or "").split("-")
    if len(texts) != 2 or not all(t.isascii() and t.isdigit() and len(t) < 6 for t in texts):
        return None
    first, second = sorted(map(int, texts))
    return (first, second) if first != second else None


def _nearest(times: dict[tuple[int, int], float]) -> str:
    ordered = sorted(times, key=lambda pair: (times[pair], pair))
    near, far = ordered[0], ordered[-1]
    if len(ordered) == 1:
        return f"CPUs {near[0]} and {near[1]}, the only pair, take {units.time(times[near])}."
    ratio = times[far] / times[near]
    if ratio < _ALIKE:
        return (f"All {len(ordered)} pairs are alike: from {units.time(times[near])} to "
                f"{units.time(times[far])}.")
    return (f"Of {len(ordered)} pairs the nearest, CPUs {near[0]} and {near[1]}, takes {units.time(times[near])}, "
            f"the farthest, {far[0]} and {far[1]}, {units.time(times[far])}: {units.digits(ratio)} times as long.")
