"""How the processes of two sides belong together: in turns, as boots, or one run after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ..model import Run
from .model import Design

# Fewer boots a side can never reach p < 0.05 as pairs, and say little of other boots.
LEAST_BOOTS = 6
# Two runs that take turns begin together.
_TOGETHER_S = 60


@dataclass(frozen=True)
class Plan:
    """`blocks` pairs boots of the base with boots of the new side, by their place in the lists; empty where
    their order does not pair them."""

    design: Design
    blocks: tuple[tuple[int, int], ...] = ()


def plan_of(base: Sequence[Run], new: Sequence[Run]) -> Plan:
    if len(base) == 1 and len(new) == 1:
        return Plan(Design.INTERLEAVED if took_turns(base[0], new[0]) else Design.UNPAIRED)
    return Plan(Design.BOOTS, blocks_of([run.info.started_at for run in base], [run.info.started_at for run in new]))


def took_turns(base: Run, new: Run) -> bool:
    """Whether they are the two runs of one `ipcmark run --versus`, wherever they were copied to since."""
    ours, theirs = base.info, new.info
    if ours.pair is None or theirs.pair is None or ours.pair == theirs.pair or ours.seed != theirs.seed:
        return False
    starts = [_time(ours.started_at), _time(theirs.started_at)]
    return None not in starts and abs((starts[0] - starts[1]).total_seconds()) <= _TOGETHER_S  # type: ignore[operator]


def blocks_of(base: Sequence[str], new: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Neighbours in time, one of either side: of ABBA the first two and the last two."""
    order = sorted([(start, 0, index) for index, start in enumerate(base)]
                   + [(start, 1, index) for index, start in enumerate(new)])
    if len(base) != len(new) or None in [_time(start) for start, _, _ in order]:
        return ()
    blocks = []
    for first, second in zip(order[::2], order[1::2]):
        if first[1] == second[1]:
            return ()
        one, other = (first, second) if first[1] == 0 else (second, first)
        blocks.append((one[2], other[2]))
    return tuple(blocks)


def same_boot(runs: Sequence[Run]) -> str | None:
    """The boot that more than one of the runs was measured in; None where each has its own."""
    seen: set[str] = set()
    for run in runs:
        boot = run.environment.start_text("boot", "boot_id")
        if boot is not None and boot in seen:
            return boot
        seen.add(boot or "")
    return None


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
