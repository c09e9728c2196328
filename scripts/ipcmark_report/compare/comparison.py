"""Two sides of runs become one Comparison: compare_runs()."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ..judging import SelfTest
from ..model import BadInput, Run
from ..text import one_line, shorten
from . import controls as control
from .cells import Draft, cell_of, draft_of, with_q
from .design import LEAST_BOOTS, Plan, plan_of, same_boot
from .differences import SETTINGS, differences_of
from .discovery import expected_false
from .facts import declared
from .groups import Member, backends_of, families_of, overall_of
from .model import Cell, Comparison, Design, Difference, Unmatched, Verdict
from .processes import Side, sides_of
from .sample import distances_of
from .yardsticks import yardsticks_of

# Marks of a run that are told before the cells; a run with more has them on its own page.
_MOST_MARKS = 6

Runs = Run | Sequence[Run]


def compare_runs(base: Runs, new: Runs, *, varying: Sequence[str] = (), selftest: SelfTest | None = None,
                 estimator: str | None = None, filter: str | None = None) -> Comparison:
    """What changed from base to new. Several runs of one side are its boots.

    `varying` names what is compared (kernel, machine, build, boot, cmdline, a group of environment.json or group.key),
    so that it is no confounder; `estimator` is used in place of the frozen ones; `filter` is a regular expression, and
    negative controls are kept whatever it says.
    """
    ours, theirs = _list(base), _list(new)
    plan = plan_of(ours, theirs)
    if plan.design is Design.INTERLEAVED:
        # The two folders of binaries are what `ipcmark run --versus` compares.
        varying = (*varying, "build")
    under_test = tuple(dict.fromkeys(varying))
    differences = differences_of(ours, theirs, under_test)
    yardsticks = yardsticks_of(ours[0], plan.design, selftest, estimator, _rounds(ours[0]))
    sides = [sides_of(runs, yardsticks.slopes()) for runs in (ours, theirs)]
    wanted, smallest = _wanted(filter), control.smallest_copy([one.case for one in sides[0].values()])
    shared = [name for name in sides[0] if name in sides[1]]
    kept = [name for name in shared if sides[0][name].units and sides[1][name].units
            and (wanted(name) or control.is_control(sides[0][name].case, smallest))]
    distances = distances_of(sides)
    drafts = with_q([draft_of(sides[0][name], sides[1][name], plan, distances, yardsticks) for name in kept])
    own = [draft for draft in drafts if control.is_control(draft.base.case, smallest)]
    rest = [draft for draft in drafts if not control.is_control(draft.base.case, smallest)]
    confounders = _confounders(plan, differences)
    refused = _refused(plan, ours, theirs, under_test, differences)
    # The controls judge, so nothing voids them.
    control_cells = tuple(cell_of(draft, refused, "", confounders) for draft in own)
    anchor = control.anchor_alarm(ours, theirs)
    void = _void(control_cells, anchor, differences, under_test)
    unvoided = [cell_of(draft, refused, "", confounders) for draft in rest]
    cells = tuple(cell_of(draft, refused, void, confounders) for draft in rest) if void else tuple(unvoided)
    members = [Member(cell, draft.samples[cell.judged_by]) for cell, draft in zip(cells, rest)]
    names = _names(ours, theirs)
    alarms = [*control.control_alarms(control_cells), anchor, control.symmetry_alarm(unvoided, control_cells),
              *_run_alarms(ours, theirs, names, plan, differences, under_test), refused]
    starred = [cell.judged.q or 0.0 for cell in cells if cell.judged.starred]
    return Comparison(
        ours[0], theirs[0], *names, plan.design, under_test, tuple(alarm for alarm in alarms if alarm), differences,
        control_cells, cells, _unmatched(sides, names, wanted, ours, theirs), families_of(members, void or refused),
        backends_of(members, void or refused), overall_of(members, void or refused), expected_false(starred),
        _says(cells, refused or void), _notes(ours[0], theirs[0], drafts, selftest, estimator),
        refused or void)


def _list(runs: Runs) -> list[Run]:
    return [runs] if isinstance(runs, Run) else sorted(runs, key=lambda run: run.info.started_at)


def _wanted(pattern: str | None):  # type: ignore[no-untyped-def]
    try:
        found = re.compile(pattern or "")
    except re.error as error:
        raise BadInput(f"--filter {shorten(pattern or '', 40)}: not a regular expression: {error}") from error
    return lambda name: found.search(name) is not None


def _rounds(run: Run) -> int:
    """How far the run came."""
    return max((row.round for row in run.rows), default=0)


def _names(ours: Sequence[Run], theirs: Sequence[Run]) -> tuple[str, str]:
    short = [" + ".join(one_line(run.path.name) for run in runs) for runs in (ours, theirs)]
    if short[0] != short[1]:
        return short[0], short[1]
    long = [" + ".join(one_line(str(run.path)) for run in runs) for runs in (ours, theirs)]
    return (long[0], long[1]) if long[0] != long[1] else (f"{long[0]} (base)", f"{long[1]} (new)")


def _confounders(plan: Plan, differences: Sequence[Difference]) -> tuple[str, ...]:
    named = [f"{one.group}.{one.key}" for one in differences if one.confounds]
    if plan.design is Design.UNPAIRED:
        named.insert(0, "not interleaved")
    elif plan.design is Design.BOOTS and not plan.blocks:
        named.insert(0, "boots did not alternate")
    return tuple(named)


def _refused(plan: Plan, ours: Sequence[Run], theirs: Sequence[Run], varying: tuple[str, ...],
             differences: Sequence[Difference]) -> str:
    """Why no cell can have a verdict; empty where each can."""
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


def _void(controls: Sequence[Cell], anchor: str, differences: Sequence[Difference], varying: tuple[str, ...]) -> str:
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


def _run_alarms(ours: Sequence[Run], theirs: Sequence[Run], names: tuple[str, str], plan: Plan,
                differences: Sequence[Difference], varying: tuple[str, ...]) -> list[str]:
    alarms = []
    if any(one.group == "identity" and not one.varying for one in differences):
        alarms.append("THE MACHINES DIFFER: no star is believed unless `machine` is what is compared (--varying machine).")
    for runs, name in zip((ours, theirs), names):
        for run in runs:
            said = [*run.marks, *(f"Contaminated: {label}" for label in run.info.labels)]
            alarms += [f"{shorten(name, 60)}: {shorten(mark, 200)}" for mark in said[:_MOST_MARKS]]
            if len(said) > _MOST_MARKS:
                alarms.append(f"{shorten(name, 60)}: {len(said) - _MOST_MARKS} more marks, see its own page.")
    paths = [run.path.resolve() for run in (*ours, *theirs)]
    if len(set(paths)) < len(paths):
        alarms.append("One run stands on both sides, or twice on one: it differs from itself by nothing.")
    if plan.design is Design.UNPAIRED:
        alarms.append("NOT INTERLEAVED: one run was measured after the other, so every drift of the machine is part of each "
                      "difference; `ipcmark run --versus` takes turns.")
    return alarms


def _unmatched(sides: Sequence[Mapping[str, Side]], names: tuple[str, str], wanted, ours: Sequence[Run],  # type: ignore[no-untyped-def]
               theirs: Sequence[Run]) -> tuple[Unmatched, ...]:
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


def _says(cells: Sequence[Cell], blocked: str) -> str:
    count = {one: sum(cell.judged.verdict is one for cell in cells) for one in Verdict}
    if not cells:
        return "No case was measured on both sides."
    text = (f"{_number(count[Verdict.REGRESSION], 'regression')} and {_number(count[Verdict.IMPROVEMENT], 'improvement')} in "
            f"{_number(len(cells), 'cell')}; {count[Verdict.EQUIVALENT]} equivalent, {count[Verdict.INCONCLUSIVE]} "
            f"inconclusive, {count[Verdict.NONE]} without a verdict")
    return f"{text}: {blocked}." if blocked else f"{text}."


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _notes(base: Run, new: Run, drafts: Sequence[Draft], selftest: SelfTest | None, estimator: str | None) -> tuple[str, ...]:
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
        notes.append("No self-test of the machine: a threshold of 2 %, and nobody knows what it can find.")
    if base.info.estimators != new.info.estimators:
        notes.append("The two runs froze other estimators or thresholds: those of the base are used.")
    return tuple(notes)
