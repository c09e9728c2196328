"""The command `export RUN --to FORMAT [--out PATH] [--filter RE]`."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..command_line import BAD_INPUT, Parser
from ..estimates import Selection, select
from ..files import write_folder, write_whole
from ..load import load_run
from ..model import WALL, BadInput, Run
from ..text import one_line
from . import bmf, google, hgrm, prometheus, smaller_is_better, tidy_csv



@dataclass(frozen=True)
class Format:
    """How to write one file, or a folder of them; whether processes that comparisons leave out are in it; and what
    of a selection the format cannot hold."""

    text: Callable[[Run, Selection], str] | None = None
    files: Callable[[Run, Selection], dict[str, str]] | None = None
    everything: bool = False
    narrowed: Callable[[Run, Selection], Selection] = lambda run, selection: selection


FORMATS = {
    "google": Format(google.text),
    "hgrm": Format(files=hgrm.files, everything=True, narrowed=hgrm.without_distribution),
    "csv": Format(tidy_csv.text, everything=True),
    "bmf": Format(bmf.text),
    "customSmallerIsBetter": Format(smaller_is_better.text),
    "prometheus": Format(prometheus.text, narrowed=prometheus.nameable),
}


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        _export(options.run, options.to, options.out, options.filter)
    except BadInput as error:
        print(f"export: {error}", file=sys.stderr)
        return BAD_INPUT
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="export", description="Writes the results of a run in another tool's format.")
    parser.add_argument("run", metavar="RUN", type=Path, help="a directory written by `ipcmark run`")
    parser.add_argument("--to", required=True, choices=tuple(FORMATS), help="the format")
    parser.add_argument("--out", metavar="PATH", default="-",
                        help="the file, or for hgrm the new directory; without it standard output")
    parser.add_argument("--filter", metavar="RE", default="", help="only cases whose name has this regular expression")
    return parser


def _export(path: Path, to: str, out: str, expression: str) -> None:
    try:
        wanted = re.compile(expression)
    except re.error as error:
        raise BadInput(f"--filter {one_line(expression)}: is no regular expression: {error}; correct it") from error
    form = FORMATS[to]
    if form.files and out == "-":
        raise BadInput(f"{to} writes a file for each case; name a new directory with --out")
    run = load_run(path)
    if run.info.clock != WALL:
        raise BadInput(f"{one_line(str(path))}: counts {run.info.clock}, which other tools would take for ns; read it with "
                       "scripts/report")
    selection = form.narrowed(run, select(run, lambda name: wanted.search(name) is not None, form.everything))
    if not selection.estimates:
        raise BadInput(_nothing(path, expression, selection))
    if form.files:
        write_folder({name: text.encode() for name, text in form.files(run, selection).items()}, Path(out))
    elif form.text:
        _write(form.text(run, selection).encode(), out)
    if remark := _remark(run, selection):
        print(f"export: {remark}", file=sys.stderr)


def _write(data: bytes, out: str) -> None:
    if out != "-":
        write_whole(data, Path(out))
        return
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
    except OSError as error:
        # Python must not try again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        # A reader that has seen enough is no fault.
        if not isinstance(error, BrokenPipeError):
            raise BadInput(f"standard output: cannot be written: {error.strerror}; name a file with --out") from error


def _nothing(path: Path, expression: str, selection: Selection) -> str:
    why = f" ({selection.says})" if selection.says else ""
    which = f" whose name has {one_line(expression)}" if expression else ""
    return f"{one_line(str(path))}: has no results{which} to export{why}; name another run or --filter"


def _remark(run: Run, selection: Selection) -> str:
    """What of the run is not in the export, in one line."""
    parts = [f"left out: {selection.says}"] if selection.says else []
    return "; ".join(parts + ([] if run.info.complete else ["the run is partial: it did not reach its end"]))


if __name__ == "__main__":
    sys.exit(main())
