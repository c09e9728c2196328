"""kernel.json and kernels.json, written by `scripts/kernels run` and read by the page: nobody else knows their keys."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..fields import SCHEMA_VERSION, Fields, check_schema, read_object
from ..files import write_whole
from ..text import one_line

KERNEL, KERNELS = "kernel.json", "kernels.json"
AGAIN = "boot that kernel again: scripts/kernels run"
# Of what is known of a kernel, what the page shows, in the words of its file.
_SHOWN = ("release", "arch", "package", "sha256", "qemu_version", "command_line")


@dataclass(frozen=True)
class Settings:
    """What all kernels of a directory have in common; results are only comparable where it is equal."""

    clock: str
    arch: str
    arguments: tuple[str, ...]
    seeds: tuple[int, ...]
    memory_mib: int
    initramfs_sha256: str
    qemu_version: str

    def record(self) -> dict[str, Any]:
        return {"clock": self.clock, "arch": self.arch, "arguments": list(self.arguments), "seeds": list(self.seeds),
                "memory_mib": self.memory_mib, "initramfs_sha256": self.initramfs_sha256, "qemu_version": self.qemu_version}

    def are_of(self, file: Fields) -> bool:
        return all(file.values.get(key) == value for key, value in self.record().items())


@dataclass(frozen=True)
class BootRecord:
    """A boot that was measured; `results` are hashes by file, `identity` is one of them all."""

    seed: int
    wall_s: float
    load: float
    identity: str
    results: Mapping[str, str]

    def record(self, number: int) -> dict[str, Any]:
        return {"round": number, "seed": self.seed, "wall_s": round(self.wall_s, 1), "load": round(self.load, 2),
                "identity": self.identity, "results": dict(self.results)}


@dataclass(frozen=True)
class Failure:
    """A boot that was not: `lines` are the console's last."""

    seed: int
    why: str
    lines: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        return {"seed": self.seed, "why": self.why, "lines": list(self.lines)}


@dataclass(frozen=True)
class Again:
    """The first seed booted once more, to show that nothing differs. `differing` are names of files."""

    seed: int
    wall_s: float
    load: float
    differing: tuple[str, ...]

    def record(self) -> dict[str, Any]:
        return {"seed": self.seed, "wall_s": round(self.wall_s, 1), "load": round(self.load, 2),
                "identical": not self.differing, "differing": list(self.differing)}


@dataclass(frozen=True)
class KernelRecord:
    """All there is to know of one kernel's boots. `vmlinuz` is the name of its file, `symbols` the System.map that was given
    with it."""

    id: str
    release: str
    version: str
    flavour: str
    package: str
    vmlinuz: str
    sha256: str
    symbols: str | None
    append: str
    settings: Settings
    qemu_arguments: Sequence[str]
    command_line: str
    boots: Sequence[BootRecord]
    failures: Sequence[Failure] = ()
    again: Again | None = None

    def json(self) -> bytes:
        return _json({
            "id": self.id, "release": self.release, "version": self.version, "flavour": self.flavour, "package": self.package,
            "vmlinuz": self.vmlinuz, "sha256": self.sha256, "symbols": self.symbols, "append": self.append,
            "command_line": self.command_line, "qemu_arguments": list(self.qemu_arguments), **self.settings.record(),
            "boots": [boot.record(number) for number, boot in enumerate(self.boots, start=1)],
            "failures": [one.record() for one in self.failures],
            "verified": None if self.again is None else self.again.record()})


@dataclass(frozen=True)
class Known:
    """What a kernel.json says of its kernel; `facts` are for people, `failures` how many of its boots failed."""

    version: str
    flavour: str
    append: str
    sha256: str
    facts: tuple[tuple[str, str], ...]
    failures: int


def read_kernel(folder: Path) -> tuple[Known, Fields]:
    """Of the kernel whose folder it is, and the file itself, for Settings.are_of."""
    file = read_object(folder / KERNEL, AGAIN)
    check_schema(file)
    facts = tuple((key, file.shown(key)) for key in _SHOWN if file.values.get(key) not in (None, ""))
    failures = file.objects("failures") if "failures" in file.values else []
    return Known(file.text("version"), file.text("flavour"), file.shown("append", ""), file.shown("sha256", ""), facts,
                 len(failures)), file


def kernel_folders(path: Path) -> list[Path]:
    """Those of its kernels, without what a run under way is still writing."""
    return sorted(one.parent for one in path.glob(f"[!.]*/{KERNEL}"))


def write_order(folder: Path, settings: Settings, ids: Sequence[str], failed: Mapping[str, Sequence[Failure]]) -> None:
    """kernels.json: which kernels are there, in the order in which they were asked for, and which are not."""
    write_whole(_json({**settings.record(), "kernels": list(ids), "failed": [
        {"id": name, "failures": [one.record() for one in all_of]} for name, all_of in failed.items()]}), folder / KERNELS)


def read_order(folder: Path) -> Fields | None:
    """kernels.json, None where there is none."""
    if not (folder / KERNELS).exists():
        return None
    file = read_object(folder / KERNELS, AGAIN)
    check_schema(file)
    return file


def failed_in(order: Fields) -> tuple[str, ...]:
    """A line a kernel that did not boot: why."""
    found = []
    for one in order.objects("failed") if "failed" in order.values else []:
        # Its first name.
        failures = one.objects("failures" if "failures" in one.values else "boots")
        why = dict.fromkeys(failure.text("why") for failure in failures)
        found.append(one_line(f"{one.text('id')}: {'; '.join(why)}"))
    return tuple(found)


def _json(record: dict[str, Any]) -> bytes:
    return (json.dumps({"schema_version": SCHEMA_VERSION, **record}, indent=1) + "\n").encode()
