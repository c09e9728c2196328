"""One more boot of a kernel that was measured, with the plugin in QEMU: its profile beside its run."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ipcmark_report.load import load_run
from ipcmark_report.model import BadInput
from ipcmark_report.text import one_line

from ..qemu.boot import Boots
from ..qemu.machine import Guest
from ..qemu.outcome import outcome_of
from ..runs.entries import Entry
from .counts import read_counts
from .kallsyms import kernel_symbols
from .plugin import build, option
from .record import PROFILE, Profiled, off_the_clock, profile_of, read_numbers, write_profile
from .symbols import read_symbols

SEED = 1


@dataclass(frozen=True)
class Workshop:
    """What all profiles have in common. `initramfs` measures with markers; `place` goes away in the end."""

    place: Path
    initramfs: Path
    busybox: Path
    plugin: Path
    memory_mib: int
    cpu_limit_s: int


def workshop_in(place: Path, initramfs: Path, busybox: Path, memory_mib: int, cpu_limit_s: int) -> Workshop:
    return Workshop(place, initramfs, busybox, build(place), memory_mib, cpu_limit_s)


def profile_kernel(entry: Entry, folder: Path, work: Workshop) -> tuple[Profiled, ...]:
    """Writes profile.json beside the kernel's run, or BadInput."""
    target = folder / entry.id
    if not (target / "run.json").exists():
        raise BadInput(f"{one_line(str(target))}: has no run to put a profile beside; first scripts/kernels run")
    symbols = read_symbols(entry.symbols or kernel_symbols(entry.kernel, work.busybox, work.place, work.memory_mib,
                                                           work.cpu_limit_s))
    with tempfile.TemporaryDirectory(dir=work.place) as name:
        place = Path(name)
        files = _measured(entry, place, work)
        for file, content in files.items():
            (place / file).write_bytes(content)
        numbers = read_numbers(sorted(place.glob("*.markers.json")))
        profiled = profile_of(read_counts(place / "counts"), symbols, numbers, load_run(place))
    if not profiled:
        raise BadInput(f"{one_line(entry.id)}: no case came between markers; the bundle's ipcmark is too old, make another: "
                       "scripts/bundle")
    write_profile(profiled, SEED, target / PROFILE)
    return profiled


def _measured(entry: Entry, place: Path, work: Workshop) -> dict[str, bytes]:
    guest = Guest("amd64", "path", entry.kernel.vmlinuz, work.initramfs, place / "console", place / "result", SEED, entry.append,
                  work.memory_mib, more=tuple(option(work.plugin, place / "counts")))
    outcome = outcome_of(Boots(work.cpu_limit_s).boot(guest))
    if outcome.fault:
        # What the kernel says comes after what the program said.
        lines = [line for line in outcome.lines if not line.startswith("[")] or outcome.lines
        last = f" ({lines[-1]})" if lines else ""
        raise BadInput(f"{one_line(entry.id)}: {outcome.fault}{last}")
    return outcome.files


def told(entry: Entry, profiled: Sequence[Profiled]) -> str:
    return f"{entry.id}: {how_well(profiled)}"


def how_well(profiled: Sequence[Profiled]) -> str:
    """How well the functions agree with the clock, in one line."""
    off = off_the_clock(profiled)
    said = f"functions of {len(profiled)} {'case' if len(profiled) == 1 else 'cases'}"
    if fine := [one for one in profiled if one not in off]:
        worst = max(abs(one.disagreement) for one in fine)
        said += f"; {len(fine) if off else 'all'} together within {100 * worst:.2f} % of the clock"
    # Whose operations tell their own time, as phase:attach, has more between its markers than is timed.
    return said + (f"; {len(off)} not, as {off[0].case}" if off else "")
