"""`run`: boots kernels and keeps what each costs as a run directory."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ipcmark_report.model import BadInput
from ipcmark_report.text import one_line

from ..archive_options import add_options as add_archive_options
from ..archive_options import archive_of
from ..debian.store import sha256_of
from ..guest.bundle import programs_of
from ..guest.initramfs import write_initramfs
from ..lock import held
from ..places import default_bundle
from ..qemu.machine import CLOCKS, Guest, version_of
from ..qemu.probe import demand_kvm
from ..runs.campaign import Plan, measure
from ..runs.entries import Entry, entries_of
from ..runs.record import KernelRecord, Settings, finished
from .fetch import obtain, obtain_busybox

SUMMARY = "boot kernels in QEMU and measure each"
ENOUGH_SEEDS = 3


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kernels", metavar="KERNEL", nargs="*",
                        help="a series (6.1-cloud), a version, or the file of a kernel; NAME=KERNEL calls it otherwise")
    parser.add_argument("--kernel", metavar="FILE", type=Path, action="append", default=[], help="a kernel that you built")
    parser.add_argument("--symbols", metavar="FILE", type=Path, help="its System.map")
    parser.add_argument("--append", metavar="WORDS", action="append", default=[],
                        help="add to the kernel's command line; given several times, each is measured, and '' is none")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="the folder to write, a run directory a kernel")
    parser.add_argument("--resume", action="store_true", help="keep the kernels that DIR already has")
    parser.add_argument("--filter", metavar="RE", default="", help="extended regular expression to be found in a case's name")
    parser.add_argument("--seeds", metavar="N", type=_count, default=ENOUGH_SEEDS, help="boots a kernel (default: %(default)s)")
    parser.add_argument("--clock", choices=CLOCKS, default=CLOCKS[0],
                        help="path: count executed instructions, the same each time; wall: real time, only where KVM works")
    parser.add_argument("--bundle", metavar="BUNDLE", type=Path, help="static programs of scripts/bundle, an archive or a folder")
    parser.add_argument("--jobs", metavar="N", type=_count, default=os.cpu_count() or 1, help="boots at once (default: %(default)s)")
    parser.add_argument("--verify", action="store_true", help="boot the first seed of each kernel again, and hold both against each other")
    parser.add_argument("--memory", metavar="MIB", type=_count, default=1024, help="of the guest (default: %(default)s)")
    parser.add_argument("--limit", metavar="S", type=_count, default=300,
                        help="CPU time after which a boot counts as hung (default: %(default)s)")
    add_archive_options(parser)


def execute(options: argparse.Namespace) -> int:
    began = time.monotonic()
    version = version_of(options.arch)
    _check(options)
    programs = programs_of(options.bundle or default_bundle(options.arch), options.arch)
    entries = _entries(options)
    busybox = obtain_busybox(options.arch, archive_of(options))
    with held(options.out, "give --out another name", waiting=False), _workshop(options.out) as place:
        initramfs = place / "initramfs"
        arguments = arguments_of(options)
        write_initramfs(initramfs, programs, busybox, arguments)
        settings = Settings(options.clock, options.arch, tuple(arguments), tuple(range(1, options.seeds + 1)), options.memory,
                            sha256_of(initramfs), version)
        kept = [entry.id for entry in entries if finished(options.out, entry, settings)]
        todo = [entry for entry in entries if entry.id not in kept]
        jobs = options.jobs
        if options.clock == "wall" and todo:
            demand_kvm(Guest(options.arch, "wall", todo[0].kernel.vmlinuz, initramfs, place / "console", place / "result", 1))
            jobs = 1  # two guests at once would slow each other
        plan = Plan(settings, todo, initramfs, options.out, jobs, options.limit, options.verify)
        try:
            records = measure(plan, kept, [entry.id for entry in entries])
        except KeyboardInterrupt:
            print(f"kernels: interrupted; --resume goes on with {one_line(str(options.out))}", file=sys.stderr)
            return 128 + signal.SIGINT
    return _tell(options, kept, records, time.monotonic() - began)


def arguments_of(options: argparse.Namespace) -> list[str]:
    """Those of `ipcmark run` in the guest."""
    words = ["--preset", "quick", "--rounds", "1"] if options.clock == "path" else ["--preset", "quick", "--rounds", "1"]
    return [*words, *(["--filter", options.filter] if options.filter else [])]


@contextmanager
def _workshop(folder: Path) -> Iterator[Path]:
    """A place for what goes away again; also what a killed run left there goes."""
    for left in (one for prefix in ("boot", "kernel", "ipcmark") for one in folder.glob(f".{prefix}-*")):
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=".ipcmark-", dir=folder) as name:
        yield Path(name)


def _check(options: argparse.Namespace) -> None:
    if not options.kernels and not options.kernel:
        raise BadInput("name a kernel, such as 6.1-cloud, or give --kernel a file; `scripts/kernels available` lists Debian's")
    if options.symbols and (not options.symbols.is_file() or not options.kernel):
        raise BadInput(f"{one_line(str(options.symbols))}: --symbols wants the System.map of the kernel that --kernel names")
    if not all(re.fullmatch(r"[ -~]*", words) for words in options.append):
        raise BadInput("--append: a kernel's command line is plain ASCII")
    if options.verify and options.clock == "wall":
        raise BadInput("--verify: by the wall clock no two boots are the same; leave it out")
    if options.out.is_dir() and any(options.out.iterdir()) and not options.resume:
        raise BadInput(f"{one_line(str(options.out))}: exists and is not empty; give --resume to go on with it, or --out another name")
    if options.seeds < ENOUGH_SEEDS:
        print(f"kernels: {options.seeds} of {ENOUGH_SEEDS} boots a kernel: how much chance in the scheduler changes is not seen",
              file=sys.stderr)


def _entries(options: argparse.Namespace) -> list[Entry]:
    words = [*options.kernels, *(f"{'' if '/' in str(file) else './'}{file}" for file in options.kernel)]
    return entries_of(words, options.append, options.arch, lambda wanted: obtain(wanted, options.arch, archive_of(options)),
                      options.symbols.resolve() if options.symbols else None)


def _tell(options: argparse.Namespace, kept: Sequence[str], records: Sequence[KernelRecord], seconds: float) -> int:
    """What came of it, and the exit code: 1 where a boot failed or was not like the one before."""
    failed = [record for record in records if record.failures]
    differing = [record for record in records if record.again and record.again.differing]
    for record in records:
        if record.again:
            what = f"differs in {', '.join(record.again.differing)}" if record.again.differing else "every byte is the same"
            loads = f"{record.boots[0].load:.1f} and {record.again.load:.1f}" if record.boots else ""
            print(f"{record.entry.id}: seed {record.again.seed} booted twice, at load {loads}: {what}")
    whole = len(records) - len(failed) + len(kept)
    print(f"{whole} of {len(records) + len(kept)} kernels wholly measured, {len(kept)} of them before; {seconds:.0f} s")
    print(f"the runs are in {one_line(str(options.out))}")
    return 1 if failed or differing else 0


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)
