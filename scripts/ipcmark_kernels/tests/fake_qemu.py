#!/usr/bin/python3
"""Stands in for QEMU: does what its `kernel` says behind its head."""

import hashlib
import io
import json
import re
import sys
import tarfile

ROW = {"name": "latency/pipe/pipe/size:64/placement:same_core/manual_time", "run_type": "iteration", "real_time": 11087,
       "time_unit": "ns", "operations": 10, "latency_ns_p50": 11087}
HEAD = 2560  # what makes the file a bzImage


def main() -> int:
    if "--version" in sys.argv:
        print("QEMU emulator version 7.2.99 (fake)")
        return 0
    console, result = (word.removeprefix("file:") for before, word in zip(sys.argv, sys.argv[1:]) if before == "-serial")
    behaviour, *rest = open(value_of("-kernel"), "rb").read()[HEAD:].decode("ascii").split()
    with open(console, "w", encoding="ascii") as out:
        return BEHAVIOURS[behaviour](out, result, rest)


def value_of(option: str) -> str:
    return sys.argv[sys.argv.index(option) + 1]


def measure(out, result, rest) -> int:
    """What it measures depends on the seed; of an `unsteady` kernel it is something else each time."""
    seed = int(re.search(r"IPCMARK_SEED=(\d+)", value_of("-append"))[1])
    noise = hashlib.sha256(result.encode()).digest()[0] if rest == ["unsteady"] else 0
    archive = run(seed, noise)
    open(result, "wb").write(archive)
    out.write(f"@@ipcmark started\r\n@@ipcmark settled\r\n@@ipcmark status 0\r\n@@ipcmark sha256 {hashlib.sha256(archive).hexdigest()}\r\n")
    return 0


def run(seed: int, noise: int) -> bytes:
    start = {"schema_version": 1, "start": {"kernel": {"release": "6.1"}}, "end": None, "changes": None}
    files = {
        "run.json": {"schema_version": 1, "ipcmark_version": "0.1.0", "command": "ipcmark run", "preset": "path", "filter": "",
                     "rounds": 1, "window_ms": 1, "warmup_ms": 1, "binaries": ["latency"],
                     "cases": ["latency/pipe/pipe/size:64/placement:same_core"], "not_measurable": [],
                     "started_at": "2026-01-01T00:00:00Z", "ended_at": "2026-01-01T00:00:01Z", "status": "complete",
                     "repetitions": 1, "labels": [], "clock": "instructions" if "-icount" in sys.argv else "wall"},
        "environment.json": start,
        "latency.1.json": {"context": {}, "benchmarks": [{**ROW, "real_time": ROW["real_time"] + seed + noise}]},
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in files.items():
            data = json.dumps(content).encode()
            entry = tarfile.TarInfo(f"run/{name}")
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


def panic(out, result, rest) -> int:
    out.write("[ 1.0] Kernel panic - not syncing: no \x1b[31minit found\r\n[ 1.1] end\x07 of it\r\n")
    return 0


def hang(out, result, rest) -> int:
    out.write("@@ipcmark started\n@@ipcmark settled\n")
    out.flush()
    while True:
        pass


def refuse(out, result, rest) -> int:
    print("qemu: no such board", file=sys.stderr)
    return 1


def cut(out, result, rest) -> int:
    measure(out, result, rest)
    open(result, "wb").write(b"half")
    return 0


BEHAVIOURS = {"measure": measure, "panic": panic, "hang": hang, "refuse": refuse, "cut": cut}

if __name__ == "__main__":
    sys.exit(main())
