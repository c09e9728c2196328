"""What is to be said of a comparison: why no star is believed, alarms, what has no other side, how it was judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ..judging import SelfTest
from ..model import INSTRUCTIONS, Run
from ..text import shorten
from . import controls as control
from .cells import Draft
from .design import LEAST_BOOTS, Plan, same_boot
from .differences import SETTINGS
from .discovery import ALPHA
from .facts import declared
from .mix import MIX, SIGNS
from .model import Cell, Design, Difference, Unmatched, Verdict
from .processes import Side
from .rows import some
from .signed_rank import LEAST_PAIRS

# Marks of a run that are told before the cells; a run with more has them on its own page.
_MOST_MARKS = 6

Wanted = Callable[[str], bool]


def confounders(plan: Plan, differences: Sequence[Difference]) -> tuple[str, ...]:
    named = [f"{one.group}.{one.key}" for one in differences if one.confounds]
    if plan.design is Design.UNPAIRED:
        named.insert(0, "not interleaved")
    elif plan.design is Design.BOOTS and not plan.blocks:
        named.insert(0, "boots did not alternate")
    return tuple(named)


def refused(plan: Plan, ours: Sequence[Run], theirs: Sequence[Run], varying: tuple[str, ...],
            differences: Sequence[Difference]) -> str:
    """Why no cell can have a verdict; empty where each can."""
    if (counted := _counted(ours, theirs)) is not None:
        return counted
    boots = min(len(ours), len(theirs))
    if plan.design is Design.BOOTS:
        for runs in (ours, theirs):
            if same_boot(runs) is not None:
                return "two runs of one side were measured in the same boot: they are no two boots"
        if boots < LEAST_BOOTS:
            return (f"{boots} {'boot' if boots == 1 else 'boots'} a side: no verdict with fewer than {LEAST_BOOTS} "
                    "on either side")
    kernels = [one for one in differences if one.group == "kernel" or (one.group, one.key) == ("boot", "cmdline")]
    about_kernel = any(declared(varying, group, key) for group, key in (("kernel", "release"), ("boot", "cmdline")))
    if plan.design is Design.UNPAIRED and (kernels or about_kernel):
        return (f"1 boot a side: one boot is one sample of a kernel; no verdict with fewer than {LEAST_BOOTS} "
                "boots on either side (--base and --new, each several times)")
    return ""


def _counted(ours: Sequence[Run], theirs: Sequence[Run]) -> str | None:
    """Of instructions: their tests of chance say nothing, since equal boots have equal counts."""
    if all(run.info.clock == INSTRUCTIONS for run in (*ours, *theirs)):
        return ("instructions were counted, and boots with other seeds are no sample of chance: `scripts/kernels judge BASE NEW` "
                "says what differs beyond the seeds")
    return None


def void(controls: Sequence[Cell], anchor: str, differences: Sequence[Difference], varying: tuple[str, ...]) -> str:
    """Why no star is believed; empty where they are."""
    other = [f"{one.group}.{one.key}" for one in differences if one.confounds]
    if any(name.startswith("identity.") for name in other):
        return "the machines differ: declare it with --varying machine"
    if any(name.startswith(f"{SETTINGS}.") for name in other):
        return "the runs were measured with other windows, repetitions or warm-up"
    # Another machine moves the controls by itself.
    if declared(varying, "machine", "cpus"):
        return ""
    if any(control.has_moved(cell) for cell in controls):
        return "a negative control moved: no star is believed"
    return "the anchor's floor moved: no star is believed" if anchor else ""


def run_alarms(ours: Sequence[Run], theirs: Sequence[Run], names: tuple[str, str], plan: Plan,
               differences: Sequence[Difference]) -> list[str]:
    alarms = []
    if any(one.group == "identity" and not one.varying for one in differences):
        alarms.append("THE MACHINES DIFFER: no star is believed unless `machine` is what is compared (--varying machine).")
    alarms += _marks(ours, theirs, names)
    paths = [run.path.resolve() for run in (*ours, *theirs)]
    if len(set(paths)) < len(paths):
        alarms.append("One run stands on both sides, or twice on one: it differs from itself by nothing.")
    if plan.design is Design.UNPAIRED and _counted(ours, theirs) is None:
        alarms.append("NOT INTERLEAVED: one run was measured after the other, so every drift of the machine is part of each "
                      "difference; `ipcmark run --versus` takes turns.")
    return alarms


def _marks(ours: Sequence[Run], theirs: Sequence[Run], names: tuple[str, str]) -> list[str]:
    """What the runs say of themselves, once where both sides say it."""
    found: dict[str, dict[str, None]] = {}
    for runs, name in zip((ours, theirs), names):
        for run in runs:
            for mark in (*run.marks, *(f"Contaminated: {label}" for label in run.info.labels)):
                found.setdefault(mark, {})[shorten(name, 60)] = None
    lines = [f"{' and '.join(own)}: {shorten(mark, 200)}" for mark, own in found.items()]
    more = len(lines) - _MOST_MARKS
    return lines[:_MOST_MARKS] + ([f"{more} more such marks: see the pages of the runs."] if more > 0 else [])


def unmatched(sides: Sequence[Mapping[str, Side]], names: tuple[str, str], wanted: Wanted,
              ours: Sequence[Run], theirs: Sequence[Run]) -> tuple[Unmatched, ...]:
    found = []
    reasons = [{one.case: one.reason for run in runs for one in run.info.not_measurable} for runs in (ours, theirs)]
    for case in dict.fromkeys([*sides[0], *sides[1]]):
        why = [_missing(side.get(case), reason.get(case), name) for side, reason, name in zip(sides, reasons, names)]
        if any(why) and wanted(case):
            found.append(Unmatched(case, "; ".join(one for one in why if one)))
    return tuple(sorted(found, key=lambda one: one.case))


def _missing(side: Side | None, reason: str | None, name: str) -> str:
    if side is None:
        return f"not measurable in {name}: {reason}" if reason else f"not in {name}"
    if side.units:
        return ""
    return f"failed in {name}: {side.error}" if side.error else f"no process of {name} compares"


def says(cells: Sequence[Cell], blocked: str) -> str:
    count = {one: sum(cell.judged.verdict is one for cell in cells) for one in Verdict}
    if not cells:
        return "No case was measured on both sides."
    text = (f"{_number(count[Verdict.REGRESSION], 'regression')} and {_number(count[Verdict.IMPROVEMENT], 'improvement')} in "
            f"{_number(len(cells), 'cell')}; {count[Verdict.EQUIVALENT]} equivalent, {count[Verdict.INCONCLUSIVE]} "
            f"inconclusive, {count[Verdict.NONE]} without a verdict")
    return f"{text}: {blocked}." if blocked else f"{text}."


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def notes(base: Run, new: Run, drafts: Sequence[Draft], selftest: SelfTest | None, estimator: str | None) -> tuple[str, ...]:
    notes = []
    if estimator is not None:
        notes.append(f"Judged by {estimator} as asked, not by the estimators that were fixed before measuring: choosing one on "
                     "the data of a comparison finds what one hopes for.")
    elif any(draft.judged_by == "typical" and not draft.samples["quiet"].size for draft in drafts):
        notes.append("Cases without records of repetitions are judged by typical.")
    if selftest is not None:
        notes.append(f"Judged as the self-test of {shorten(selftest.date, 40)} chose, which was named, not as the run froze.")
        key = base.environment.start_text("identity", "key")
        if key is None or key != selftest.machine:
            notes.append("WARNING: the self-test is of another machine: " + shorten(selftest.machine, 120))
    elif base.info.selftest_date is None:
        notes.append("No self-test of the machine: a threshold of 2 % for every family, whatever the machine does by itself.")
    notes += _within_paths([draft for draft in drafts if draft.design is not Design.INTERLEAVED])
    if least := _least(drafts):
        notes.append(least)
    if base.info.estimators != new.info.estimators:
        notes.append("The two runs froze other estimators or thresholds: those of the base are used.")
    return tuple(notes)


def _within_paths(drafts: Sequence[Draft]) -> list[str]:
    """Of sides that took no turns: which cells are not judged as a whole, and why."""
    mixes = [(draft.base.case.text, draft.mix) for draft in drafts if draft.mix is not None]
    notes = []
    if within := sum(len(mix.paths) > 1 for _, mix in mixes):
        notes.append(f"{_number(within, 'case')} whose processes took several paths {'is' if within == 1 else 'are'} compared "
                     "within each path, not as a whole.")
    for why in (SIGNS, MIX):
        if own := [name for name, mix in mixes if why in mix.against_whole]:
            notes.append(f"No star from the whole, since {why}: {some([shorten(name, 120) for name in own])}.")
    return notes


def _least(drafts: Sequence[Draft]) -> str:
    """Where so few pairs among so many tests can hardly be starred; empty where they can."""
    pairs = max((sample.size for draft in drafts if (sample := draft.samples[draft.judged_by]).paired), default=0)
    smallest = 2.0 ** (1 - pairs)
    together = smallest * len(drafts) / ALPHA
    if pairs < LEAST_PAIRS or together <= 1:
        return ""
    return (f"{pairs} pairs cannot give less than p = {smallest:.2g}: of {len(drafts)} tests at least {int(together) + 1} would "
            "have to be as clear as that for any star; measure more rounds, or fewer cases.")
