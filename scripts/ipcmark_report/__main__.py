"""The command `report RUN [--out PAGE] [--charts DIR [--format svg|png|pdf]]`."""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Sequence
from pathlib import Path

from . import chart_files, page
from .charts import FORMATS
from .load import load_run
from .model import BadInput
from .summary import summarise

BAD_INPUT = 2
USAGE = f"report RUN [--out PAGE] [--charts DIR [--format {'|'.join(FORMATS)}]]"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:
        """One line, as for every other bad input."""
        self.exit(BAD_INPUT, f"report: {message}; usage: {USAGE}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    # A run makes millions of objects and hardly a cycle: looking for cycles takes a third of the time.
    gc.disable()
    try:
        if options.charts is not None:
            chart_files.check(options.charts)
        summary = summarise(load_run(options.run))
        if options.charts is not None:
            chart_files.write(summary.figures, options.charts, options.format or FORMATS[:1])
        if options.out is not None:
            page.write(page.render(summary), options.out)
    except BadInput as error:
        print(f"report: {error}", file=sys.stderr)
        return BAD_INPUT
    finally:
        gc.enable()
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = _Parser(prog="report", description="Makes one self-contained HTML page from a run directory, or a file of "
                                                "each of its charts.")
    parser.add_argument("run", metavar="RUN", type=Path, help="a directory written by `ipcmark run`")
    parser.add_argument("--out", metavar="PAGE", type=Path, help="the HTML file to write")
    parser.add_argument("--charts", metavar="DIR", type=Path, help="a directory to write, a file a chart")
    parser.add_argument("--format", metavar="FORMATS", action="extend", type=_formats,
                        help=f"of the charts: {', '.join(FORMATS)}, one or several with commas (default: {FORMATS[0]})")
    options = parser.parse_args(arguments)
    if options.out is None and options.charts is None:
        parser.error("give --out the name of a page, or --charts that of a directory")
    if options.format and options.charts is None:
        parser.error("--format is that of the charts: give --charts the name of a directory too")
    return options


def _formats(text: str) -> list[str]:
    found = text.split(",")
    for one in found:
        if one not in FORMATS:
            raise argparse.ArgumentTypeError(f"{one!r} is none of {', '.join(FORMATS)}")
    return found


if __name__ == "__main__":
    sys.exit(main())
