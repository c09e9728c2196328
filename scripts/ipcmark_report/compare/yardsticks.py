"""By which estimator each family is judged, how large a change has to be, and at which looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..judging import LEAST_THRESHOLD_PERCENT, SelfTest
from ..model import Run, Yardstick
from .discovery import ALPHA, look_at
from .model import Design

RIGOROUS = "rigorous"


@dataclass(frozen=True)
class Yardsticks:
    """As the base froze them, or a self-test that was named instead. `estimator`, where given, is used for all."""

    families: Mapping[str, Yardstick]
    estimator: str | None = None
    selftest: SelfTest | None = None
    looks: bool = False
    left_after_round: Mapping[str, int] = field(default_factory=dict)
    rounds: int = 0

    def of(self, family: str) -> Yardstick:
        return self.families.get(family, Yardstick())

    def judged_by(self, family: str) -> str:
        return self.estimator or self.of(family).estimator

    def threshold(self, family: str, estimator: str) -> float:
        """A ratio less 1."""
        percent = max(LEAST_THRESHOLD_PERCENT, self.of(family).threshold_percent)
        if self.selftest is not None:
            percent = max(LEAST_THRESHOLD_PERCENT, self.selftest.thresholds.get((family, estimator), percent))
        elif self.of(family).estimator == estimator:
            percent = self.of(family).threshold_percent
        return percent / 100

    def slope(self, family: str) -> float | None:
        """Of the anchor; None where adjusting by it would change nothing, and nobody asked for it."""
        one = self.of(family)
        return one.anchor_slope if one.anchor_slope or self.judged_by(family) == "adjusted" else None

    def look(self, case: str) -> tuple[int | None, float | None]:
        """How many of its rounds count for a case, and the alpha of the look they were judged at; (None, ALPHA)
        without looks, alpha None before the first of them."""
        if not self.looks:
            return None, ALPHA
        found = look_at(self.left_after_round.get(case, self.rounds))
        return found if found is not None else (None, None)


def yardsticks_of(base: Run, design: Design, selftest: SelfTest | None, estimator: str | None,
                  measured_rounds: int) -> Yardsticks:
    info = base.info
    return Yardsticks(
        {**info.estimators, **(selftest.families if selftest else {})}, estimator, selftest,
        looks=design is Design.INTERLEAVED and info.preset == RIGOROUS,
        left_after_round=info.left_after_round, rounds=measured_rounds)
