"""From two sides of every case to cells with their verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, log

from ..judging import ESTIMATORS
from . import mix as mixes
from . import paths
from .design import Plan
from .discovery import ALPHA, as_of_one_look, q_values
from .model import Cell, Change, Design, Mix, Verdict
from .processes import Side, family_of
from .sample import Distances, Points, Sample
from .sampling import sample_of
from .yardsticks import Yardsticks

TAIL = "tail"
# Where a run has no records of repetitions.
FALLBACK = "typical"


@dataclass(frozen=True)
class Draft:
    """A cell before other cells are thought of. `alpha` is that of the look its p belongs to; None: too early."""

    base: Side
    new: Side
    family: str
    judged_by: str
    samples: Mapping[str, Sample]
    changes: Mapping[str, Change]
    alpha: float | None
    mix: Mix | None
    design: Design

    def scaled_p(self, estimator: str) -> float | None:
        p = self.changes[estimator].p
        return None if p is None else p if self.alpha is None else as_of_one_look(p, self.alpha)


def draft_of(base: Side, new: Side, plan: Plan, distances: Distances, yardsticks: Yardsticks) -> Draft:
    family = family_of(base.case)
    rounds, alpha = yardsticks.look(base.case.text)
    samples = {name: sample_of(base, new, name, plan, distances, rounds) for name in ESTIMATORS}
    judged_by = yardsticks.judged_by(family)
    if not samples[judged_by].size and samples[FALLBACK].size:
        judged_by = FALLBACK
    changes = {name: _change(name, sample, yardsticks.threshold(family, name))
               for name, sample in samples.items() if sample.size or name == judged_by}
    mix = paths.mix_of(base, new, judged_by, plan, distances)
    return Draft(base, new, family, judged_by, samples, changes, alpha, mix, plan.design)


def _change(name: str, sample: Sample, threshold: float) -> Change:
    effect = sample.effect() if sample.size else None
    return Change(
        name, sample.size, sample.left_out, None if effect is None else exp(effect),
        sample.interval() if sample.size else None, sample.p() if sample.size else None, None, threshold, Verdict.NONE,
        base=_shown(sample.base if sample.base_shown is None else sample.base_shown),
        new=_shown(sample.new if sample.new_shown is None else sample.new_shown), strata=sample.strata,
        paths=sample.paths)


def _shown(points: Points) -> tuple[tuple[int, float], ...]:
    return tuple((number, exp(value)) for number, value in points)


def with_q(drafts: Sequence[Draft]) -> list[Draft]:
    """q over all cells of each estimator; for the changes that give the verdicts over these, whatever their estimator."""
    changes = [dict(draft.changes) for draft in drafts]
    for name in (*ESTIMATORS, None):
        places = [(index, name or draft.judged_by) for index, draft in enumerate(drafts)
                  if (name or draft.judged_by) in draft.changes]
        known = [(index, key, p) for index, key in places if (p := drafts[index].scaled_p(key)) is not None]
        for (index, key, _), q in zip(known, q_values([p for _, _, p in known])):
            changes[index][key] = replace(changes[index][key], q=q)
    q_of_mixes = iter(q_values([draft.mix.p for draft in drafts if draft.mix is not None and draft.mix.p is not None]))
    result = []
    for draft, own in zip(drafts, changes):
        mix = draft.mix and mixes.judged(draft.mix, next(q_of_mixes), own[draft.judged_by], draft.design)
        result.append(replace(draft, changes=own, mix=mix))
    return result


def cell_of(draft: Draft, refused: str, void: str, confounders: tuple[str, ...]) -> Cell:
    """`refused` says why no cell can have a verdict, `void` why none is believed; empty where they do and are."""
    hidden = _hidden(draft.mix)
    changes = {name: _judged(change, draft, refused, void, hidden) for name, change in draft.changes.items()}
    # Within paths another mix is out of the figure.
    if draft.mix is not None and draft.mix.changed and (draft.mix.whole is None or draft.mix.withheld):
        confounders = (*confounders, "another mix of paths")
    judged = draft.samples[draft.judged_by]
    return Cell(draft.base.case, draft.family, draft.judged_by, tuple(changes.values()), draft.mix, confounders,
                _reading(changes, draft.judged_by), judged.detectable() if judged.size else None)


def _hidden(mix: Mix | None) -> str:
    """Why the mix of paths lets no figure be believed; empty where it does."""
    if mix is None:
        return ""
    return mix.withheld or (mix.says if mix.simpson and mix.whole is None else "")


def _judged(change: Change, draft: Draft, refused: str, void: str, hidden: str) -> Change:
    too_few = draft.samples[change.estimator].too_few
    if draft.alpha is None:
        too_few = too_few or "before the first planned look, at 12 pairs"
    if too_few or refused or change.q is None or change.ratio is None:
        return replace(change, why=too_few or refused or "nothing is left to compare")
    verdict = verdict_of(change)
    if void and verdict is not Verdict.INCONCLUSIVE:
        return replace(change, verdict=Verdict.INCONCLUSIVE, why=void)
    if hidden:
        return replace(change, verdict=Verdict.INCONCLUSIVE, why=hidden)
    return replace(change, verdict=verdict)


def verdict_of(change: Change) -> Verdict:
    """By q, the threshold and the interval alone."""
    threshold = log(1 + change.threshold)
    if change.q is not None and change.ratio is not None and change.q < ALPHA and abs(log(change.ratio)) > threshold:
        return Verdict.REGRESSION if change.ratio > 1 else Verdict.IMPROVEMENT
    interval = change.interval
    if interval is not None and log(interval.low) > -threshold and log(interval.high) < threshold:
        return Verdict.EQUIVALENT
    return Verdict.INCONCLUSIVE


def _reading(changes: Mapping[str, Change], judged_by: str) -> str:
    """What the middle and the tail together point at."""
    tail, middle = changes.get(TAIL), changes[judged_by]
    if tail is None or judged_by == TAIL:
        return ""
    return {(True, False): "path length", (False, True): "jitter", (True, True): "both"}.get(
        (middle.starred, tail.starred), "")
