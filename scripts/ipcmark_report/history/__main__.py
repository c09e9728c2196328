"""The command `history add|list|trend|remove`."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from ..command_line import BAD_INPUT, INTERRUPTED, Parser
from ..estimates import ESTIMATORS
from ..files import write_whole
from ..fleet.find import found as found_runs
from ..fleet.find import is_folder_of_runs
from ..model import BadInput
from ..text import one_line
from . import record, store

if TYPE_CHECKING:
    from .trend import Trend

STORE = Path("runs/history.sqlite")
NEAREST = 5


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        status: int = options.do(options)
        sys.stdout.flush()
        return status
    except BadInput as error:
        print(f"history: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("history: interrupted; whole runs that were added stay", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of standard output had enough; Python must not try again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="history", description="Keeps runs over time, and finds when a case changed.")
    commands = parser.add_subparsers(dest="command", metavar="add|list|trend|remove", required=True)
    add = commands.add_parser("add", help="keep runs")
    add.add_argument("runs", metavar="RUN", nargs="+", type=Path, help="a directory written by `ipcmark run`, or a folder of many")
    add.set_defaults(do=_add)
    listed = commands.add_parser("list", help="print the runs that are kept")
    listed.add_argument("--json", action="store_true", help="as JSON")
    listed.set_defaults(do=_list)
    trend = commands.add_parser("trend", help="print a case over its runs, with the changes of its level")
    trend.add_argument("case", metavar="CASE", help="the name of a case, or a regular expression")
    trend.add_argument("--machine", metavar="RE", default="", help="only machines that have this regular expression")
    trend.add_argument("--path", metavar="RE", default="", help="only runs whose directory has this regular expression: one "
                                                                "host among many that are alike")
    trend.add_argument("--estimator", choices=tuple(ESTIMATORS), default="quiet", help="the figure; quiet without it")
    trend.add_argument("--chart", metavar="FILE", type=Path, help="also draw it: FILE.svg, .png or .pdf")
    trend.set_defaults(do=_trend)
    remove = commands.add_parser("remove", help="forget runs")
    remove.add_argument("ids", metavar="ID", nargs="+", help="as `history list` prints it in its first column")
    remove.set_defaults(do=_remove)
    for command in (add, listed, trend, remove):
        command.add_argument("--store", metavar="FILE", type=Path, default=STORE,
                             help=f"the history; {STORE} without it")
    return parser


def _add(options: argparse.Namespace) -> int:
    """Each run by itself: one that cannot be read does not keep the others out."""
    status = 0
    with store.opened(options.store, create=True) as history:
        history.check()
        unlisted: list[str] = []
        for path in _each(options.runs, unlisted):
            try:
                one = record.record_of(path)
            except BadInput as error:
                print(f"history: {error}", file=sys.stderr)
                status = BAD_INPUT
                continue
            done = history.add(one)
            left = f"; left out: {one.left_out}" if one.left_out else ""
            print(f"{one_line(str(path))}: {done.value} ({one.facts.digest[:12]}){left}", flush=True)
        for line in unlisted:
            print(f"history: {line}", file=sys.stderr)
    return BAD_INPUT if unlisted else status


def _each(paths: Sequence[Path], unlisted: list[str]) -> Iterator[Path]:
    """The runs, and those that lie in folders of runs."""
    for path in paths:
        yield from (one.path for one in found_runs([path], unlisted)) if is_folder_of_runs(path) else [path]


def _list(options: argparse.Namespace) -> int:
    from .listing import runs_json, runs_text

    with store.opened(options.store) as history:
        runs = history.runs()
    print((runs_json if options.json else runs_text)(runs), end="")
    return 0


def _trend(options: argparse.Namespace) -> int:
    from .listing import trend_text

    kind = options.chart.suffix.lower().lstrip(".") if options.chart else ""
    if options.chart and kind not in ("svg", "png", "pdf"):
        raise BadInput(f"{one_line(str(options.chart))}: is no .svg, .png or .pdf; end the name of --chart in one")
    found = _trends(options)
    chart = _drawn(found, kind) if options.chart else b""
    print("\n".join(map(trend_text, found)), end="")
    if options.chart:
        write_whole(chart, options.chart, "--chart")
    return 0


def _trends(options: argparse.Namespace) -> list[Trend]:
    from .trend import trends

    machine, path = _expression(options.machine, "--machine"), _expression(options.path, "--path")
    found: list[Trend] = []
    with store.opened(options.store) as history:
        for case in _matching(options.case, history.case_names()):
            seen = [one for one in history.observations(case, options.estimator)
                    if machine.search(one.run.machine.name) and path.search(one.run.path)]
            found += trends(case, options.estimator, seen)
    if not found:
        raise BadInput(f"{one_line(options.case)}: no run has it with the figure {options.estimator}"
                       f"{' on such a machine' if options.machine else ''}{' in such a directory' if options.path else ''}; see history "
                       "list")
    return found


def _matching(wanted: str, names: Sequence[str]) -> list[str]:
    """The case of that name, else all that the expression is found in."""
    if wanted in names:
        return [wanted]
    expression = _expression(wanted, "CASE")
    if found := [name for name in names if expression.search(name)]:
        return found
    nearest = ", ".join(get_close_matches(wanted, names, NEAREST, 0.0)) or "the history is empty"
    raise BadInput(f"{one_line(wanted)}: no case has this name or matches it; the nearest: {nearest}")


def _expression(text: str, option: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise BadInput(f"{option} {one_line(text)}: is no regular expression: {error}; correct it") from error


def _drawn(found: Sequence[Trend], kind: str) -> bytes:
    try:
        from . import chart
    except ImportError as error:
        raise BadInput(f"a chart needs matplotlib ({error}); install it: apt-get install python3-matplotlib") from error
    if len(found) > chart.PANELS:
        raise BadInput(f"--chart would have {len(found)} panels, {chart.PANELS} at most; "
                       "name fewer cases or a --machine")
    return chart.draw(found, kind)


def _remove(options: argparse.Namespace) -> int:
    with store.opened(options.store) as history:
        kept = [run.facts.digest for run in history.runs()]
        chosen = [_only(one, kept) for one in options.ids]
        for digest in dict.fromkeys(chosen):
            history.remove(digest)
            print(f"{digest[:12]}: forgotten")
    return 0


def _only(start: str, digests: Sequence[str]) -> str:
    found = [digest for digest in digests if start and digest.startswith(start)]
    if len(found) != 1:
        raise BadInput(f"{one_line(start)}: {'no run has' if not found else f'{len(found)} runs have'} this id; "
                       "take one from history list")
    return found[0]


if __name__ == "__main__":
    sys.exit(main())
