"""`available`: what Debian's suites offer."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from ipcmark_debian.folders import CACHE_REMEDY, held

from ..archive_options import add_options as add_archive_options
from ..archive_options import archive_of
from ..debian.catalogue import packages_known
from ..debian.packages import FLAVOURS, Kernel, kernels_of
from ..debian.versions import version_key
from ..places import cache_folder

SUMMARY = "list the kernels that Debian's suites offer"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", help="every version (default: the newest of each series and flavour)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_archive_options(parser)


def execute(options: argparse.Namespace) -> int:
    folder = cache_folder()
    with held(folder, CACHE_REMEDY):
        packages, notes = packages_known(folder, options.arch, archive_of(options), options.refresh)
    for note in notes:
        print(f"kernels: {note}", file=sys.stderr)
    kernels = kernels_of(packages, options.arch)
    shown = kernels if options.all else newest_of_each(kernels)
    print(json.dumps({"schema_version": 1, "kernels": [_record(k) for k in shown]}, indent=1) if options.json else table(shown))
    return 0


def newest_of_each(kernels: Sequence[Kernel]) -> list[Kernel]:
    """The newest of each series and flavour, by series."""
    last = {(kernel.series, kernel.flavour): kernel for kernel in kernels}
    return sorted(last.values(), key=lambda k: (version_key(k.series), FLAVOURS.index(k.flavour)))


def name_of(kernel: Kernel) -> str:
    return kernel.series if kernel.flavour == "generic" else f"{kernel.series}-{kernel.flavour}"


def table(kernels: Sequence[Kernel]) -> str:
    rows = [("SERIES", "RELEASE", "VERSION", "MB", "SUITES")]
    rows += [(name_of(k), k.release, k.version, f"{k.size / 1e6:.0f}", ",".join(k.suites)) for k in kernels]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join("  ".join((*(cell.ljust(width) for cell, width in zip(row, widths)), row[4])) for row in rows)


def _record(kernel: Kernel) -> dict[str, object]:
    return {"series": kernel.series, "flavour": kernel.flavour, "arch": kernel.arch, "release": kernel.release,
            "version": kernel.version, "bytes": kernel.size, "suites": list(kernel.suites),
            "packages": [{"name": p.name, "sha256": p.sha256} for p in kernel.packages]}
