"""When two kernels differ: pure functions.

The instructions of a boot are the same every time, so processes are no sample of anything: only another seed brings
another order of events. With three seeds a rank test can never reach 5 %, however far apart the kernels are. So the rule is
another: a change is claimed where the intervals [least, most] over the seeds lie farther apart than either is wide, and
the medians differ by more than the threshold. Were it enough that they do not touch, chance alone would
claim one in ten where seeds differ at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import log

from .model import Boots, Reading

LEAST_BOOTS = 3
# What mitigations cost a round trip in the emulator is a little more, what seeds make of it far less.
THRESHOLD = 0.01


class Verdict(Enum):
    LONGER = "longer"
    SHORTER = "shorter"
    EQUIVALENT = "equivalent"
    INCONCLUSIVE = "inconclusive"
    NONE = "no claim"


@dataclass(frozen=True)
class Change:
    """Of one case from one kernel to another. `why`: of no claim, or of none that is sure."""

    case: str
    base: Reading
    new: Reading
    verdict: Verdict
    why: str = ""

    @property
    def ratio(self) -> float:
        return self.new.median / self.base.median

    @property
    def apart(self) -> float:
        """The logarithm of the least change that any two seeds show; not above zero where the seeds overlap."""
        return log(max(self.new.low / self.base.high, self.base.low / self.new.high))

    @property
    def starred(self) -> bool:
        return self.verdict in (Verdict.LONGER, Verdict.SHORTER)


def changes(base: Boots, new: Boots, threshold: float = THRESHOLD) -> tuple[Change, ...]:
    """Of all cases that both have."""
    return tuple(change for case in base.readings if (change := change_of(case, base, new, threshold)) is not None)


def change_of(case: str, base: Boots, new: Boots, threshold: float = THRESHOLD) -> Change | None:
    """None where either has no reading."""
    before, after = base.readings.get(case), new.readings.get(case)
    if before is None or after is None:
        return None
    off = [boots.kernel.id for boots in (base, new) if not boots.is_sound]
    if off:
        return Change(case, before, after, Verdict.NONE, f"the self-check is off: {', '.join(off)}")
    return Change(case, before, after, *verdict(before, after, threshold))


def verdict(base: Reading, new: Reading, threshold: float = THRESHOLD) -> tuple[Verdict, str]:
    """The verdict, and why it is none that is sure."""
    boots = min(base.boots, new.boots)
    if boots < LEAST_BOOTS:
        return Verdict.NONE, f"{boots} {'boot' if boots == 1 else 'boots'} on a side: a verdict takes {LEAST_BOOTS}"
    ratio = new.median / base.median
    nearest = max(new.low / base.high, base.low / new.high)
    apart = nearest > 1
    beyond = apart and log(nearest) >= max(base.spread, new.spread)
    if beyond and (ratio > 1 + threshold or ratio < 1 / (1 + threshold)):
        return (Verdict.LONGER if ratio > 1 else Verdict.SHORTER), ""
    # What the seeds make of a case may be more than the threshold, but never differs between equal kernels.
    if base.values == new.values or new.high <= base.low * (1 + threshold) and base.high <= new.low * (1 + threshold):
        return Verdict.EQUIVALENT, ""
    why = "beyond the threshold for some seeds only" if beyond else "nearer than the seeds of one lie apart" if apart else (
        "within the spread over the seeds")
    return Verdict.INCONCLUSIVE, why
