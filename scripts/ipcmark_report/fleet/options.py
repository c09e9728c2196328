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
from ..text import one_line, shorten
from .campaigns import Campaigns, campaigns_of
from .find import SIDES, Found, found, is_folder_of_runs, listed
from .gather import fleet_of
from .model import Fleet
from .read import Reader

# What says nothing of many hosts.
_NOT_OF_A_FLEET = ("base", "new", "varying", "selftest")
BY = ("host",)
# Where the negative controls are, which are kept whatever the filter says.
CONTROLS = ("limits/alu/loop", "limits/copy/one_process", "limits/cache_line/spin/lines:1/")


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
    reader = Reader(_estimator(options), wanted(options.filter))
    paths = [*options.runs, *(listed(options.runs_from) if options.runs_from else [])]
    read = reader.read(one_side(found(paths, reader.remarks), reader.remarks))
    made = fleet_of(read, reader.cases, reader.estimator, reader.remarks) if read else None
    for line in made.remarks if made else reader.remarks:
        print(f"report: {line}", file=sys.stderr)
    if made is None:
        raise BadInput("none of these runs can be used; see above")
    if made.runs == 1:
        only = one_line(str(made.hosts[0].runs[0].path))
        raise BadInput(f"{only}: is the only run that can be used, and many hosts need two; name it alone, without its folder, to "
                       "report it")
    return made


def asked_campaigns(options: argparse.Namespace, remarks: list[str]) -> tuple[list[Found], list[Found], tuple[str, str]] | None:
    """The runs of two campaigns and what they are called, where two folders of runs are named, or one of runs that took turns;
    None where that is not what is asked for."""
    paths, folders = options.runs, [path for path in options.runs if is_folder_of_runs(path)]
    if not folders or len(sides(paths)) != len(paths):
        return None
    if len(paths) == 1:
        runs = found(paths, remarks)
        base, new = ([run for run in runs if run.side == side] for side in SIDES)
        return (base, new, SIDES) if base else None
    if len(folders) < len(paths) or len(paths) > 2:
        other = next((path for path in paths if path not in folders), paths[-1])
        raise BadInput(f"{one_line(str(folders[0]))} is a folder of runs, so two such folders are compared, and nothing else: "
                       f"{one_line(str(other))} is {'one too many' if other in folders else 'none'}")
    names = [path.resolve().name for path in paths]
    if names[0] == names[1]:
        names = list(map(str, paths))
    base, new = (found([path], remarks) for path in paths)
    return base, new, (one_line(names[0]), one_line(names[1]))


def campaigns(options: argparse.Namespace, command: str) -> Campaigns | None:
    """As asked_campaigns(), read; what cannot be used is said on standard error."""
    remarks: list[str] = []
    asked = asked_campaigns(options, remarks)
    if asked is None:
        return None
    if options.selftest:
        raise BadInput("--selftest: is of one machine, not of many hosts; leave it out")
    base, new, names = asked
    filtered = wanted(options.filter)
    reader = Reader(_estimator(options), lambda name: filtered(name) or name.startswith(CONTROLS), remarks)
    read = [reader.read(runs if names == SIDES else one_side(runs, reader.remarks)) for runs in (base, new)]
    for line in reader.remarks:
        print(f"{command}: {line}", file=sys.stderr)
    if not all(read):
        raise BadInput(f"{names[not read[1] if read[0] else 0]}: none of its runs can be used; see above")
    return campaigns_of(names, read[0], read[1], reader.cases, reader.estimator, reader.remarks)


def one_side(runs: list[Found], remarks: list[str]) -> list[Found]:
    """Of two runs that took turns, which are of two builds, the base."""
    if left := sum(run.side == "versus" for run in runs):
        remarks.append(f"left out: the second side of {left} {'pair' if left == 1 else 'pairs'} that took turns; scripts/compare "
                       "holds it against the base")
    return [run for run in runs if run.side != "versus"]


def _estimator(options: argparse.Namespace) -> str:
    estimator: str = options.estimator or "quiet"
    if estimator not in ESTIMATORS:
        raise BadInput(f"--estimator {estimator}: needs the repetitions of both sides; many hosts are compared by "
                       f"{', '.join(ESTIMATORS)}")
    return estimator


def wanted(pattern: str | None) -> Callable[[str], bool]:
    try:
        expression = re.compile(pattern or "")
    except re.error as error:
        raise BadInput(f"--filter {shorten(pattern or '', 40)}: not a regular expression: {error}") from error
    return lambda name: expression.search(name) is not None
