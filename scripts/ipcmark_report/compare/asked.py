"""What a command line asks to be compared, and how."""

from __future__ import annotations

import argparse
import gc
from pathlib import Path

from ..directories import sides
from ..judging import ESTIMATORS, load_selftest
from ..load import load_run
from ..model import INSTRUCTIONS, WALL, BadInput, Run
from ..text import one_line
from ..units import use_clock
from .comparison import compare_runs
from .differences import check_varying
from .facts import DECLARES
from .model import Comparison


_NAMES = {WALL: "time", INSTRUCTIONS: "instructions"}


def add_options(parser: argparse._ActionsContainer) -> None:
    add = parser.add_argument
    add("--base", metavar="RUN", type=Path, action="append", default=[], help="one boot of the base; repeatable")
    add("--new", metavar="RUN", type=Path, action="append", default=[], help="one boot of the new side; repeatable")
    add("--varying", metavar="NAME", action="append", default=[],
        help=f"what is compared, so that it is no confounder: {', '.join(DECLARES)}, a group of environment.json or "
             "group.key; repeatable")
    add("--selftest", metavar="FILE", type=Path, help="judge as this selftest.json says, not as the base froze it")
    add("--estimator", choices=ESTIMATORS, help="judge every case by this one, not by the one fixed before measuring")
    add("--filter", metavar="RE", help="only cases whose name this regular expression finds; controls stay")


def is_alone(options: argparse.Namespace) -> bool:
    """Whether but one run is named, or none."""
    return not options.base and not options.new and len(sides(options.runs)) < 2


def comparisons(options: argparse.Namespace) -> list[Comparison]:
    """The first run against each of the others, or the boots of one side against those of the other."""
    bases, news = _sides(options)
    selftest = load_selftest(options.selftest) if options.selftest else None
    base = [load_run(path) for path in bases]
    loaded = [[load_run(path) for path in paths] for paths in news]
    use_clock(_only_clock([run for runs in (base, *loaded) for run in runs]))
    check_varying(options.varying, [run for runs in (base, *loaded) for run in runs])
    # What is loaded stays until the end; looking through millions of objects for garbage again and again finds none.
    gc.freeze()
    return [compare_runs(_one(base), _one(runs), varying=options.varying, selftest=selftest, estimator=options.estimator,
                         filter=options.filter) for runs in loaded]


def _only_clock(runs: list[Run]) -> str:
    first = runs[0]
    for run in runs:
        if run.info.clock != first.info.clock:
            raise BadInput(f"{one_line(str(first.path))} counts {_NAMES[first.info.clock]} and {one_line(str(run.path))} counts "
                           f"{_NAMES[run.info.clock]}: name runs of one kind")
    return first.info.clock


def _one(runs: list[Run]) -> Run | list[Run]:
    return runs[0] if len(runs) == 1 else runs


def _sides(options: argparse.Namespace) -> tuple[list[Path], list[list[Path]]]:
    """The runs of the base, and those of each side to hold against it."""
    if options.base or options.new:
        if options.runs or not options.base or not options.new:
            raise BadInput("name every run with --base or --new, at least one of each")
        return options.base, [options.new]
    base, *others = sides(options.runs)
    return [base], [[path] for path in others]
