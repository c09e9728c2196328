"""The command line of `submit`."""

from __future__ import annotations

import argparse
import os
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ipcmark_report.command_line import Parser
from ipcmark_report.model import BadInput
from ipcmark_report.text import one_line

from .asked import Asked, Bundle
from .bundles import look_into, one_of_each

# Of sbatch, what `submit` itself says.
_OURS = ("array", "output", "error", "job-name", "dependency", "wrap", "parsable", "nodes", "ntasks", "exclusive", "export", "chdir",
         "signal", "open-mode", "requeue", "no-requeue", "partition", "constraint", "nodelist", "time", "reboot", "wait", "test-only",
         "hold", "exclude")
# Of `ipcmark run`, what the jobs themselves say.
_NODES_OWN = ("--out", "--resume", "--bench-dir", "--versus", "--selftest", "--preset", "--filter")


@dataclass(frozen=True)
class Wish:
    """One call of `submit`. `given` are the options that say what the campaign is."""

    folder: Path
    given: argparse.Namespace
    archives: tuple[Path, ...]
    exclude: str | None
    dry_run: bool
    gather_only: bool


def parse(words: Sequence[str]) -> Wish:
    ours, arguments = _split(list(words))
    parser = _parser()
    given = parser.parse_args(ours)
    given.arguments = arguments or None
    for word in [*words, str(given.campaign.absolute())]:
        if not word.isprintable():
            parser.error(f"{one_line(word)}: holds a character that cannot be printed")
    try:
        _check(given)
    except BadInput as error:
        parser.error(str(error))
    # Links stay: nodes may see another place behind them.
    folder = Path(os.path.abspath(given.campaign))
    if re.search(r"[%\\]", str(folder)):
        parser.error(f"{folder}: Slurm reads % and \\ in names of files otherwise; name another folder")
    return Wish(folder, given, tuple(given.bundle or ()), given.exclude, given.dry_run, given.gather)


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    at = words.index("--") if "--" in words else len(words)
    return words[:at], words[at + 1:]


def _parser() -> Parser:
    parser = Parser(prog="submit", usage="submit CAMPAIGN --bundle ARCHIVE [OPTION]... [-- OPTION OF ipcmark run...]",
                    description="Submits a campaign of measurements to Slurm; called again, what is missing of it.")
    parser.add_argument("campaign", type=Path, metavar="CAMPAIGN",
                        help="a new folder, or one that this made before; all nodes have to see it")
    what = parser.add_argument_group("what the campaign is; not to be changed later")
    what.add_argument("--bundle", action="append", type=Path, metavar="ARCHIVE",
                      help="of scripts/bundle; one for each architecture among the nodes")
    what.add_argument("--partition", action="append", metavar="P", help="where to measure; may be repeated (default: Slurm's default)")
    what.add_argument("--constraint", action="append", metavar="C",
                      help="features of nodes, as of a kernel that they have booted; may be repeated, each is measured in each partition")
    what.add_argument("--node", action="append", metavar="N", help="measure on this one; may be repeated, each is measured")
    what.add_argument("--repeats", type=_number(1, 1000), metavar="N", help="runs of each set-up (default: 3)")
    what.add_argument("--preset", choices=("quick", "default", "rigorous", "path"), help="of `ipcmark run` (default: quick)")
    what.add_argument("--filter", metavar="REGEX", help="of `ipcmark run`")
    what.add_argument("--reboot", action="store_true", default=None, help="boot the node anew before each run, where the site allows it")
    what.add_argument("--allow-blocked", action="store_true", default=None,
                      help="measure also where `ipcmark check` finds what makes results meaningless")
    what.add_argument("--settle", type=_number(0, 86400), metavar="S", help="seconds that a node has to be up before (default: 120)")
    what.add_argument("--lock-wait", type=_number(0, 604800), metavar="S",
                      help="seconds to wait for another measurement on the same node (default: 3600)")
    what.add_argument("--local", metavar="DIR", help="the nodes' own disk (default: their TMPDIR, else /tmp)")
    what.add_argument("--local-mib", type=_number(1, 1 << 30), metavar="N", help="that has to be free there (default: 512)")
    what.add_argument("--in-order", action="store_true", default=None,
                      help="hold the order A B, B A, ... strictly: one task at a time for each partition or node")
    what.add_argument("--time", metavar="T", help="limit of each run, as of sbatch (default: the partition's)")
    what.add_argument("--sbatch", action="append", metavar="OPTION", 
                      help="one more option of sbatch, as --sbatch=--account=ours; may be repeated")
    now = parser.add_argument_group("of this call alone")
    now.add_argument("--exclude", metavar="NODES", help="submit to others than these")
    now.add_argument("--dry-run", action="store_true", help="print the commands and submit nothing")
    now.add_argument("--gather", action="store_true", help="unpack what is there, say what is missing, and submit nothing")
    return parser


