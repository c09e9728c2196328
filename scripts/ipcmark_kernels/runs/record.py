"""What kernel.json and kernels.json hold."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ipcmark_report.files import write_whole
from ipcmark_report.model import BadInput
from ipcmark_report.text import one_line

from .entries import Entry
from .merge import identity_of

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class BootRecord:
    """A boot that was measured; `results` are hashes by file."""

    seed: int
    wall_s: float
    load: float
    results: Mapping[str, str]


@dataclass(frozen=True)
class Failure:
    """A boot that was not: `lines` are the console's last."""

    seed: int
    why: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Again:
    """The first seed booted once more, to show that nothing differs. `differing` are names of files."""

    seed: int
    wall_s: float
    load: float
    differing: tuple[str, ...]


@dataclass(frozen=True)
class Settings:
    """What all kernels of a folder have in common; results are only comparable where it is equal."""

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


@dataclass(frozen=True)
class KernelRecord:
    """All there is to know of one kernel's boots."""

    entry: Entry
    settings: Settings
    qemu_arguments: Sequence[str]
    command_line: str
    boots: Sequence[BootRecord]
    failures: Sequence[Failure] = field(default=())
    again: Again | None = None

    def json(self) -> bytes:
        kernel = self.entry.kernel
        record = {
            "schema_version": SCHEMA_VERSION, "id": self.entry.id, "release": kernel.release, "version": kernel.version,
            "flavour": kernel.flavour, "arch": kernel.arch, "package": kernel.package, "vmlinuz": str(kernel.vmlinuz),
            "sha256": kernel.sha256, "symbols": str(self.entry.symbols) if self.entry.symbols else None,
            "append": self.entry.append, "command_line": self.command_line, "qemu_arguments": list(self.qemu_arguments),
            **self.settings.record(),
            "boots": [_boot(boot, number) for number, boot in enumerate(self.boots, start=1)],
            "failures": [failure_record(one) for one in self.failures],
            "verified": None if self.again is None else {
                "seed": self.again.seed, "wall_s": round(self.again.wall_s, 1), "load": round(self.again.load, 2),
                "identical": not self.again.differing, "differing": list(self.again.differing)},
        }
        return (json.dumps(record, indent=1) + "\n").encode()


def failure_record(failure: Failure) -> dict[str, Any]:
    return {"seed": failure.seed, "why": failure.why, "lines": list(failure.lines)}


def write_order(folder: Path, settings: Settings, ids: Sequence[str], failed: Mapping[str, Sequence[Failure]]) -> None:
    """kernels.json: which kernels are there, in the order in which they were asked for, and which are not."""
    record = {"schema_version": SCHEMA_VERSION, **settings.record(), "kernels": list(ids),
              "failed": [{"id": name, "reason": all_of[0].why, "boots": [failure_record(one) for one in all_of]}
                         for name, all_of in failed.items()]}
    write_whole((json.dumps(record, indent=1) + "\n").encode(), folder / "kernels.json")


def named_before(folder: Path, settings: Settings) -> list[str]:
    """The kernels that an earlier run left there, in their order; BadInput where it had other settings."""
    file = folder / "kernels.json"
    if not file.exists():
        return []
    try:
        record = json.loads(file.read_text())
        same = {key: record[key] for key in settings.record()} == settings.record()
        names = [name for name in record["kernels"] if (folder / name / "kernel.json").exists()]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{one_line(str(file))}: cannot be read; use another --out") from error
    if not same:
        raise BadInput(f"{one_line(str(folder))}: was measured with other settings; use another --out, or remove it")
    return names


def finished(folder: Path, entry: Entry, settings: Settings) -> bool:
    """Whether the kernel was wholly measured there, with these settings; BadInput where with others."""
    file = folder / entry.id / "kernel.json"
    if not file.exists():
        return False
    try:
        record = json.loads(file.read_text())
        same = {key: record[key] for key in settings.record()} == settings.record()
        kernel = record["sha256"], record["append"]
        failures = record["failures"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{one_line(str(file))}: cannot be read; remove {one_line(entry.id)} to measure it again") from error
    if not same or kernel != (entry.kernel.sha256, entry.append):
        raise BadInput(f"{one_line(str(folder / entry.id))}: was measured with other settings or of another kernel; "
                       "use another --out, or remove it")
    return not failures


def _boot(boot: BootRecord, number: int) -> dict[str, Any]:
    return {"round": number, "seed": boot.seed, "wall_s": round(boot.wall_s, 1), "load": round(boot.load, 2),
            "identity": identity_of(boot.results), "results": dict(boot.results)}
