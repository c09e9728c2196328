"""`fetch`: the newest kernel of each series that is named, into the cache."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ipcmark_debian.folders import CACHE_REMEDY, held
from ipcmark_report.model import BadInput
from ipcmark_report.text import one_line

from ..archive_options import add_options as add_archive_options
from ..archive_options import archive_of
from ..debian.apt import Apt, Archive
from ..debian.catalogue import packages_known
from ..debian.packages import kernels_of, newest, newest_first
from ..debian.store import StoredKernel, busybox_in, fetch_busybox, fetch_newest
from ..places import cache_folder

SUMMARY = "fetch the newest kernel of each series that is named"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("series", metavar="SERIES", nargs="+",
                        help="6.1, 6.12-rt or 7.3-cloud, or one version: 6.12.117+deb12-cloud")
    add_archive_options(parser)


def execute(options: argparse.Namespace) -> int:
    failed = 0
    for wanted in options.series:
        try:
            found = obtain(wanted, options.arch, archive_of(options), options.refresh)
        except BadInput as fault:
            print(f"kernels: {fault}", file=sys.stderr)
            failed += 1
            continue
        print(f"{wanted}: {found.release}, {found.package} {found.version}, sha256 {found.sha256[:16]}, {found.vmlinuz}")
    return 1 if failed else 0


def obtain(wanted: str, arch: str, archive: Archive, refresh: bool = False) -> StoredKernel:
    """The newest kernel that `wanted` can mean, fetched where it was not before."""
    folder = cache_folder()
    with held(folder, CACHE_REMEDY):
        packages, notes = packages_known(folder, arch, archive, refresh)
        _say(notes)
        candidates = newest_first(kernels_of(packages, arch), wanted)
        if not candidates:
            raise BadInput(f"{one_line(wanted)}: no kernel of that name for {arch} in {', '.join(archive.suites)}; "
                           "`scripts/kernels available` lists them")
        return fetch_newest(folder, Apt(archive.folder(folder, arch), arch, archive), candidates, lambda text: _say([text]))


def obtain_busybox(arch: str, archive: Archive) -> Path:
    """The static busybox that the guest's script needs."""
    folder = cache_folder()
    if (known := busybox_in(folder, arch)).exists():
        return known
    with held(folder, CACHE_REMEDY):
        packages, notes = packages_known(folder, arch, archive)
        _say(notes)
        return fetch_busybox(folder, Apt(archive.folder(folder, arch), arch, archive), newest(packages, "busybox-static"), arch)


def _say(notes: Sequence[str]) -> None:
    for note in notes:
        print(f"kernels: {note}", file=sys.stderr)