def _number(least: int, most: int) -> Callable[[str], int]:
    def checked(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", text) or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{one_line(text)!r} is no number from {least} to {most}")
        return int(text)

    return checked


def _check(given: argparse.Namespace) -> None:
    for option in ("partition", "constraint", "node"):
        values = getattr(given, option) or []
        for value in values:
            if not value or value.startswith("-"):
                raise BadInput(f"--{option}: {value!r} is no name")
            if option == "node" and re.search(r"[][,]", value):
                raise BadInput(f"--node: {value!r} is more than one; name one, and repeat --node for others")
        if len(set(values)) != len(values):
            raise BadInput(f"--{option}: the same is named twice; --repeats measures it several times")
    for option in given.sbatch or []:
        name = option.split("=")[0]
        if not name.startswith("--") or name[2:] in _OURS:
            raise BadInput(f"--sbatch: {option!r} cannot be given; it has to be a long option that is not among those of submit "
                           f"and not {', '.join(_OURS[:5])} or the like")
    for word in given.arguments or []:
        if word.split("=")[0] in _NODES_OWN:
            raise BadInput(f"{word} cannot stand after --; the jobs say it, or `submit` has an option for it")
    if given.local is not None and not given.local.startswith("/"):
        raise BadInput(f"--local: {given.local!r} has to begin with /")


def asked_by(wish: Wish) -> Asked:
    """A new campaign, or BadInput."""
    given = wish.given
    if not wish.archives:
        raise BadInput(f"{one_line(str(wish.folder))}: is no campaign yet; give --bundle ARCHIVE (scripts/bundle makes one)")
    bundles = one_of_each([look_into(file) for file in wish.archives])
    return replace(_with(given, _empty(bundles)), id=secrets.token_hex(6))


def _empty(bundles: tuple[Bundle, ...]) -> Asked:
    return Asked(id="", bundles=bundles, partitions=(), constraints=(), nodes=(), repeats=3, preset="quick", filter=None, arguments=(),
                 reboot=False, allow_blocked=False, settle_s=120, lock_wait_s=3600, local=None, local_mib=512, in_order=False, time=None,
                 sbatch=())


_FIELDS = {"partition": "partitions", "constraint": "constraints", "node": "nodes", "settle": "settle_s", "lock_wait": "lock_wait_s"}
_DEFINING = ("partition", "constraint", "node", "repeats", "preset", "filter", "reboot", "allow_blocked", "settle", "lock_wait", "local",
             "local_mib", "in_order", "time", "sbatch", "arguments")


def _with(given: argparse.Namespace, asked: Asked) -> Asked:
    values = {option: getattr(given, option) for option in _DEFINING}
    return replace(asked, **{_FIELDS.get(option, option): tuple(value) if isinstance(value, list) else value
                             for option, value in values.items() if value is not None})


def check_unchanged(wish: Wish, asked: Asked) -> None:
    """BadInput where an option that was given is not what the campaign asks for."""
    wanted = _with(wish.given, asked)
    for option in _DEFINING:
        field = _FIELDS.get(option, option)
        if getattr(wanted, field) != getattr(asked, field):
            name = "what stands after --" if option == "arguments" else f"--{option.replace('_', '-')}"
            raise BadInput(f"{one_line(str(wish.folder))}: asks for another {name} since it was made; leave it out, or make a new campaign")
    for file in wish.archives:
        if look_into(file) not in [replace(one, name=one_line(file.name)) for one in asked.bundles]:
            raise BadInput(f"{one_line(str(file))}: is not the bundle that {one_line(str(wish.folder))} was made with; "
                           "leave it out, or make a new campaign")
