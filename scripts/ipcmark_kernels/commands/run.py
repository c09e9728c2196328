"""`run`: boots kernels and keeps what each costs as a run directory."""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from ipcmark_debian.folders import full_disk_named, held
from ipcmark_report.ladder.files import KernelRecord, Settings
from ipcmark_report.ladder.options import add_fail_on
from ipcmark_report.model import BadInput
from ipcmark_report.text import one_line

from ..archive_options import add_options as add_archive_options
from ..archive_options import archive_of
from ..debian.store import sha256_of
from ..guest.bundle import programs_of
from ..guest.initramfs import write_initramfs
from ..places import default_bundle
from ..profile.plugin import demand_counting
from ..qemu.machine import CLOCKS, Guest, version_of
from ..qemu.probe import demand_kvm
from ..runs.campaign import Plan, measure
from ..runs.entries import Entry, entries_of
from ..runs.judging import UNKNOWN, baseline_folder, judge_all
from ..runs.resume import finished, named_before
from .fetch import obtain, obtain_busybox

SUMMARY = "boot kernels in QEMU and measure each"
ENOUGH_SEEDS = 3


def add_kernels(parser: argparse.ArgumentParser) -> None:
    """Which kernels."""
    parser.add_argument("kernels", metavar="KERNEL", nargs="*",
                        help="a series (6.1-cloud), a version, or the file of a kernel; NAME=KERNEL calls it otherwise")
    parser.add_argument("--kernel", metavar="FILE", type=Path, action="append", default=[], help="a kernel that you built")
    parser.add_argument("--symbols", metavar="FILE", type=Path, help="its System.map")
    parser.add_argument("--append", metavar="WORDS", action="append", default=[],
                        help="add to the kernel's command line; given several times, each is measured, and '' is none")


def add_options(parser: argparse.ArgumentParser) -> None:
    add_kernels(parser)
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="the folder to write, a run directory a kernel")
    parser.add_argument("--resume", action="store_true", help="keep the kernels that DIR already has")
    parser.add_argument("--filter", metavar="RE", default="", help="extended regular expression to be found in a case's name")
    parser.add_argument("--seeds", metavar="N", type=_count, default=ENOUGH_SEEDS, help="boots a kernel (default: %(default)s)")
    parser.add_argument("--clock", choices=CLOCKS, default=CLOCKS[0],
                        help="path: count executed instructions, the same each time; wall: real time, only where KVM works")
    parser.add_argument("--jobs", metavar="N", type=_count, default=os.cpu_count() or 1, help="boots at once (default: %(default)s)")
    parser.add_argument("--verify", action="store_true", help="boot the first seed of each kernel again, and hold both against each other")
    parser.add_argument("--profile", action="store_true", help="count the functions of each kernel too, by one more boot")
    parser.add_argument("--baseline", metavar="RUN",
                        help="what --fail-on holds the kernels against: the run of a kernel, or a kernel to measure too")
    add_fail_on(parser, None)
    add_limits(parser)
    add_archive_options(parser)


def add_limits(parser: argparse.ArgumentParser) -> None:
    """What a boot is made of, and what it may take."""
    parser.add_argument("--bundle", metavar="BUNDLE", type=Path, help="static programs of scripts/bundle, an archive or a folder")
    parser.add_argument("--memory", metavar="MIB", type=_count, default=1024, help="of the guest (default: %(default)s)")
    parser.add_argument("--limit", metavar="S", type=_count, default=300,
                        help="CPU time after which a boot counts as hung (default: %(default)s)")


def execute(options: argparse.Namespace) -> int:
    if (options.baseline is None) != (options.fail_on is None):
        raise BadInput("--baseline and --fail-on: one says what a kernel is held against, the other by how much; give both")
    if options.fail_on is None:
        _check(options)
        return _run(options, named_entries(options))
    try:
        return _judged(options)
    except BadInput as fault:
        # Not 2: `git bisect run` would take it for a kernel that is bad.
        print(f"kernels: {fault}", file=sys.stderr)
        return UNKNOWN


def _judged(options: argparse.Namespace) -> int:
    """Measures, and says whether any kernel's path is longer than the baseline's."""
    _check(options)
    base = baseline_folder(options.baseline)
    if base is None and len(options.append) > 1:
        raise BadInput("--baseline: with several --append give it the run of a kernel, which says what it was booted with")
    entries = named_entries(options)
    also = [] if base else entries_named([options.baseline], options)
    status = _run(options, [*also, *entries])
    if status > 128:
        return status
    return judge_all(base or options.out / also[0].id, [options.out / entry.id for entry in entries], options.fail_on,
                     options.filter)


