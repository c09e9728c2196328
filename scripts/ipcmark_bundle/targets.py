"""The architectures that a bundle can be made for, and what Debian calls the compiler of each."""

from __future__ import annotations

import platform
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """One architecture, by its name in the archive's name."""

    arch: str
    triplet: str
    machines: tuple[str, ...]
    """What uname(2) calls it."""
    emulator: str
    """What qemu-user-static calls it."""

    @property
    def native(self) -> bool:
        return platform.machine() in self.machines

    @property
    def compiler_package(self) -> str:
        return "g++" if self.native else "g++-" + self.triplet.replace("_", "-")


TARGETS = {
    target.arch: target
    for target in (
        Target("x86_64", "x86_64-linux-gnu", ("x86_64",), "x86_64"),
        Target("aarch64", "aarch64-linux-gnu", ("aarch64",), "aarch64"),
        Target("riscv64", "riscv64-linux-gnu", ("riscv64",), "riscv64"),
        Target("armhf", "arm-linux-gnueabihf", ("armv7l", "armv8l"), "arm"),
    )
}


def native_arch() -> str | None:
    """The architecture of this machine, if a bundle can be made for it."""
    return next((target.arch for target in TARGETS.values() if target.native), None)
