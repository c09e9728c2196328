"""Boots every kernel with every seed, several at once, and keeps each kernel as soon as it is whole."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Collection, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path

from ipcmark_report.files import umask
from ipcmark_report.ladder.files import KERNEL, Again, BootRecord, Failure, KernelRecord, Settings, write_order

from ..qemu.boot import Boot, Boots
from ..qemu.machine import Guest, command_of, kernel_words
from ..qemu.outcome import outcome_of
from .entries import Entry
from .merge import identity_of, results_of, run_of


@dataclass(frozen=True)
class Plan:
    """What to boot: `settings` for all, `entries` in their order; `verify` boots the first seed of each once more."""

    settings: Settings
    entries: Sequence[Entry]
    initramfs: Path
    folder: Path
    jobs: int
    cpu_limit_s: int
    verify: bool


@dataclass(frozen=True)
class Task:
    """One boot; `again` where it only repeats the first."""

    entry: Entry
    seed: int
    again: bool = False


@dataclass(frozen=True)
class Done:
    """A boot that is over: `files` is empty where `failure` is there."""

    task: Task
    boot: Boot
    files: dict[str, bytes]
    failure: Failure | None


def tasks_of(plan: Plan) -> list[Task]:
    """In the order of the kernels; by the wall clock in turns and back, so that a drift hits all alike."""
    if plan.settings.clock == "wall":
        turns = [plan.entries if turn % 2 == 0 else plan.entries[::-1] for turn in range(len(plan.settings.seeds))]
        return [Task(entry, seed) for seed, turn in zip(plan.settings.seeds, turns) for entry in turn]
    first = plan.settings.seeds[:1] if plan.verify else ()
    return [task for entry in plan.entries
            for task in (*(Task(entry, seed) for seed in plan.settings.seeds), *(Task(entry, seed, True) for seed in first))]


def measure(plan: Plan, kept: Collection[str], order: Sequence[str]) -> list[KernelRecord]:
    """All kernels of the plan; `kept` are there already, `order` is that of all."""
    boots = Boots(plan.cpu_limit_s)
    records: list[KernelRecord] = []
    failed: dict[str, Sequence[Failure]] = {}
    finished: dict[str, list[Done]] = {entry.id: [] for entry in plan.entries}
    tasks = tasks_of(plan)
    pool = ThreadPoolExecutor(plan.jobs)
    try:
        pending: set[Future[Done]] = {pool.submit(_boot, plan, boots, task) for task in tasks}
        while pending:
            # A signal that arrives just before the wait is only looked at after it.
            ready, pending = wait(pending, timeout=0.5, return_when=FIRST_COMPLETED)
            for done in (future.result() for future in ready):
                of_kernel = finished[done.task.entry.id]
                of_kernel.append(done)
                _tell(done)
                if len(of_kernel) < sum(task.entry.id == done.task.entry.id for task in tasks):
                    continue
                record = _kept(plan, done.task.entry, of_kernel)
                records.append(record)
                if not record.boots:
                    failed[record.id] = record.failures
                there = {*kept, *(one.id for one in records if one.boots)}
                write_order(plan.folder, plan.settings, [name for name in order if name in there], failed)
    finally:
        boots.end()
        pool.shutdown(cancel_futures=True)
    return records


def _boot(plan: Plan, boots: Boots, task: Task) -> Done:
    with tempfile.TemporaryDirectory(prefix=".boot-", dir=plan.folder) as name:
        place = Path(name)
        guest = _guest(plan, task.entry, task.seed, plan.initramfs, place)
        boot = boots.boot(guest)
    outcome = outcome_of(boot)
    failure = Failure(task.seed, outcome.fault, outcome.lines) if outcome.fault else None
    return Done(task, boot, outcome.files, failure)


def _guest(plan: Plan, entry: Entry, seed: int, initramfs: Path, place: Path) -> Guest:
    settings = plan.settings
    return Guest(settings.arch, settings.clock, entry.kernel.vmlinuz, initramfs, place / "console", place / "result", seed,
                 entry.append, settings.memory_mib)


def _kept(plan: Plan, entry: Entry, all_of: Sequence[Done]) -> KernelRecord:
    """The record of a kernel, and its folder where at least one boot came through."""
    in_order = sorted(all_of, key=lambda done: plan.settings.seeds.index(done.task.seed))
    good = [done for done in in_order if not done.failure and not done.task.again]
    kernel = entry.kernel
    # Named without the places of this machine, as somebody else would boot it.
    symbolic = replace(_guest(plan, entry, plan.settings.seeds[0], Path("initramfs"), Path(".")), vmlinuz=Path(kernel.vmlinuz.name))
    record = KernelRecord(
        entry.id, kernel.release, kernel.version, kernel.flavour, kernel.package, kernel.vmlinuz.name, kernel.sha256,
        str(entry.symbols) if entry.symbols else None, entry.append, plan.settings, command_of(symbolic), kernel_words(symbolic),
        [_boot_record(done) for done in good], [done.failure for done in in_order if done.failure], _again(in_order))
    if good:
        files = run_of([done.files for done in good], len(plan.settings.seeds))
        _write(plan.folder / entry.id, {**files, KERNEL: record.json()})
    return record


def _boot_record(done: Done) -> BootRecord:
    results = results_of(done.files)
    return BootRecord(done.task.seed, done.boot.wall_s, done.boot.load, identity_of(results), results)


def _again(all_of: Sequence[Done]) -> Again | None:
    again = next((done for done in all_of if done.task.again and not done.failure), None)
    first = next((done for done in all_of if again and not done.task.again and done.task.seed == again.task.seed), None)
    if again is None or first is None or first.failure:
        return None
    # All of it: what the guest saw of its machine is the same too.
    names = sorted({*first.files, *again.files})
    differing = tuple(name for name in names if first.files.get(name) != again.files.get(name))
    return Again(again.task.seed, again.boot.wall_s, again.boot.load, differing)


def _write(target: Path, files: dict[str, bytes]) -> None:
    """The folder whole, in place of a former one."""
    temporary = Path(tempfile.mkdtemp(prefix=".kernel-", dir=target.parent))
    try:
        for name, content in files.items():
            (temporary / name).write_bytes(content)
        os.chmod(temporary, 0o777 & ~umask())
        if target.exists():
            shutil.rmtree(target)
        os.rename(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _tell(done: Done) -> None:
    what = "again" if done.task.again else f"seed {done.task.seed}"
    line = f"{time.strftime('%H:%M:%S')} {done.task.entry.id}, {what}: "
    if done.failure is None:
        print(f"{line}{done.boot.wall_s:.0f} s, identity {identity_of(results_of(done.files))[:12]}", file=sys.stderr, flush=True)
        return
    print(f"{line}{done.failure.why}", file=sys.stderr)
    for one in done.failure.lines:
        print(f"    {one}", file=sys.stderr, flush=True)
