"""The commands `kernels report DIR` and `kernels judge BASE NEW`."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from .. import chart_files
from ..files import write_whole
from ..model import BadInput
from ..text import one_line
from .judge import judge, text_of
from .read import read_kernels
from .rule import THRESHOLD

BAD_INPUT = 2
FORMATS = ("svg", "png", "pdf")
_PERCENT = re.compile(r"(\d{1,4}(?:\.\d{1,4})?) ?%?")
JUDGED = """\
exit status: 0, no case's path is longer; 1, one is, by more than --fail-on and beyond what the seeds make of it; 125, it
could not be measured, which `git bisect run` skips; 2, an option cannot be used."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        """One line, as for every other bad input."""
        self.exit(BAD_INPUT, f"kernels: {one_line(message)}; see scripts/kernels {self.prog.split()[-1]} --help\n")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        status: int = options.do(options)
        sys.stdout.flush()
        return status
    except BadInput as error:
        print(f"kernels: {error}", file=sys.stderr)
        return BAD_INPUT
    except BrokenPipeError:
        # The reader of standard output had enough; Python must not try again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="kernels")
    commands = parser.add_subparsers(dest="command", metavar="report|judge", required=True, parser_class=_Parser)
    add_report(commands.add_parser("report", help="make a page of kernels that were run"))
    add_judge(commands.add_parser("judge", help="say whether a kernel's paths grew",
                                  formatter_class=argparse.RawDescriptionHelpFormatter))
    return parser


def add_report(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    parser.set_defaults(do=_report)
    add("kernels", metavar="DIR", type=Path, help="a directory written by `scripts/kernels run`")
    add("--out", metavar="PAGE", type=Path, help="the HTML file to write")
    add("--charts", metavar="DIR", type=Path, help="a directory to write, a file a chart")
    add("--format", metavar="FORMATS", action="extend", type=_formats,
        help=f"of the charts: {', '.join(FORMATS)}, one or several with commas (default: {FORMATS[0]})")
    add("--baseline", metavar="KERNEL", help="the kernel that the map holds the others against (default: the oldest)")
    add("--threshold", metavar="PERCENT", type=percent_of, default=THRESHOLD,
        help="a change by less is none (default: 2%%)")


def add_judge(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(do=_judge)
    parser.epilog = JUDGED
    add = parser.add_argument
    add("base", metavar="BASE", type=Path, help="the run directory of one kernel")
    add("new", metavar="NEW", type=Path, help="that of the kernel to judge")
    add("--fail-on", metavar="PERCENT", type=percent_of, default=THRESHOLD,
        help="how much longer a path must be (default: 2%%)")
    add("--filter", metavar="RE", type=pattern_of, default="", help="only cases whose name it is found in")


def _report(options: argparse.Namespace) -> int:
    # Only here: what draws takes a second to come.
    from .page import page_of, render
    if options.out is None and options.charts is None:
        raise BadInput("report: give --out the name of a page, or --charts that of a directory")
    if options.format and options.charts is None:
        raise BadInput("--format is that of the charts: give --charts the name of a directory too")
    if options.charts is not None:
        chart_files.check(options.charts)
    page = page_of(read_kernels(options.kernels), options.baseline, options.threshold)
    if options.charts is not None:
        chart_files.write(page.figures, options.charts, options.format or FORMATS[:1])
    if options.out is not None:
        write_whole(render(page).encode(), options.out)
    return 0


def _judge(options: argparse.Namespace) -> int:
    judged = judge(options.base, options.new, options.fail_on, options.filter)
    sys.stdout.write(text_of(judged, options.fail_on))
    return judged.status


def percent_of(text: str) -> float:
    """`2%` or `2` is 0.02."""
    found = _PERCENT.fullmatch(text.strip())
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no percentage; write it as 2%")
    return float(found[1]) / 100


def pattern_of(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no regular expression: {error}") from error
    return text


def _formats(text: str) -> list[str]:
    found = text.split(",")
    for one in found:
        if one not in FORMATS:
            raise argparse.ArgumentTypeError(f"{one!r} is none of {', '.join(FORMATS)}")
    return found


if __name__ == "__main__":
    sys.exit(main())
