"""Compares the boots of one kernel with each other, in all ways to halve them: what the rule claims there is false. In scripts:
python3 -m ipcmark_report.ladder.tests.halves RUN"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

from ..model import Reading
from ..read import read_boots
from ..rule import THRESHOLD, Verdict, verdict
from .made import reading

CLAIMS = (Verdict.LONGER, Verdict.SHORTER)


def halves(values: tuple[float, ...]) -> Iterator[tuple[Reading, Reading]]:
    """Each way once."""
    for others in combinations(range(1, len(values)), len(values) // 2 - 1):
        one = {0, *others}
        yield (reading(*(values[at] for at in sorted(one))), reading(*(value for at, value in enumerate(values) if at not in one)))


def only_apart(base: Reading, new: Reading) -> bool:
    """What would be claimed if it were enough that the seeds of both do not overlap."""
    ratio = new.median / base.median
    return (new.low > base.high or base.low > new.high) and max(ratio, 1 / ratio) > 1 + THRESHOLD


def main(run: Path) -> None:
    values = [one.values for one in read_boots(run).readings.values()]
    pairs = [pair for one in values if len(one) >= 6 for pair in halves(one[:len(one) // 2 * 2])]
    claimed = sum(verdict(*pair)[0] in CLAIMS for pair in pairs)
    apart = sum(only_apart(*pair) for pair in pairs)
    print(f"{len(values)} cases, {len(pairs)} comparisons of a kernel with itself: the rule claims {claimed}; "
          f"by not overlapping alone it would be {apart}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
