"""The command `report RUN [RUN...] --out PAGE`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from . import page
from .compare.page.command_line import Asked, comparison_page
from .compare.page.render import render
from .load import load_run
from .model import BadInput
from .summary import summarise

BAD_INPUT = 2


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:
        """One line, as for every other bad input."""
        self.exit(BAD_INPUT, f"report: {message}; usage: report RUN [NEW...] --out PAGE\n")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = _Parser(prog="report", description="Makes one self-contained HTML page from a run directory, or from several "
                                                "the page of how the others compare with the first.")
    parser.add_argument("runs", metavar="RUN", type=Path, nargs="+",
                        help="a directory written by `ipcmark run`; that of `ipcmark run --versus` holds two")
    parser.add_argument("--out", metavar="PAGE", type=Path, required=True, help="the HTML file to write")
    compared = parser.add_argument_group("with two runs or more")
    compared.add_argument("--varying", metavar="WHAT", action="append", default=[],
                          help="what is compared and so no confounder: kernel, machine, build, ..., or a fact's group.key")
    compared.add_argument("--selftest", metavar="FILE", type=Path, help="judge as this self-test of the machine chose")
    compared.add_argument("--filter", metavar="REGEX", help="compare the cases alone whose names hold this")
    options = parser.parse_args(arguments)
    try:
        page.write(_html(options), options.out)
    except BadInput as error:
        print(f"report: {error}", file=sys.stderr)
        return BAD_INPUT
    return 0


def _html(options: argparse.Namespace) -> str:
    runs = _sides(options.runs)
    if len(runs) > 1:
        return render(comparison_page(runs, Asked(tuple(options.varying), options.selftest, options.filter)))
    for name in ("varying", "selftest", "filter"):
        if getattr(options, name):
            raise BadInput(f"--{name}: is for comparing; name two runs or more")
    return page.render(summarise(load_run(runs[0])))


def _sides(runs: list[Path]) -> list[Path]:
    """What `ipcmark run --versus` wrote holds its two runs."""
    both = [runs[0] / name for name in ("base", "versus")]
    return both if len(runs) == 1 and not (runs[0] / "run.json").exists() and all(map(Path.is_dir, both)) else runs


if __name__ == "__main__":
    sys.exit(main())
