"""The command `compare BASE NEW [NEW...]`."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ..command_line import BAD_INPUT, INTERRUPTED, Parser
from ..files import write_whole
from ..fleet import campaign_text
from ..fleet import options as fleets
from ..fleet.campaigns import Verdicts, verdicts
from ..model import BadInput
from .asked import add_options, comparisons, is_alone
from .differences import check_words
from .markdown import markdown_of, matrix_markdown
from .model import Cell, Comparison, Verdict
from .record import json_of
from .signed_rank import LEAST_PAIRS
from .terminal import Style, matrix_text, text_of

Written = Callable[[], str]

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
# The same of two campaigns.
OF_MANY: dict[str, Callable[[Verdicts], bool]] = {
    "regression": lambda many: any(one.change.verdict is Verdict.REGRESSION for one in many.cells),
    "improvement": lambda many: any(one.change.verdict is Verdict.IMPROVEMENT for one in many.cells),
    "missing": lambda many: bool(many.campaigns.remarks),
    "void": lambda many: bool(many.void) or len(many.campaigns.pairs) < LEAST_PAIRS,
}
USAGE = "compare BASE NEW [NEW...] | DIR | FOLDER FOLDER | --base RUN... --new RUN... [options]"
DESCRIPTION = """\
Says what changed from one run to another, how sure that is, and why not to believe it. BASE and NEW are directories
written by `ipcmark run`; DIR holds the two of `ipcmark run --versus`; FOLDER holds the runs of many hosts, HOST/RUN. Runs are
only read."""
EPILOG = f"""\
boots: `--base A --base B ... --new C --new D ...` takes each run as one boot of its side. No verdict with fewer than six
boots on either side; boots that alternate (ABBA) are pairs.

many hosts: `compare BEFORE AFTER` of two folders of runs pairs hosts of one name, and takes each host as one value. No verdict
with fewer than six hosts; hosts that disagree are named.

stars: a cell is starred where q < 0.05 and the change is larger than the threshold of its family. No star is believed
where a negative control or the anchor's floor moved, or where the machines differ and that is not what is compared.

--fail-on: {', '.join(FAILS)}. `tail` is a starred regression of the tail, `mix`
another mix of paths, `missing` a case that is not compared, `void` that no verdict is believed or none can be. Of many
hosts there are {', '.join(OF_MANY)}; `missing` is a run or a host that is left out.

exit status: 0, nothing that --fail-on names; 1, something of it; 2, a run or an option cannot be used."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        many = _many(options)
        if many is not None:
            _write_out(options, *_of_many(many, options))
            return FOUND if any(OF_MANY[kind](many) for kind in options.fail_on) else 0
        compared = _compared(options)
        _write(compared, options)
    except BadInput as error:
        print(f"compare: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("compare: interrupted", file=sys.stderr)
        return INTERRUPTED
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


def _check_outputs(options: argparse.Namespace) -> None:
    if options.json == STDOUT and options.markdown == STDOUT:
        raise BadInput("--json and --markdown cannot both go to stdout: give one of them a FILE")


def _compared(options: argparse.Namespace) -> list[Comparison]:
    if is_alone(options):
        raise BadInput(f"name two runs (after --json and --markdown stands a FILE: write --json=FILE); usage: {USAGE}")
    return comparisons(options)


def _many(options: argparse.Namespace) -> Verdicts | None:
    """Of two folders of runs, hosts as the unit; None where other runs are named."""
    _check_outputs(options)
    campaigns = fleets.campaigns(options, "compare")
    if campaigns is None:
        return None
    if unknown := [kind for kind in options.fail_on if kind not in OF_MANY]:
        raise BadInput(f"--fail-on {unknown[0]}: is of two runs; of many hosts there are {', '.join(OF_MANY)}")
    check_words(options.varying, (run.facts for pair in campaigns.pairs for run in (*pair.base, *pair.new)))
    return verdicts(campaigns, options.varying)


def _of_many(many: Verdicts, options: argparse.Namespace) -> tuple[Written, Written, Written]:
    return (lambda: campaign_text.json_of(many), lambda: campaign_text.markdown_of(many, options.all),
            lambda: campaign_text.text_of(many, _style(options.all)))


def _write(comparisons: Sequence[Comparison], options: argparse.Namespace) -> None:
    _write_out(options, lambda: json_of(comparisons), lambda: _markdown(comparisons, options.all),
               lambda: _text(comparisons, _style(options.all)))


def _write_out(options: argparse.Namespace, json: Written, markdown: Written, text: Written) -> None:
    outputs = {}
    if options.json is not None:
        outputs["--json"] = (options.json, json())
    if options.markdown is not None:
        outputs["--markdown"] = (options.markdown, markdown())
    for option, (target, made) in outputs.items():
        if target != STDOUT:
            write_whole(made.encode("utf-8"), Path(target), option)
    taken = [made for target, made in outputs.values() if target == STDOUT]
    sys.stdout.write(taken[0] if taken else text())
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
