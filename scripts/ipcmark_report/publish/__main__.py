"""The command `publish [NAME RUN [NEW...]]`."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ..__main__ import main as report
from ..command_line import BAD_INPUT, Parser
from ..directories import sides
from ..files import write_whole
from ..ladder.options import add_report
from ..ladder.options import report as report_of_kernels
from ..ladder.read import holds_kernels
from ..model import BadInput
from .archive import folders_of_kernels, folders_of_runs, pack
from .index import INDEX, index_page

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def main(arguments: Sequence[str] | None = None) -> int:
    options, for_report = _options(arguments)
    try:
        if options.name is not None:
            page = options.folder / f"{options.name}.html"
            is_ladder = len(options.runs) == 1 and holds_kernels(options.runs[0])
            made: Callable[[Sequence[str]], int] = _report_of_kernels if is_ladder else report
            if failed := made([*map(str, options.runs), "--out", str(page), *for_report]):
                return failed
            folders = (folders_of_kernels(options.runs[0], options.name) if is_ladder
                       else folders_of_runs(sides(options.runs), options.name))
            write_whole(pack(folders), options.folder / f"{options.name}.tar.xz", "--folder")
        write_whole(index_page(options.folder).encode(), options.folder / INDEX, "--folder")
    except BadInput as error:
        print(f"publish: {error}", file=sys.stderr)
        return BAD_INPUT
    return 0


def _report_of_kernels(arguments: Sequence[str]) -> int:
    parser = Parser(prog="kernels report")
    add_report(parser)
    return report_of_kernels(parser.parse_args(arguments))


def _options(arguments: Sequence[str] | None) -> tuple[argparse.Namespace, list[str]]:
    """Its own, and those that are for report."""
    parser = Parser(prog="publish", description="Makes a page of a run, of how several compare, or of the kernels of "
                                                 "`scripts/kernels run`, packs the runs beside it, and lists all that is published in index.html. Without arguments: "
                                                 "the list alone.")
    parser.add_argument("name", metavar="NAME", nargs="?", help="of the files to write, begun with a date: 2026-11-23-my-machine")
    parser.add_argument("runs", metavar="RUN", nargs="*", type=Path, help="as for report, or as for kernels report, and with its options")
    parser.add_argument("--folder", metavar="DIR", type=Path, default=Path("reports"), help="where they lie (default: reports)")
    options, for_report = parser.parse_known_args(arguments)
    if for_report and options.name is None:
        parser.error(f"{for_report[0]} is an option of report: name a run")
    if options.name is not None and not _NAME.fullmatch(options.name):
        parser.error(f"NAME may hold letters, digits, points, dashes and underscores: {options.name!r}")
    if options.name is not None and not options.runs:
        parser.error(f"name the run directories that {options.name} is of")
    if not options.folder.is_dir():
        parser.error(f"{options.folder} is not a directory: give --folder the one of the reports")
    return options, for_report


if __name__ == "__main__":
    sys.exit(main())
