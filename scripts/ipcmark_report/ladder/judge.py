"""Whether a kernel's paths grew from a base to another: what `git bisect run` asks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..compare.page import percent
from ..model import BadInput
from ..text import one_line
from .model import Boots
from .read import read_boots
from .rule import THRESHOLD, Change, Verdict, changes

GREW, UNKNOWN = 1, 125


@dataclass(frozen=True)
class Judgement:
    """`grew` are cases whose path is longer, the farthest first; `unknown` why of something nothing can be said.
    `two_builds`: the kernels were measured by different programs, so nothing of it is the kernel's."""

    grew: tuple[Change, ...]
    others: tuple[Change, ...]
    unknown: tuple[str, ...]
    two_builds: bool = False

    @property
    def status(self) -> int:
        """0: nothing grew; 1: something did; 125: it could not be measured, which `git bisect run` skips."""
        if self.grew and not self.two_builds:
            return GREW
        return UNKNOWN if self.unknown else 0


def judge(base: Path, new: Path, threshold: float = THRESHOLD, pattern: str = "") -> Judgement:
    """Of two run directories of kernels. What cannot be read cannot be judged."""
    try:
        return judgement(read_boots(base), read_boots(new), threshold, re.compile(pattern))
    except BadInput as error:
        return Judgement((), (), (str(error),))
    except re.error as error:
        return Judgement((), (), (f"{pattern!r} is no regular expression here: {error}",))


def judgement(base: Boots, new: Boots, threshold: float, pattern: re.Pattern[str]) -> Judgement:
    found = [change for change in changes(base, new, threshold) if pattern.search(change.case)]
    grew = [change for change in found if change.verdict is Verdict.LONGER]
    grew.sort(key=lambda change: -change.ratio)
    return Judgement(tuple(grew), tuple(change for change in found if change.verdict is not Verdict.LONGER),
                     _unknown(base, new, found, pattern), base.build != new.build)


def _unknown(base: Boots, new: Boots, found: Sequence[Change], pattern: re.Pattern[str]) -> tuple[str, ...]:
    missing = [f"{case}: {new.kernel.id} has no result" for case in base.readings
               if pattern.search(case) and case not in new.readings]
    silent = dict.fromkeys(change.why for change in found if change.verdict is Verdict.NONE)
    builds = [] if base.build == new.build else [f"measured by two builds, which differ by themselves: {base.build}; {new.build}"]
    nothing = [] if found or missing else ["no case that both have"]
    return (*missing, *silent, *builds, *nothing)


def text_of(judged: Judgement, threshold: float) -> str:
    """What was found, a line each."""
    lines = [f"{one_line(change.case)}: {change.base.median:.1f} -> {change.new.median:.1f} instructions "
             f"({percent.change(change.ratio)}), over the seeds {span(change)}" for change in judged.grew]
    same = sum(change.verdict is Verdict.EQUIVALENT for change in judged.others)
    shorter = sum(change.verdict is Verdict.SHORTER for change in judged.others)
    unsure = sum(change.verdict is Verdict.INCONCLUSIVE for change in judged.others)
    lines.append(f"{len(judged.grew)} longer by more than {percent.size(threshold)}, {shorter} shorter, {same} equivalent, "
                 f"{unsure} inconclusive")
    return "\n".join([*lines, *(f"not measured: {one_line(why)}" for why in judged.unknown)]) + "\n"


def span(change: Change) -> str:
    return (f"{change.base.low:.1f}–{change.base.high:.1f} -> {change.new.low:.1f}–{change.new.high:.1f}")
