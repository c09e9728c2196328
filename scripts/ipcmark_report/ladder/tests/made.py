"""Makes kernels that were run, for the tests and for trying the page: python3 -m ipcmark_report.ladder.tests.made DIR."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...model import Case
from ...load import parse_case
from ...tests.synthetic import put, row
from ..model import Boots, CaseProfile, Kernel, Reading

LOOP = "limits/alu/five_instructions/placement:same_core"
PIPE = "latency/pipe/pipe/size:64/placement:same_core"
FUTEX = "latency/notify/futex/placement:same_core"
# Counted in QEMU; see reports/README.md.
COUNTED: dict[tuple[str, str], tuple[float, float]] = {
    ("5.10.223-1", "cloud"): (10086, 8625), ("6.1.170-1", "cloud"): (10691, 10015), ("6.12.43-1", "cloud"): (11626, 11199),
    ("6.16.3-1", "cloud"): (11250, 11148), ("6.18.5-1", "cloud"): (11336, 11395), ("7.0-1", "cloud"): (11291, 11290),
    ("7.1-1", "cloud"): (12164, 12111), ("7.2-1", "cloud"): (15159, 16569), ("7.3-1", "cloud"): (15650, 16799),
    ("6.1.170-1", "rt"): (17987, 9536), ("6.12.43-1", "rt"): (11969, 10765), ("6.18.5-1", "rt"): (21730, 11885),
    ("7.3-1", "rt"): (15817, 17029),
}


def reading(*values: float) -> Reading:
    return Reading(sorted(values)[len(values) // 2], min(values), max(values), values)


def boots(version: str, readings: Mapping[str, Reading], flavour: str = "cloud", off: Sequence[str] = (),
          profile: Mapping[str, Mapping[str, float]] | None = None) -> Boots:
    """As read.py would give it."""
    cases: dict[str, Case] = {name: case for name in readings if (case := parse_case(name)) is not None}
    profiles = {name: CaseProfile(one, sum(one.values())) for name, one in profile.items()} if profile else None
    return Boots(Kernel(f"{version}-{flavour}", version, flavour), Path("."), dict(readings), cases, None, tuple(off),
                 profile=profiles)


def write_kernel(folder: Path, version: str, flavour: str, cases: Mapping[str, Sequence[float]], loop: Sequence[float] | None = None,
                 profile: Mapping[str, Mapping[str, float]] | None = None, clock: str = "instructions", sha: str = "0123abcd",
                 **facts: Any) -> Path:
    """A run directory with a boot a value, of one binary, and what is known of its kernel."""
    seeds = len(next(iter(cases.values()))) if cases else 0
    all_cases = {LOOP: loop or [5.0] * seeds, **cases}
    folder.mkdir(parents=True)
    for number in range(1, seeds + 1):
        rows = [{**row(name, values[number - 1], {"latency_ns_p50": values[number - 1]}), "typical_ns": values[number - 1],
                 "quiet_ns": values[number - 1]} for name, values in all_cases.items()]
        put(folder / f"latency.{number}.json", {"context": {"ipcmark_build_type": "Release"}, "benchmarks": rows})
    put(folder / "environment.json", {"schema_version": 1, "start": {"kernel": {"release": version}}, "end": None})
    put(folder / "run.json", {
        "schema_version": 1, "ipcmark_version": "0.1.0", "git": {"sha": sha, "dirty": False}, "clock": clock,
        "command": "ipcmark run --preset path --clock instructions", "preset": "path", "filter": "", "rounds": seeds,
        "window_ms": 1, "warmup_ms": 1, "binaries": ["latency"], "cases": list(all_cases), "not_measurable": [],
        "started_at": "2026-01-01T00:00:00Z", "ended_at": "2026-01-01T00:00:10Z", "status": "complete"})
    put(folder / "kernel.json", {"schema_version": 1, "version": version, "flavour": flavour, **facts})
    if profile is not None:
        put(folder / "profile.json", {"schema_version": 1, "cases": [
            {"case": name, "clock": sum(functions.values()), "functions": dict(functions)}
            for name, functions in profile.items()]})
    return folder


def write_kernels(folder: Path) -> Path:
    """The kernels of COUNTED, each with three seeds, and profiles of two."""
    for (version, flavour), (pipe, futex) in COUNTED.items():
        grown = {"do_syscall_64": 500.0, "__futex_hash": futex - 8000, "(user space)": 7500.0}
        write_kernel(folder / f"{version}-{flavour}", version, flavour,
                     {PIPE: [pipe - 40, pipe, pipe + 60], FUTEX: [futex - 30, futex, futex + 25]}, package="linux-image",
                     profile={FUTEX: grown} if flavour == "cloud" and version >= "7.1" else None)
    put(folder / "kernels.json", {"schema_version": 1, "kernels": []})
    return folder


if __name__ == "__main__":
    write_kernels(Path(sys.argv[1]))
