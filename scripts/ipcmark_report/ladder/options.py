"""The options of `kernels report` and `kernels judge`, and what begins when they are read; imports nothing that draws."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from ..command_line import CHART_FORMATS, add_charts
from ..model import BadInput
from .rule import THRESHOLD

_PERCENT = re.compile(r"(\d{1,4}(?:\.\d{1,4})?) ?%?")
JUDGED = """\
exit status: 0, no case's path is longer; 1, one is, by more than --fail-on and beyond what the seeds make of it; 125, it
could not be measured, which `git bisect run` skips; 2, an option cannot be used."""


def add_report(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("kernels", metavar="DIR", type=Path, help="a directory written by `scripts/kernels run`")
    add("--out", metavar="PAGE", type=Path, help="the HTML file to write")
    add_charts(parser, "CHARTS")
    add("--baseline", metavar="KERNEL", help="the kernel that the map holds the others against (default: the oldest)")
    add("--threshold", metavar="PERCENT", type=percent_of, default=THRESHOLD, help="a change by less is none (default: 1%%)")


def add_judge(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = JUDGED
    add = parser.add_argument
    add("base", metavar="BASE", type=Path, help="the run directory of one kernel")
    add("new", metavar="NEW", type=Path, help="that of the kernel to judge")
    add_fail_on(parser, THRESHOLD)
    add("--filter", metavar="RE", type=pattern_of, default="", help="only cases whose name it is found in")


def add_fail_on(parser: argparse.ArgumentParser, default: float | None) -> None:
    parser.add_argument("--fail-on", metavar="PERCENT", type=percent_of, default=default,
                        help="end with status 1 where a path is longer by more than that"
                             + (" (default: 1%%)" if default else ""))


def report(options: argparse.Namespace) -> int:
    # Only here: what draws takes a second to come.
    from .. import chart_files
    from ..files import write_whole
    from .page import page_of, render
    from .read import read_kernels
    if options.out is None and options.charts is None:
        raise BadInput("report: give --out the name of a page, or --charts that of a directory")
    if options.format and options.charts is None:
        raise BadInput("--format is that of the charts: give --charts the name of a directory too")
    if options.charts is not None:
        chart_files.check(options.charts)
    page = page_of(read_kernels(options.kernels), options.baseline, options.threshold)
    if options.charts is not None:
        chart_files.write(page.figures, options.charts, options.format or CHART_FORMATS[:1])
    if options.out is not None:
        write_whole(render(page).encode(), options.out)
    return 0


def judge(options: argparse.Namespace) -> int:
    return judge_runs(options.base, options.new, options.fail_on, options.filter)


def judge_runs(base: Path, new: Path, threshold: float, pattern: str = "") -> int:
    """Prints what grew from one run to the other; 0, 1 or 125."""
    from .judge import judge as judged_of
    from .judge import text_of
    judged = judged_of(base, new, threshold, pattern)
    sys.stdout.write(text_of(judged, threshold))
    sys.stdout.flush()
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
