"""`profile`: which functions of a kernel each case executes, beside the run of that kernel."""

from __future__ import annotations

import argparse
from pathlib import Path

from ipcmark_debian.folders import held
from ipcmark_report.model import BadInput

from ..archive_options import add_options as add_archive_options
from ..archive_options import archive_of
from ..guest.bundle import programs_of
from ..places import default_bundle
from ..profile.plugin import demand_counting
from ..qemu.machine import version_of
from .fetch import obtain_busybox
from .run import add_kernels, add_limits, named_entries, profile_all, workshop

SUMMARY = "count the instructions of each function of kernels that were run"


def add_options(parser: argparse.ArgumentParser) -> None:
    add_kernels(parser)
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="the folder that `kernels run` wrote")
    parser.add_argument("--filter", metavar="RE", default="", help="extended regular expression to be found in a case's name")
    add_limits(parser)
    add_archive_options(parser)
    parser.set_defaults(clock="path")


def execute(options: argparse.Namespace) -> int:
    demand_counting(options.arch, version_of(options.arch))
    if not options.out.is_dir():
        raise BadInput(f"{options.out}: no such folder; first scripts/kernels run")
    programs = programs_of(options.bundle or default_bundle(options.arch), options.arch)
    entries = named_entries(options)
    busybox = obtain_busybox(options.arch, archive_of(options))
    with held(options.out, "give --out another name", waiting=False), workshop(options.out) as place:
        return profile_all(options, entries, place, programs, busybox)
