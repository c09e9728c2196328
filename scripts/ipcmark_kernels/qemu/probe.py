"""Whether this machine can measure by the wall clock: only a boot that succeeds says so."""

from __future__ import annotations

from dataclasses import replace

from ipcmark_report.model import BadInput

from ..guest.protocol import last_lines, read_console
from .boot import Boots
from .machine import Guest

_CPU_LIMIT_S = 60


def demand_kvm(guest: Guest) -> None:
    """BadInput with what was seen, where a guest under KVM does not come as far as its first process."""
    boot = Boots(_CPU_LIMIT_S).boot(replace(guest, clock="wall", probe=True))
    if read_console(boot.console).started:
        return
    seen = last_lines(boot.stderr, 1) or last_lines(boot.console, 1)
    why = boot.limit and f"it was still not up after {boot.limit}" or (seen[0] if seen else f"QEMU ended with status {boot.code}")
    raise BadInput(f"--clock wall: a test boot under KVM failed on this machine: {why}; use --clock path")
