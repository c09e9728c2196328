"""What the command lines of the scripts share: the answer to arguments that cannot be used, and the options of charts."""

from __future__ import annotations

import argparse
import signal
from pathlib import Path
from typing import NoReturn

from .text import one_line

BAD_INPUT = 2
INTERRUPTED = 128 + signal.SIGINT
CHART_FORMATS = ("svg", "png", "pdf")


class Parser(argparse.ArgumentParser):
    """One line, as for every other bad input; the parsers of sub-commands are of this class too."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"{self.prog}: {one_line(message)}; see {self.prog} --help\n")


def add_charts(parser: argparse.ArgumentParser, folder: str) -> None:
    """--charts and --format; where the latter is left out it is the first of CHART_FORMATS."""
    parser.add_argument("--charts", metavar=folder, type=Path, help="a directory to write, a file a chart")
    parser.add_argument("--format", metavar="FORMATS", action="extend", type=_formats,
                        help=f"of the charts: {', '.join(CHART_FORMATS)}, one or several with commas (default: {CHART_FORMATS[0]})")


def _formats(text: str) -> list[str]:
    found = text.split(",")
    for one in found:
        if one not in CHART_FORMATS:
            raise argparse.ArgumentTypeError(f"{one!r} is none of {', '.join(CHART_FORMATS)}")
    return found
