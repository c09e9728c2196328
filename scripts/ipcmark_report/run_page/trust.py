"""How far to trust a run: what its records say of the machine and of themselves."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from .. import units
from ..cells import Cell
from ..model import Anchor, Run
from ..negative_controls import negative_controls
from ..recipes import ANY, cases
from ..stats import Spread
from ..views import Axis, Cloud, Figure, Listing, Panel, Point, Section, Series, Table, Unit
from .mix import mix_figures

# Looks at the anchor are drawn in so many equal parts of the run.
_PARTS = 150
# A look is slow where it took so much longer than the quickest.
_SLOW = 1.1
_MEANINGS = (
    "u: unpinned, the scheduler chose the CPUs; n: not comparable, a window stood still or the two CPUs changed their distance "
    "while it was measured; s: the process stood still for over 0.2 s between two windows, which are sound themselves; d: disturbed, others had more than 5 % of the CPU time of its CPUs; m: the samples of one process "
    "fall into several modes, and a median may lie between them; t: some processes saw another distance of the two CPUs than "
    "the others. A capital says that most processes of the case have it. A pinned peer moves only when its CPUs are taken away."
)


def trust_marks(run: Run, cells: Sequence[Cell]) -> tuple[str, ...]:
    """What a reader must know first of the run as a whole."""
    marks = [f"Contaminated: {label}" for label in run.info.labels]
    if counts := [f"{count} {text}" for text, count in _flagged(cells).items() if count]:
        marks.append(f"Of {len(cells)} cases " + "; ".join(counts) + ". Each row and point of them says so.")
    if len(run.info.topology_modes_ns) > 1:
        lines = ", ".join(units.time(ns) for ns in run.info.topology_modes_ns)
        marks.append(f"Two CPUs were at {len(run.info.topology_modes_ns)} distances during the run, cache-line round trips "
                     f"of {lines}: compare results across CPUs only at the same distance.")
    return tuple(marks)


def _flagged(cells: Sequence[Cell]) -> dict[str, int]:
    """How many cases have at least one process of each kind."""
    kinds = {"n": "have processes that do not compare (n)", "s": "stood still between windows (s)",
             "d": "were disturbed (d)", "m": "fell into several modes (m)", "u": "were not pinned (u)"}
    return {text: sum(cell.flagged(letter) > 0 for cell in cells) for letter, text in kinds.items()}


def trust_section(run: Run, cells: Sequence[Cell], machine: str) -> Section:
    listings = (_flag_listing(cells), _topology_listing(run, cells), _control_listing(cells, machine))
    figures = (_anchor_figure(run, machine), *mix_figures(cells, run.processes, machine))
    return Section(
        "trust",
        "How far to trust this run",
        "What the run recorded of its own conditions. None of it corrects a number: it says which differences may "
        "be the machine's.",
        tuple(figure for figure in figures if figure is not None),
        "This run holds no records of repetitions." if not any(listings) else "",
        tuple(listing for listing in listings if listing is not None),
    )


def _flag_listing(cells: Sequence[Cell]) -> Listing | None:
    groups: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.case.measure, cell.case.placement), []).append(cell)
    rows = []
    for (measure, placement), own in groups.items():
        counts = [str(sum(cell.flagged(letter) > 0 for cell in own) or "–") for letter in "nsdmt"]
        migrated = sum(any(row.migrations for row in cell.rows) for cell in own)
        if set(counts) != {"–"} or migrated:
            rows.append((measure, placement, str(len(own)), *counts, str(migrated or "–")))
    if not rows:
        return None
    return Listing(
        f"{sum(bool(cell.flags) for cell in cells)} of {len(cells)} cases have at least one process with a mark.",
        f"Marks, {_MEANINGS}",
        Table(("measure", "placement", "cases", "n", "s", "d", "m", "t", "moved from CPU to CPU"), 2, tuple(rows),
              cases=tuple(cases(measure, placement=placement) for measure, placement, *_ in rows)),
    )


def _topology_listing(run: Run, cells: Sequence[Cell]) -> Listing | None:
    modes = run.info.topology_modes_ns
    if not modes:
        return None
    seen = [row.topology_mode for cell in cells for row in cell.rows if row.topology_mode is not None]
    rows = [(f"cache line there and back in {units.time(ns)}", str(seen.count(index))) for index, ns in enumerate(modes)]
    if changed := seen.count(-1):
        rows.append(("another after the process than before it", str(changed)))
    one = "One distance of two CPUs was seen." if len(modes) == 1 else f"{len(modes)} distances of two CPUs were seen."
    return Listing(
        one,
        "A cache line goes to and fro before and after each process that has two CPUs. A hypervisor may put two CPUs on "
        "one core, on two, or on two sockets, and change its mind.",
        Table(("distance", "processes"), 1, tuple(rows), cases=(ANY,) * len(rows)),
    )


def controls(cells: Sequence[Cell]) -> list[Cell]:
    """In the order in which they are listed."""
    by_name = {cell.case.text: cell for cell in cells}
    return [by_name[case.text] for case in negative_controls(cell.case for cell in cells)]


def _control_listing(cells: Sequence[Cell], machine: str) -> Listing | None:
    own = controls(cells)
    rows, named, widest = [], [], 1.0
    for cell in own:
        quiet, typical = cell.spread(lambda row: row.quiet_ns), cell.spread(lambda row: row.typical_ns)
        if quiet is None or typical is None or not typical.low:
            continue
        widest = max(widest, typical.high / typical.low)
        named.append(cell.case.text)
        rows.append((f"{cell.case.noun} {cell.case.backend}", cell.case.placement, cell.flags or "–",
                     units.spread(quiet, units.time_scale), units.spread(typical, units.time_scale),
                     _percent(typical.high / typical.low), str(typical.processes)))
    if not rows:
        return None
    return Listing(
        f"Nothing of ipcmark or of a system call is in these, and their typical times differ by up to {_percent(widest)} "
        "between processes of this run.",
        "Negative controls: arithmetic, a copy in the nearest cache, and two peers that spin on one cache line. What they "
        f"differ by, any other case may differ by too, for no reason of its own. {machine}.",
        Table(("control", "placement", "marks", "quiet", "typical", "slowest over quickest process", "processes"), 3,
              tuple(rows), cases=tuple(named)),
    )


def _percent(ratio: float) -> str:
    return f"{100 * (ratio - 1):.1f} %"


def _anchor_figure(run: Run, machine: str) -> Figure | None:
    looks = sorted((look for process in run.processes for look in process.anchors), key=lambda look: look.at_ns)
    if not looks:
        return None
    quickest = min(look.median_ns for look in looks)
    parts = _parts(looks)
    ends = (parts[0].at, parts[-1].at)
    floor = Series("the quickest look", 0, tuple(Point(at, Spread(quickest, quickest, quickest, 1)) for at in ends))
    slow = sum(look.median_ns > _SLOW * quickest for look in looks) / len(looks)
    return Figure(
        "anchor",
        "The anchor through the run",
        "When did the machine compute slowly?",
        Cloud(Axis("since the first repetition", Unit.SECONDS), Axis("1000 turns (log)", Unit.TIME), (
            Panel("a loop of dependent arithmetic, around each repetition",
                  (Series(f"median of {units.whole(len(looks) / len(parts))} looks or so", 0, parts),), floors=(floor,)),)),
        f"Nanoseconds for 1000 turns. Each dot is the median of the looks in 1/{_PARTS} of the run's time, its bar the "
        f"quickest and the slowest of them; {units.whole(len(looks))} looks. {machine}.",
        Table(("looks", "quickest", "median", "slowest"), 1, ((
            units.whole(len(looks)), units.time(quickest), units.time(median(look.median_ns for look in looks)),
            units.time(max(look.median_ns for look in looks))),), cases=(ANY,)),
        ("The loop touches no memory and makes no system call: what slows it is the CPU's clock, the other thread of its "
         "core, or the hypervisor, and slows every case as well.",),
        f"{100 * slow:.0f} % of the looks were more than {_percent(_SLOW).replace('.0', '')} above the quickest.",
    )


def _parts(looks: Sequence[Anchor]) -> tuple[Point, ...]:
    first, last = looks[0].at_ns, looks[-1].at_ns
    width = max((last - first) / _PARTS, 1.0)
    found: dict[int, list[float]] = {}
    for look in looks:
        found.setdefault(min(int((look.at_ns - first) / width), _PARTS - 1), []).append(look.median_ns)
    return tuple(
        Point((part + 0.5) * width / 1e9, Spread(median(values), min(values), max(values), len(values)), case=ANY)
        for part, values in sorted(found.items())
    )
