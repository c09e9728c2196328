"""What was measured before in a directory that is gone on with."""

from __future__ import annotations

from pathlib import Path

from ipcmark_report.ladder.files import KERNEL, Settings, read_kernel, read_order
from ipcmark_report.model import BadInput
from ipcmark_report.text import one_line

from .entries import Entry


def named_before(folder: Path, settings: Settings) -> list[str]:
    """The kernels that an earlier run left there, in their order; BadInput where it had other settings."""
    order = read_order(folder)
    if order is None:
        return []
    if not settings.are_of(order):
        raise BadInput(f"{one_line(str(folder))}: was measured with other settings; use another --out, or remove it")
    return [name for name in order.texts("kernels") if (folder / name / KERNEL).exists()]


def finished(folder: Path, entry: Entry, settings: Settings) -> bool:
    """Whether the kernel was wholly measured there, with these settings; BadInput where with others."""
    if not (folder / entry.id / KERNEL).exists():
        return False
    known, file = read_kernel(folder / entry.id)
    if not settings.are_of(file) or (known.sha256, known.append) != (entry.kernel.sha256, entry.append):
        raise BadInput(f"{one_line(str(folder / entry.id))}: was measured with other settings or of another kernel; "
                       "use another --out, or remove it")
    return not known.failures
