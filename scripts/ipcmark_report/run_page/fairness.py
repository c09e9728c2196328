"""The figure of what share of the operations each peer of a contended object got."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from .. import units
from ..cells import Cell, at_placement, placement_title, placements
from ..model import Process
from ..stats import Spread
from ..views import Axis, Figure, Panel, Point, Rule, Series, Strip, Table, Unit

# Shares nearer to each other than this are one dot.
_STEP = 0.02
# A peer with less than this share of a fair part is starved.
_STARVED = 0.5


def fairness_figure(cells: Sequence[Cell], processes: Mapping[str, Sequence[Process]], what: str, machine: str,
                    anchor: str) -> Figure | None:
    """Of the cases with most processes on the object; None where peers were not counted apart."""
    most = max((cell.case.number("processes") or 1 for cell in cells), default=1)
    shares = {cell.case.text: _shares(processes.get(cell.case.text, ())) for cell in cells
              if cell.case.number("processes") == most}
    own = [cell for cell in cells if shares.get(cell.case.text)]
    if most < 2 or not own:
        return None
    worst = {cell.case.text: min(shares[cell.case.text]) for cell in own}
    panels = []
    for placement in placements(own):
        rows = sorted(at_placement(own, placement), key=lambda cell: (-worst[cell.case.text], cell.name))
        panels.append(Panel(placement_title(placement, rows), (Series("a peer", 0, tuple(
            Point(cell.marked_name, Spread(share, share, share, 1), case=cell.case.text)
            for cell in rows for share in sorted({round(round(s / _STEP) * _STEP, 2) for s in shares[cell.case.text]}))),),
            rules=(Rule(1.0, "a fair share"),)))
    return Figure(
        anchor,
        f"Fairness: {what}, {most} processes",
        "Which share of the operations did each process get, and was any starved?",
        Strip(Axis("share of a peer, 1 is fair", Unit.COUNT), tuple(panels), log=False),
        f"Operations of a peer over the mean of its {most} peers, in all repetitions of one process of the case; dots nearer than "
        f"{_STEP:g} to each other are one. The stroke is a fair share. {machine}.",
        Table(("backend", "placement", "smallest share", "median share", "largest share", "peers below half of a fair share",
               "peers"), 2, tuple(_row(cell, shares[cell.case.text]) for cell in own), cases=tuple(c.case.text for c in own)),
        (),
        _says(own, shares),
    )


def _shares(processes: Sequence[Process]) -> list[float]:
    """Of every peer of every process, over the mean of its peers."""
    found = []
    for process in processes:
        counts = [one.peer_operations for one in process.repetitions if len(one.peer_operations) > 1]
        if counts and len({len(one) for one in counts}) == 1:
            totals = [sum(column) for column in zip(*counts)]
            whole = sum(totals)
            found += [total * len(totals) / whole for total in totals if whole]
    return found


def _row(cell: Cell, shares: Sequence[float]) -> tuple[str, ...]:
    return (cell.marked_name, cell.case.placement, units.digits(min(shares)), units.digits(median(shares)),
            units.digits(max(shares)), str(sum(share < _STARVED for share in shares)), str(len(shares)))


def _says(cells: Sequence[Cell], shares: Mapping[str, Sequence[float]]) -> str:
    worst = min(cells, key=lambda cell: (min(shares[cell.case.text]), cell.case.text))
    starving = sum(any(share < _STARVED for share in shares[cell.case.text]) for cell in cells)
    least = min(shares[worst.case.text])
    return (f"In {starving} of {len(cells)} cases some peer got less than half of a fair share; the least, {least:.2f} of it, got a "
            f"peer of {worst.name} at {worst.case.placement}.")
