"""The frozen facts of a comparison, as compare() hands them to the texts and to the page.

Ratios are of time an operation, new over base, for every measure: 1.1 takes 10 % longer, also where a
page shows operations a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ..model import Case, Run


class Verdict(Enum):
    REGRESSION = "regression"
    IMPROVEMENT = "improvement"
    EQUIVALENT = "equivalent"
    INCONCLUSIVE = "inconclusive"
    NONE = "no verdict"


class Design(Enum):
    """How the processes of the two runs belong together, the strongest first."""

    INTERLEAVED = "interleaved"  # rounds of the same number took turns and are pairs
    BOOTS = "boots"  # several boots a side: a boot is the unit
    UNPAIRED = "unpaired"  # one run after the other: drift and boot are part of the difference


@dataclass(frozen=True)
class Interval:
    """95 %, ratios."""

    low: float
    high: float


@dataclass(frozen=True)
class Change:
    """What one estimator of a process says of one case.

    `pairs` is how many pairs were compared (where there are none: processes of the smaller side); `left_out`
    how many were not, as failed, not comparable or at two distances of the CPUs. `base` and `new` are one value a
    process, ns an operation, with its round (in Design.BOOTS with the number of its boot). `q` is p corrected over
    all cells by Benjamini and Hochberg.
    `threshold` is the ratio less 1 below which nothing is a change. `strata` names the topology modes that
    were compared apart, ns; `paths` the paths that were, by their switches, None where the whole was compared.
    `why` says why there is no verdict.
    """

    estimator: str
    pairs: int
    left_out: int
    ratio: float | None
    interval: Interval | None
    p: float | None
    q: float | None
    threshold: float
    verdict: Verdict
    why: str = ""
    base: tuple[tuple[int, float], ...] = ()
    new: tuple[tuple[int, float], ...] = ()
    strata: tuple[float, ...] = ()
    paths: tuple[float, ...] | None = None

    @property
    def starred(self) -> bool:
        return self.verdict in (Verdict.REGRESSION, Verdict.IMPROVEMENT)


@dataclass(frozen=True)
class Path:
    """Processes of both sides whose repetitions took one path, by involuntary switches an operation."""

    switches: float
    base_share: float
    new_share: float
    ratio: float | None
    interval: Interval | None


@dataclass(frozen=True)
class Whole:
    """The figure that a cell is not judged by, as its verdict is from within paths."""

    ratio: float
    interval: Interval | None
    p: float


@dataclass(frozen=True)
class Mix:
    """How often each path was taken. `simpson`: the paths moved one way and the whole the other.

    Without interleaving, a case whose processes took several paths is judged within these, and `whole` is what it would be
    otherwise; `against_whole` says why that gives no star, `withheld` why no figure of the cell gives any. `left` is by how
    much the switches of the two sides still differ within the paths that both took."""

    paths: tuple[Path, ...]
    base_switches: float
    new_switches: float
    p: float | None
    q: float | None
    changed: bool
    simpson: bool
    says: str
    whole: Whole | None = None
    left: float = 0.0
    against_whole: tuple[str, ...] = ()
    withheld: str = ""


@dataclass(frozen=True)
class Cell:
    """One case of both runs. `judged_by` is the estimator that gives the verdict, fixed before measuring;
    `reading` is what the estimators together point at: `path length`, `jitter`, `both` or nothing.
    `detectable` is the change, a ratio less 1, that 80 % of comparisons like this one find; None where unknown."""

    case: Case
    family: str
    judged_by: str
    changes: tuple[Change, ...]
    mix: Mix | None
    confounders: tuple[str, ...]
    reading: str
    detectable: float | None

    def change(self, estimator: str) -> Change | None:
        return next((change for change in self.changes if change.estimator == estimator), None)

    @property
    def judged(self) -> Change:
        return next(change for change in self.changes if change.estimator == self.judged_by)


@dataclass(frozen=True)
class Group:
    """Cells taken together: a family, a backend at a placement, or all. `ratio` is the geometric mean over
    matched cells; `interval` by resampling the rounds (or boots) they share."""

    name: str
    cells: int
    ratio: float | None
    interval: Interval | None
    p: float | None
    q: float | None
    regressions: int
    improvements: int
    verdict: Verdict


@dataclass(frozen=True)
class Difference:
    """A fact in which the machines or builds differ. `varying`: declared as what is compared.
    `volatile`: a reading that differs between any two runs, or a mark that says nothing. `confounds`: it may
    explain what was found; neither of the others, and not a mere trait."""

    group: str
    key: str
    base: str
    new: str
    varying: bool
    volatile: bool
    confounds: bool


@dataclass(frozen=True)
class Unmatched:
    """A case of one side alone, or that failed on a side, and why."""

    case: str
    why: str


@dataclass(frozen=True)
class Comparison:
    """One run against the base. `alarms` are what a reader must know before any cell: controls that moved,
    another machine, partial runs; `notes` how it was judged; `void` says why no star is
    believed or no verdict can be, and is empty where they can. `controls` are the negative controls' cells, which are
    not in `cells`."""

    base: Run
    new: Run
    base_name: str
    new_name: str
    design: Design
    varying: tuple[str, ...]
    alarms: tuple[str, ...]
    differences: tuple[Difference, ...]
    controls: tuple[Cell, ...]
    cells: tuple[Cell, ...]
    unmatched: tuple[Unmatched, ...]
    families: tuple[Group, ...]
    backends: tuple[Group, ...]
    overall: Group
    expected_false: float
    says: str
    notes: tuple[str, ...] = ()
    void: str = ""

    def starred(self, verdict: Verdict) -> tuple[Cell, ...]:
        return tuple(cell for cell in self.cells if cell.judged.verdict is verdict)
