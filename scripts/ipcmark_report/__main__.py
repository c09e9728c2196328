"""The command `report RUN --out PAGE`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from . import page
from .load import load_run
from .model import BadInput
from .summary import summarise

BAD_INPUT = 2


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:
        """One line, as for every other bad input."""
        self.exit(BAD_INPUT, f"report: {message}; usage: report RUN --out PAGE\n")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = _Parser(prog="report", description="Makes one self-contained HTML page from a run directory.")
    parser.add_argument("run", metavar="RUN", type=Path, help="a directory written by `ipcmark run`")
    parser.add_argument("--out", metavar="PAGE", type=Path, required=True, help="the HTML file to write")
    options = parser.parse_args(arguments)
    try:
        page.write(page.render(summarise(load_run(options.run))), options.out)
    except BadInput as error:
        print(f"report: {error}", file=sys.stderr)
        return BAD_INPUT
    return 0


if __name__ == "__main__":
    sys.exit(main())
