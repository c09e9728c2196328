"""Whether operations took another path: by how often they were switched, and by boots that fall apart: pure functions."""

from __future__ import annotations

from itertools import pairwise
from math import log

from .model import Reading
from .rule import Change

# Fewer switches an operation are accidents; of many, a few more are.
LEAST_SWITCHES = 0.1
LEAST_SHARE = 0.1
# Two groups of boots are two paths where they lie so far apart, and each is so many times closer in itself.
LEAST_APART = log(1.05)
CLOSER = 10


def takes_two(reading: Reading) -> bool:
    """Whether the seeds of one kernel fall into two groups: then its middle is that of the path which more of them took."""
    logs = sorted(map(log, reading.values))
    if len(logs) < 3:
        return False
    gap, at = max((after - before, place) for place, (before, after) in enumerate(pairwise(logs), 1))
    within = max(logs[at - 1] - logs[0], logs[-1] - logs[at])
    return gap >= LEAST_APART and CLOSER * within <= gap


def is_another(change: Change) -> bool:
    """Whether operations were switched more or less often than before, so that they are no longer the same steps."""
    base, new = change.base.switches, change.new.switches
    if base is None or new is None:
        return False
    return abs(new - base) > max(LEAST_SWITCHES, LEAST_SHARE * max(base, new))


def is_same(change: Change) -> bool:
    """One path on both kernels: what changed is its length."""
    return not (is_another(change) or takes_two(change.base) or takes_two(change.new))
