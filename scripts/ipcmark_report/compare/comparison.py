"""Two sides of runs become one Comparison: compare_runs()."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..judging import SelfTest
from ..model import BadInput, Run
from ..negative_controls import negative_controls
from ..text import one_line, shorten
from . import controls as control
from . import remarks
from .cells import Draft, cell_of, draft_of, with_q
from .design import Plan, plan_of
from .differences import differences_of
from .discovery import expected_false
from .groups import Member, backends_of, families_of, overall_of
from .model import Comparison, Design, Difference
from .processes import Side, anchor_floor, sides_of
from .sample import distances_of
from .yardsticks import Yardsticks, yardsticks_of

Runs = Run | Sequence[Run]


@dataclass(frozen=True)
class _Sides:
    """What was loaded, and how it belongs together. `cases` are those of either side, by name."""

    ours: list[Run]
    theirs: list[Run]
    plan: Plan
    varying: tuple[str, ...]
    differences: tuple[Difference, ...]
    yardsticks: Yardsticks
    cases: tuple[dict[str, Side], dict[str, Side]]
    wanted: remarks.Wanted

    @property
    def names(self) -> tuple[str, str]:
        """The directories' own names; with their paths where these are the same."""
        sides = (self.ours, self.theirs)
        short = [_name(side, side[0].path.name) for side in sides]
        if short[0] != short[1]:
            return short[0], short[1]
        long = [_name(side, str(side[0].path)) for side in sides]
        return (long[0], long[1]) if long[0] != long[1] else (f"{long[0]} (base)", f"{long[1]} (new)")


def _name(side: Sequence[Run], first: str) -> str:
    return one_line(first) if len(side) == 1 else f"{one_line(first)} and {len(side) - 1} more"


def compare_runs(base: Runs, new: Runs, *, varying: Sequence[str] = (), selftest: SelfTest | None = None,
                 estimator: str | None = None, filter: str | None = None) -> Comparison:
    """What changed from base to new. Several runs of one side are its boots.

    `varying` names what is compared (kernel, machine, build, boot, cmdline, a group of environment.json or group.key),
    so that it is no confounder; `estimator` is used in place of the frozen ones; `filter` is a regular expression, and
    negative controls are kept whatever it says.
    """
    sides = _sides(_list(base), _list(new), tuple(varying), selftest, estimator, _wanted(filter))
    controls, drafts = _drafts(sides)
    return _judged(sides, controls, drafts, remarks.notes(sides.ours[0], sides.theirs[0], [*controls, *drafts], selftest,
                                                          estimator))


def _sides(ours: list[Run], theirs: list[Run], varying: tuple[str, ...], selftest: SelfTest | None,
           estimator: str | None, wanted: remarks.Wanted) -> _Sides:
    plan = plan_of(ours, theirs)
    if plan.design is Design.INTERLEAVED:
        # The two folders of binaries are what `ipcmark run --versus` compares.
        varying = (*varying, "build")
    varying = tuple(dict.fromkeys(varying))
    rounds = max((row.round for row in ours[0].rows), default=0)
    yardsticks = yardsticks_of(ours[0], plan.design, selftest, estimator, rounds)
    floor = anchor_floor([*ours, *theirs]) or 1.0
    return _Sides(ours, theirs, plan, varying, differences_of(ours, theirs, varying), yardsticks,
                  (sides_of(ours, yardsticks.slope, floor), sides_of(theirs, yardsticks.slope, floor)), wanted)


def _drafts(sides: _Sides) -> tuple[list[Draft], list[Draft]]:
    """The negative controls, and the other cases that both sides have."""
    base, new = sides.cases
    controls = {case.text for case in negative_controls(side.case for side in base.values())}
    kept = [name for name, side in base.items() if name in new and side.units and new[name].units
            and (name in controls or sides.wanted(name))]
    distances = distances_of(sides.cases)
    drafts = with_q([draft_of(base[name], new[name], sides.plan, distances, sides.yardsticks) for name in kept])
    return ([draft for name, draft in zip(kept, drafts) if name in controls],
            [draft for name, draft in zip(kept, drafts) if name not in controls])


def _judged(sides: _Sides, own: Sequence[Draft], drafts: Sequence[Draft], notes: tuple[str, ...]) -> Comparison:
    confounders = remarks.confounders(sides.plan, sides.differences)
    refused = remarks.refused(sides.plan, sides.ours, sides.theirs, sides.varying, sides.differences)
    # The controls judge, so nothing voids them.
    controls = tuple(cell_of(draft, refused, "", confounders) for draft in own)
    anchor = control.anchor_alarm(sides.ours, sides.theirs)
    void = remarks.void(controls, anchor, sides.differences, sides.varying)
    unvoided = tuple(cell_of(draft, refused, "", confounders) for draft in drafts)
    cells = tuple(cell_of(draft, refused, void, confounders) for draft in drafts) if void else unvoided
    members = [Member(cell, draft.samples[cell.judged_by]) for cell, draft in zip(cells, drafts)]
    alarms = (*control.control_alarms(controls), anchor, control.symmetry_alarm(unvoided, controls),
              *remarks.run_alarms(sides.ours, sides.theirs, sides.names, sides.plan, sides.differences), refused)
    blocked = refused or void
    return Comparison(
        sides.ours[0], sides.theirs[0], *sides.names, sides.plan.design, sides.varying,
        tuple(alarm for alarm in alarms if alarm), sides.differences, controls, cells,
        remarks.unmatched(sides.cases, sides.names, sides.wanted, sides.ours, sides.theirs),
        families_of(members, blocked), backends_of(members, blocked), overall_of(members, blocked),
        expected_false([cell.judged.q or 0.0 for cell in cells if cell.judged.starred]),
        remarks.says(cells, blocked), notes, blocked)


def _list(runs: Runs) -> list[Run]:
    return [runs] if isinstance(runs, Run) else sorted(runs, key=lambda run: run.info.started_at)


def _wanted(pattern: str | None) -> remarks.Wanted:
    try:
        found = re.compile(pattern or "")
    except re.error as error:
        raise BadInput(f"--filter {shorten(pattern or '', 40)}: not a regular expression: {error}") from error
    return lambda name: found.search(name) is not None
