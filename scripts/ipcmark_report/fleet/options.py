"""What a command line asks of a fleet."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path

from ..directories import sides
from ..estimates import ESTIMATORS
from ..model import BadInput
from ..text import shorten
from .find import Found, found, is_folder_of_runs, listed
from .gather import fleet_of
from .model import Fleet
from .read import Reader

# What says nothing of many hosts.
_NOT_OF_A_FLEET = ("base", "new", "varying", "selftest")
BY = ("host",)


def add_options(parser: argparse._ActionsContainer) -> None:
    add = parser.add_argument
    add("--by", choices=BY, help="each run is of a host, however many are named; a folder of runs needs no --by")
    add("--runs-from", metavar="FILE", type=Path, help="also the runs, and folders of runs, that FILE names, one a line")
    add("--reference", metavar="NAME", help="of several kinds of machines, hold the others against the one with this host, or "
                                            "with NAME in its name; without it against the one with most hosts")


def is_fleet(options: argparse.Namespace) -> bool:
    """Asked for, or a folder that is no run and holds some."""
    if options.by or options.runs_from:
        return True
    return len(sides(options.runs)) == len(options.runs) == 1 and is_folder_of_runs(options.runs[0])


def fleet(options: argparse.Namespace) -> Fleet:
    """What the runs say; what cannot be used is said on standard error, a line each, and on the page."""
    for name in _NOT_OF_A_FLEET:
        if getattr(options, name):
            raise BadInput(f"--{name}: is for comparing two runs, not for many hosts; leave it out")
    estimator = options.estimator or "quiet"
    if estimator not in ESTIMATORS:
        raise BadInput(f"--estimator {estimator}: needs the repetitions of both sides; many hosts are compared by "
                       f"{', '.join(ESTIMATORS)}")
    reader = Reader(estimator, wanted(options.filter))
    paths = [*options.runs, *(listed(options.runs_from) if options.runs_from else [])]
    read = reader.read(one_side(found(paths), reader.remarks))
    made = fleet_of(read, reader.cases, estimator, reader.remarks) if read else None
    for line in made.remarks if made else reader.remarks:
        print(f"report: {line}", file=sys.stderr)
    if made is None:
        raise BadInput("none of these runs can be used; see above")
    return made


def one_side(runs: list[Found], remarks: list[str]) -> list[Found]:
    """Of two runs that took turns, which are of two builds, the base."""
    if left := sum(run.side == "versus" for run in runs):
        remarks.append(f"left out: the second side of {left} {'pair' if left == 1 else 'pairs'} that took turns; scripts/compare "
                       "holds it against the base")
    return [run for run in runs if run.side != "versus"]


def wanted(pattern: str | None) -> Callable[[str], bool]:
    try:
        expression = re.compile(pattern or "")
    except re.error as error:
        raise BadInput(f"--filter {shorten(pattern or '', 40)}: not a regular expression: {error}") from error
    return lambda name: expression.search(name) is not None
