"""What must not move: negative controls and the anchor. Where they do, it is the machine that changed."""

from __future__ import annotations

from collections.abc import Sequence
from math import log

from ..model import Run
from ..text import shorten
from .discovery import ALPHA
from .model import Cell, Verdict
from .processes import anchor_floor

# Two sides' quickest anchors may differ by so much.
ANCHOR_TOLERANCE = 0.02
# One-sided: so many, and so many times as many as the other way.
_MANY, _TIMES = 5, 4


def has_moved(cell: Cell) -> bool:
    """Before other cells are thought of: three cells need no correction, and here a miss is the worse mistake."""
    change = cell.judged
    return (change.ratio is not None and change.p is not None and change.p < ALPHA
            and abs(log(change.ratio)) > log(1 + change.threshold))


def control_alarms(controls: Sequence[Cell]) -> list[str]:
    moved = [f"NEGATIVE CONTROL MOVED: {shorten(cell.case.text, 120)} {100 * ((cell.judged.ratio or 1) - 1):+.1f} %: what "
             "changed is the machine, or how it was measured; no star is believed" for cell in controls if has_moved(cell)]
    if not any(cell.judged.ratio is not None for cell in controls):
        moved.append("No negative control was measured on both sides: nothing says that the machine stayed the same "
                     "(--filter has to let limits through).")
    return moved


def anchor_alarm(base: Sequence[Run], new: Sequence[Run]) -> str:
    """Empty where the quickest looks of both sides agree, or one has none."""
    floors = [anchor_floor(runs) or 0.0 for runs in (base, new)]
    if not all(floors) or max(floors) <= (1 + ANCHOR_TOLERANCE) * min(floors):
        return ""
    return (f"THE ANCHOR'S FLOOR MOVED: 1000 turns of the loop took {floors[0]:.1f} ns at their quickest, then {floors[1]:.1f}: "
            f"more than {100 * ANCHOR_TOLERANCE:.0f} % apart, the CPUs ran at another speed; no star is believed")


def symmetry_alarm(cells: Sequence[Cell], controls: Sequence[Cell]) -> str:
    """Nearly all changes in one direction, and a control in it too."""
    counts = {verdict: sum(cell.judged.verdict is verdict for cell in cells)
              for verdict in (Verdict.REGRESSION, Verdict.IMPROVEMENT)}
    more, fewer = max(counts.values()), min(counts.values())
    if more < _MANY or more < _TIMES * fewer:
        return ""
    slower = counts[Verdict.REGRESSION] == more
    along = [cell for cell in controls if cell.judged.ratio is not None and cell.judged.p is not None
             and cell.judged.p < ALPHA and (cell.judged.ratio > 1) == slower]
    if not along:
        return ""
    return (f"ONE-SIDED: {counts[Verdict.REGRESSION]} cells slower and {counts[Verdict.IMPROVEMENT]} quicker, and "
            f"{shorten(along[0].case.text, 120)} moved the same way, which nothing of the build can move.")
