"""QEMU's command lines: one machine an architecture, and two ways to tell the time."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ipcmark_report.model import BadInput

CLOCKS = ("path", "wall")
# A second of the guest costs nothing while it sleeps, and ipcmark says of younger machines that they are still busy.
SETTLE_S = {"path": 130, "wall": 130}


# What makes the guest's files, and what QEMU is started by.
_BESIDE = {"cpio": "cpio", "setpriv": "util-linux", "prlimit": "util-linux"}


@dataclass(frozen=True)
class Machine:
    """What differs between architectures. `result` is the device that takes the run, or `console`."""

    program: str
    package: str
    board: tuple[str, ...]
    cpu: str
    console: str
    result: str
    words: str


# Without -erms a copy in the kernel is a loop, and not one instruction a byte. Without noirqdebug a real-time kernel takes
# the serial line's interrupts for spurious ones when much is sent, and disables them.
MACHINES = {
    "amd64": Machine("qemu-system-x86_64", "qemu-system-x86", ("-M", "pc"), "max,-erms,-fsrm", "ttyS0", "/dev/ttyS1",
                     "tsc=reliable noirqdebug"),
    "arm64": Machine("qemu-system-aarch64", "qemu-system-arm", ("-M", "virt"), "max,pauth-impdef=on", "ttyAMA0", "console",
                     ""),
}


@dataclass(frozen=True)
class Guest:
    """One boot to make. `clock` path: time is instructions; wall: the processor's own, by KVM. `more` is for QEMU."""

    arch: str
    clock: str
    vmlinuz: Path
    initramfs: Path
    console: Path
    result: Path
    seed: int
    append: str = ""
    memory_mib: int = 1024
    probe: bool = False
    more: tuple[str, ...] = ()


def command_of(guest: Guest) -> list[str]:
    """The whole command of QEMU; the same guest gives the same command, and so the same instructions."""
    machine = MACHINES[guest.arch]
    serials = [guest.console] if machine.result == "console" else [guest.console, guest.result]
    return [machine.program, *machine.board, *_time(guest, machine), "-m", str(guest.memory_mib), "-nodefaults",
            "-no-user-config", "-display", "none", "-no-reboot", "-kernel", str(guest.vmlinuz), "-initrd", str(guest.initramfs),
            *(word for serial in serials for word in ("-serial", f"file:{serial}")), "-append", kernel_words(guest),
            *guest.more]


def kernel_words(guest: Guest) -> str:
    """The kernel's command line; what it does not know itself becomes the environment of the first process."""
    machine = MACHINES[guest.arch]
    words = [f"console={machine.console}", "quiet", "panic=-1", "nokaslr", "norandmaps",
             machine.words if guest.clock == "path" else "", guest.append, f"IPCMARK_SETTLE={SETTLE_S[guest.clock]}",
             f"IPCMARK_SEED={guest.seed}", f"IPCMARK_RESULT={machine.result}", "IPCMARK_PROBE=1" if guest.probe else ""]
    return " ".join(word for word in words if word)


def _time(guest: Guest, machine: Machine) -> list[str]:
    if guest.clock == "wall":
        return ["-accel", "kvm", "-cpu", "host", "-smp", str(min(2, os.cpu_count() or 1))]
    return ["-accel", "tcg", "-icount", "shift=0,sleep=off", "-seed", str(guest.seed), "-rtc", "base=2026-01-01,clock=vm",
            "-smp", "1", "-cpu", machine.cpu]


def version_of(arch: str) -> str:
    """QEMU's own word; BadInput names the package where it, or what is needed beside it, is not here."""
    machine = MACHINES[arch]
    if shutil.which(machine.program) is None:
        raise BadInput(f"{machine.program}: not here; install it: scripts/install_packages {machine.package} cpio")
    for tool, package in _BESIDE.items():
        if shutil.which(tool) is None:
            raise BadInput(f"{tool}: not here; install it: apt-get install {package}")
    said = subprocess.run([machine.program, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.search(r"version (\S+)", said)
    return match.group(1) if match else "unknown"
