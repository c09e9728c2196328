"""The options by which a command asks Debian's archive."""

from __future__ import annotations

import argparse
import platform

from .debian.apt import SUITES, Archive

ARCHES = {"x86_64": "amd64", "aarch64": "arm64"}


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--arch", choices=sorted(ARCHES.values()), default=ARCHES.get(platform.machine(), "amd64"),
                        help="of the kernels (default: this machine's)")
    parser.add_argument("--suites", metavar="SUITES", type=_suites, default=SUITES,
                        help="of Debian's archive to ask, with commas (default: all that have kernels)")
    parser.add_argument("--refresh", action="store_true", help="fetch the archive's lists anew, even if they are less than a day old")


def archive_of(options: argparse.Namespace) -> Archive:
    return Archive(suites=tuple(options.suites))


def _suites(text: str) -> tuple[str, ...]:
    named = tuple(text.split(","))
    for one in named:
        if one not in SUITES:
            raise argparse.ArgumentTypeError(f"{one!r} is none of {', '.join(SUITES)}")
    return named