def _run(options: argparse.Namespace, entries: Sequence[Entry]) -> int:
    began = time.monotonic()
    version = version_of(options.arch)
    programs = programs_of(options.bundle or default_bundle(options.arch), options.arch)
    busybox = obtain_busybox(options.arch, archive_of(options))
    with _folder(options.out), workshop(options.out) as place:
        initramfs = place / "initramfs"
        arguments = arguments_of(options)
        write_initramfs(initramfs, programs, busybox, arguments)
        settings = Settings(options.clock, options.arch, tuple(arguments), tuple(range(1, options.seeds + 1)), options.memory,
                            sha256_of(initramfs), version)
        before = named_before(options.out, settings)
        kept = [entry.id for entry in entries if finished(options.out, entry, settings)]
        todo = [entry for entry in entries if entry.id not in kept]
        jobs = options.jobs
        if options.clock == "wall" and todo:
            demand_kvm(Guest(options.arch, "wall", todo[0].kernel.vmlinuz, initramfs, place / "console", place / "result", 1))
            jobs = 1  # two guests at once would slow each other
        plan = Plan(settings, todo, initramfs, options.out, jobs, options.limit, options.verify)
        if options.seeds < ENOUGH_SEEDS:
            print(f"kernels: {options.seeds} of {ENOUGH_SEEDS} boots a kernel: how much chance in the scheduler changes is not seen",
                  file=sys.stderr)
        try:
            records = measure(plan, {*before, *kept}, list(dict.fromkeys([*before, *(entry.id for entry in entries)])))
        except KeyboardInterrupt:
            print(f"kernels: interrupted; --resume goes on with {one_line(str(options.out))}", file=sys.stderr)
            return 128 + signal.SIGINT
        if options.profile:
            # Of a kernel that was measured anew the profile went with its folder.
            there = [entry for entry in entries if (options.out / entry.id / "run.json").exists()
                     and not (options.out / entry.id / "profile.json").exists()]
            profile_all(options, there, place, programs, busybox)
    return _tell(options, kept, records, time.monotonic() - began)


def arguments_of(options: argparse.Namespace) -> list[str]:
    """Those of `ipcmark run` in the guest."""
    words = ["--preset", "path", "--clock", "instructions"] if options.clock == "path" else ["--preset", "quick", "--rounds", "1"]
    return [*words, *(["--filter", options.filter] if options.filter else [])]


def profile_all(options: argparse.Namespace, entries: Sequence[Entry], place: Path, programs: Mapping[str, bytes],
                busybox: Path) -> int:
    """Writes the profile of each kernel that can be had; 1 where one cannot."""
    # Only here: what reads runs takes a moment to come, and packages that other commands do without.
    from ..profile.boot import profile_kernel, told, workshop_in
    initramfs, failed = place / "profile.initramfs", 0
    write_initramfs(initramfs, programs, busybox, [*arguments_of(options), "--markers"])
    work = workshop_in(place, initramfs, busybox, options.memory, options.limit)
    for entry in entries:
        try:
            print(told(entry, profile_kernel(entry, options.out, work)), flush=True)
        except BadInput as fault:
            print(f"kernels: {fault}", file=sys.stderr)
            failed += 1
    return 1 if failed else 0


@contextmanager
def _folder(folder: Path) -> Iterator[None]:
    """Holds it, and takes it away again where it was made for nothing."""
    is_new = not folder.exists()
    try:
        with held(folder, "give --out another name", waiting=False):
            yield
    finally:
        if is_new:
            with suppress(OSError):
                folder.rmdir()


@contextmanager
def workshop(folder: Path) -> Iterator[Path]:
    """A place for what goes away again; also what a killed run left there goes."""
    for left in (one for prefix in ("boot", "kernel", "ipcmark") for one in folder.glob(f".{prefix}-*")):
        shutil.rmtree(left, ignore_errors=True)
    with full_disk_named(folder, "and --resume goes on"), tempfile.TemporaryDirectory(prefix=".ipcmark-", dir=folder) as name:
        yield Path(name)


def check_kernels(options: argparse.Namespace) -> None:
    if not options.kernels and not options.kernel:
        raise BadInput("name a kernel, such as 6.1-cloud, or give --kernel a file; `scripts/kernels available` lists Debian's")
    if options.symbols and (not options.symbols.is_file() or not options.kernel):
        raise BadInput(f"{one_line(str(options.symbols))}: --symbols wants the System.map of the kernel that --kernel names")
    if not all(re.fullmatch(r"[ -~]*", words) for words in options.append):
        raise BadInput("--append: a kernel's command line is plain ASCII")


def _check(options: argparse.Namespace) -> None:
    check_kernels(options)
    if options.profile and options.clock == "wall":
        raise BadInput("--profile: what is counted are instructions, not time; leave it out with --clock wall")
    if options.verify and options.clock == "wall":
        raise BadInput("--verify: by the wall clock no two boots are the same; leave it out")
    if options.out.is_dir() and any(options.out.iterdir()) and not options.resume:
        raise BadInput(f"{one_line(str(options.out))}: exists and is not empty; give --resume to go on with it, or --out another name")
    # Before a kernel is fetched for nothing.
    version = version_of(options.arch)
    if options.profile:
        demand_counting(options.arch, version)


def named_entries(options: argparse.Namespace) -> list[Entry]:
    check_kernels(options)
    return entries_named([*options.kernels, *(f"{'' if '/' in str(file) else './'}{file}" for file in options.kernel)], options)


def entries_named(words: Sequence[str], options: argparse.Namespace) -> list[Entry]:
    """Those of these words; kernels of Debian are fetched where they are not here yet."""
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
            print(f"{record.id}: seed {record.again.seed} booted twice, at load {loads}: {what}")
    whole = len(records) - len(failed) + len(kept)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{whole} of {len(records) + len(kept)} kernels wholly measured, {len(kept)} of them before; "
          f"{seconds:.0f} s, {used.ru_utime + used.ru_stime:.0f} s of CPU time")
    print(f"the runs are in {one_line(str(options.out))}")
    return 1 if failed or differing else 0


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)
