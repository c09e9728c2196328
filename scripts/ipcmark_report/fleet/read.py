"""Reads many runs, one at a time, and keeps of each only its figures and facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import log, nan, sqrt
from pathlib import Path

import numpy as np

from ..estimates import Estimate, select
from ..load import load_run
from ..machines import machine_of
from ..model import WALL, BadInput, Case, Fact, Run
from ..recipes import recipe_of
from ..text import one_line
from ..views import Recipe
from .find import Found
from .model import Figure, Measured

# The standard error of a median is that of a mean times this, for many normal values.
OF_MEDIAN = 1.2533


@dataclass
class Reader:
    """What the runs have in common is kept once: a thousand hosts that are alike have the same facts and cases."""

    estimator: str
    wanted: Callable[[str], bool] = lambda name: True
    remarks: list[str] = field(default_factory=list)
    cases: dict[str, Case] = field(default_factory=dict)
    _facts: dict[Fact, Fact] = field(default_factory=dict)
    _recipes: dict[Recipe, Recipe] = field(default_factory=dict)
    _seen: dict[tuple[str, ...], Path] = field(default_factory=dict)

    def read(self, founds: Iterable[Found]) -> list[tuple[Found, Measured]]:
        """Those that can be used; of each of the others one line in `remarks`."""
        result = []
        for found in founds:
            try:
                measured = self._measured(found.path)
            except BadInput as error:
                self.remarks.append(f"left out: {error}")
                continue
            if measured is not None:
                result.append((found, measured))
        return result

    def _measured(self, path: Path) -> Measured | None:
        run = load_run(path, only_rows=True)
        name = one_line(str(path))
        if run.info.clock != WALL:
            raise BadInput(f"{name}: counts {run.info.clock}, and hosts are compared by time; leave it out")
        if (other := self._seen.setdefault(_identity(run), path)) is not path:
            self.remarks.append(f"{name}: is the same run as {one_line(str(other))}; it counts once")
            return None
        selection = select(run, self.wanted)
        figures = {one.case.text: _figure(one) for one in selection.estimates if one.estimator == self.estimator}
        if not figures:
            why = f" ({selection.says})" if selection.says else ""
            raise BadInput(f"{name}: has no result by {self.estimator} to compare{why}; measure it again, or leave it out")
        for one in selection.estimates:
            self.cases.setdefault(one.case.text, one.case)
        return self._kept(run, {self.cases[text].text: figure for text, figure in figures.items()}, selection.says)

    def _kept(self, run: Run, figures: dict[str, Figure], left_out: str) -> Measured:
        def fact(group: str, key: str) -> str:
            return one_line(run.environment.start_text(group, key) or "")

        info, recipe = run.info, recipe_of(run.info)
        return Measured(
            run.path, machine_of(run.environment), fact("kernel", "release"), fact("kernel", "version"),
            fact("machine", "cpu_model"), fact("machine", "cpus"), one_line(info.started_at),
            one_line(f"{info.version} {info.git}"), one_line(f"{info.repetitions} windows of {info.window_ms} ms after "
                                                             f"{info.warmup_ms} ms, {info.rounds} processes"),
            info.complete, tuple(map(one_line, info.labels)), left_out,
            tuple(self._facts.setdefault(one, one) for one in run.environment.start), figures,
            self._recipes.setdefault(recipe, recipe))


def _identity(run: Run) -> tuple[str, ...]:
    """What two copies of a run have in common, also where one was taken before it was complete, and two runs have not."""
    info, environment = run.info, run.environment
    known = [environment.start_text(*name) or "" for name in (("identity", "key"), ("machine", "host_name"), ("boot", "boot_id"))]
    # The two that took turns have the same start, seed and command.
    begun = (info.started_at, info.seed or "", info.command, info.bundle or "", info.pair or "")
    # Without seed and boot only the place tells runs apart that began in the same second.
    return (*begun, *known) if info.seed and known[-1] else (*begun, *known, str(run.path.resolve()))


def _figure(estimate: Estimate) -> Figure:
    logs = [log(value) for _, value in estimate.values]
    error = OF_MEDIAN * float(np.std(logs, ddof=1)) / sqrt(len(logs)) if len(logs) > 1 else nan
    return Figure(log(estimate.spread.median), error, len(logs))
