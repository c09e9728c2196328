"""The command `report RUN [NEW...] [--out PAGE] [--charts DIR [--format svg|png|pdf]]`."""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from . import chart_files
from .command_line import BAD_INPUT, CHART_FORMATS, INTERRUPTED, Parser, add_charts
from .compare.asked import add_options, comparisons, is_alone
from .compare.differences import check_words
from .compare.page.assemble import page_of
from .compare.page.render import render
from .files import write_whole
from .fleet import campaign_page
from .fleet import options as fleets
from .fleet.campaigns import verdicts
from .fleet.page import page_of as fleet_page
from .fleet.page import render as render_fleet
from .judging import selftest_beside
from .load import load_run
from .model import BadInput
from .run_page import page
from .run_page.summary import summarise
from .units import use_clock
from .views import Drawn, Summary

# Only runs that are compared have a use for these.
_COMPARING = ("varying", "selftest", "estimator", "filter")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    # A run makes millions of objects and hardly a cycle: looking for cycles takes a third of the time.
    gc.disable()
    try:
        if options.charts is not None:
            chart_files.check(options.charts)
        figures, html = _read(options)
        if options.charts is not None:
            chart_files.write(figures, options.charts, options.format or CHART_FORMATS[:1])
        if options.out is not None:
            write_whole(html().encode(), options.out)
    except BadInput as error:
        print(f"report: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("report: interrupted", file=sys.stderr)
        return INTERRUPTED
    finally:
        gc.enable()
    return 0


def _read(options: argparse.Namespace) -> tuple[Sequence[Drawn], Callable[[], str]]:
    """The figures, and what makes the page with them: of one run, of how several compare, or of many hosts."""
    if fleets.is_fleet(options):
        many = fleet_page(fleets.fleet(options), options.reference)
        return many.figures, lambda: render_fleet(many)
    if (campaigns := fleets.campaigns(options, "report")) is not None:
        check_words(options.varying, (run.facts for pair in campaigns.pairs for run in (*pair.base, *pair.new)))
        both = campaign_page.page_of(verdicts(campaigns, options.varying))
        return both.figures, lambda: campaign_page.render(both)
    if options.reference is not None:
        raise BadInput("--reference: is for many hosts; name a folder of runs, or give --by host")
    if not is_alone(options):
        compared = page_of(comparisons(options))
        return compared.figures, lambda: render(compared)
    for name in _COMPARING:
        if getattr(options, name):
            raise BadInput(f"--{name}: is for comparing; name two runs or more")
    summary = _summary(options.runs[0])
    return summary.figures, lambda: page.render(summary)


def _summary(path: Path) -> Summary:
    run = load_run(path)
    use_clock(run.info.clock)
    return summarise(run, selftest_beside(run))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser(prog="report", description="Makes one self-contained HTML page from a run directory; from several, of how the "
                                                "others compare with the first; from a folder of runs, of the hosts side by "
                                                "side. Or a file of each of its charts.")
    parser.add_argument("runs", metavar="RUN", type=Path, nargs="*",
                        help="a directory written by `ipcmark run`; that of `ipcmark run --versus` holds two; a folder of many, as "
                             "HOST/RUN, is a fleet")
    parser.add_argument("--out", metavar="PAGE", type=Path, help="the HTML file to write")
    add_charts(parser, "DIR")
    compared = parser.add_argument_group("with two runs or more")
    add_options(compared)
    fleets.add_options(parser.add_argument_group("with many hosts"))
    options = parser.parse_args(arguments)
    if not options.runs and not options.runs_from and is_alone(options):
        parser.error("name a run, or several to compare")
    if options.out is None and options.charts is None:
        parser.error("give --out the name of a page, or --charts that of a directory")
    if options.format and options.charts is None:
        parser.error("--format is that of the charts: give --charts the name of a directory too")
    return options


if __name__ == "__main__":
    sys.exit(main())
