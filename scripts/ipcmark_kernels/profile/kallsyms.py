"""The symbols of a kernel, out of the kernel itself: one more boot, whose result is kept by the kernel's hash."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from ipcmark_report.files import write_whole
from ipcmark_report.model import BadInput
from ipcmark_report.text import one_line

from ..debian.store import StoredKernel
from ..guest.initramfs import write_archive
from ..guest.protocol import last_lines
from ..places import cache_folder
from ..qemu.boot import Boots
from ..qemu.machine import Guest

_INIT = Path(__file__).with_name("symbols_init.sh")


def kernel_symbols(kernel: StoredKernel, busybox: Path, workshop: Path, memory_mib: int, cpu_limit_s: int) -> Path:
    """The file of them, made where it is not there yet."""
    target = cache_folder() / "symbols" / kernel.sha256
    if not target.exists():
        symbols = _boot(kernel, busybox, workshop, memory_mib, cpu_limit_s)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(symbols, target)
    return target


def _boot(kernel: StoredKernel, busybox: Path, workshop: Path, memory_mib: int, cpu_limit_s: int) -> bytes:
    initramfs, console, result = (workshop / f"symbols.{name}" for name in ("initramfs", "console", "result"))
    write_archive(initramfs, {"init": _INIT.read_bytes(), "bin/busybox": busybox.read_bytes()})
    boot = Boots(cpu_limit_s).boot(Guest(kernel.arch, "path", kernel.vmlinuz, initramfs, console, result, 1,
                                         memory_mib=memory_mib))
    try:
        symbols = gzip.decompress(boot.result)
    except (OSError, EOFError, zlib.error):
        symbols = b""
    if not symbols:
        told = (last_lines(boot.console, 1) or last_lines(boot.stderr, 1) or ["nothing on its console"])[0]
        raise BadInput(f"{kernel.release}: its symbols did not arrive{f', ended after {boot.limit}' if boot.limit else ''} "
                       f"({one_line(told)}); give --symbols its System.map")
    return symbols
