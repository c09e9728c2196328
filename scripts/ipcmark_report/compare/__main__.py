"""The command `compare BASE NEW [NEW...]`."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ..command_line import BAD_INPUT, Parser
from ..files import write_whole
from ..model import BadInput
from .asked import add_options, comparisons, is_alone
from .markdown import markdown_of, matrix_markdown
from .model import Cell, Comparison, Verdict
from .record import json_of
from .terminal import Style, matrix_text, text_of

FOUND = 1
STDOUT = "-"
# Where a table goes that no terminal shows.
WIDE = 1000
# What --fail-on names, and whether a comparison has it.
FAILS: dict[str, Callable[[Comparison], bool]] = {
    "regression": lambda one: _any(one, lambda cell: cell.judged.verdict is Verdict.REGRESSION),
    "improvement": lambda one: _any(one, lambda cell: cell.judged.verdict is Verdict.IMPROVEMENT),
    "tail": lambda one: _any(one, lambda cell: (tail := cell.change("tail")) is not None
                             and tail.verdict is Verdict.REGRESSION),
    "mix": lambda one: _any(one, lambda cell: cell.mix is not None and cell.mix.changed),
    "missing": lambda one: bool(one.unmatched),
    "void": lambda one: bool(one.void),
}
USAGE = "compare BASE NEW [NEW...] | DIR | --base RUN... --new RUN... [options]"
DESCRIPTION = """\
Says what changed from one run to another, how sure that is, and why not to believe it. BASE and NEW are directories
written by `ipcmark run`; DIR holds the two of `ipcmark run --versus`. Runs are only read."""
EPILOG = f"""\
boots: `--base A --base B ... --new C --new D ...` takes each run as one boot of its side. No verdict with fewer than six
boots on either side; boots that alternate (ABBA) are pairs.

stars: a cell is starred where q < 0.05 and the change is larger than the threshold of its family. No star is believed
where a negative control or the anchor's floor moved, or where the machines differ and that is not what is compared.

--fail-on: {', '.join(FAILS)}. `tail` is a starred regression of the tail, `mix`
another mix of paths, `missing` a case that is not compared, `void` that no verdict is believed or none can be.

exit status: 0, nothing that --fail-on names; 1, something of it; 2, a run or an option cannot be used."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        compared = _compared(options)
        _write(compared, options)
    except BadInput as error:
        print(f"compare: {error}", file=sys.stderr)
        return BAD_INPUT
    except BrokenPipeError:
        # Whoever reads has seen enough; nothing more can be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return FOUND if any(FAILS[kind](one) for kind in options.fail_on for one in compared) else 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="compare", usage=USAGE, description=DESCRIPTION, epilog=EPILOG,
                     formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    add = parser.add_argument
    add("runs", metavar="RUN", type=Path, nargs="*", help="the base, then the runs to hold against it")
    add_options(parser)
    add("--all", action="store_true", help="show every cell, group and difference")
    add("--json", metavar="FILE", nargs="?", const=STDOUT, help="write JSON to FILE, or instead of the table to stdout")
    add("--markdown", metavar="FILE", nargs="?", const=STDOUT, help="the same in Markdown")
    add("--fail-on", action="append", default=[], choices=FAILS, help="end with status 1 where there is one; repeatable")
    return parser


def _compared(options: argparse.Namespace) -> list[Comparison]:
    if options.json == STDOUT and options.markdown == STDOUT:
        raise BadInput("--json and --markdown cannot both go to stdout: give one of them a FILE")
    if is_alone(options):
        raise BadInput(f"name two runs (after --json and --markdown stands a FILE: write --json=FILE); usage: {USAGE}")
    return comparisons(options)


def _write(comparisons: Sequence[Comparison], options: argparse.Namespace) -> None:
    outputs = {}
    if options.json is not None:
        outputs["--json"] = (options.json, json_of(comparisons))
    if options.markdown is not None:
        outputs["--markdown"] = (options.markdown, _markdown(comparisons, options.all))
    for option, (target, text) in outputs.items():
        if target != STDOUT:
            write_whole(text.encode("utf-8"), Path(target), option)
    taken = [text for target, text in outputs.values() if target == STDOUT]
    sys.stdout.write(taken[0] if taken else _text(comparisons, _style(options.all)))
    sys.stdout.flush()


def _text(comparisons: Sequence[Comparison], style: Style) -> str:
    texts = [text_of(one, style) for one in comparisons]
    return ("\n" + "=" * 40 + "\n\n").join(texts + ([matrix_text(comparisons, style)] if len(texts) > 1 else []))


def _markdown(comparisons: Sequence[Comparison], everything: bool) -> str:
    texts = [markdown_of(one, everything) for one in comparisons]
    return "\n".join(texts + ([matrix_markdown(comparisons, everything)] if len(texts) > 1 else []))


def _style(everything: bool) -> Style:
    terminal = sys.stdout.isatty()
    colour = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Style(shutil.get_terminal_size().columns if terminal else WIDE, colour, everything)


def _any(comparison: Comparison, holds: Callable[[Cell], bool]) -> bool:
    return any(map(holds, comparison.cells))


if __name__ == "__main__":
    sys.exit(main())
