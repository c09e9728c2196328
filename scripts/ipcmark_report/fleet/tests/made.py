"""Makes the folders of a small fleet for the tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ipcmark_report.tests.fleet_scale import Imagined, Shape
from ipcmark_report.tests.pairs import Pair

CASES = {f"latency/{noun}/{backend}/size:64/placement:{placement}": ns for noun, backend, ns in (
    ("pipe", "pipe", 5200.0), ("pipe", "fifo", 5400.0), ("queue", "posix_mq", 6100.0), ("semaphore", "futex", 4100.0))
    for placement in ("same_core", "cross_core")}


def shape(folder: Path, rounds: int = 2) -> Shape:
    """Of a run with CASES and the negative controls."""
    real = Pair(rounds=rounds, cases=CASES, interleaved=False, drift=0.0).write(folder / "real")[0]
    return Shape.of(real, 100, rounds)


def fleet(folder: Path, hosts: int = 8, runs: int = 1, **how: Any) -> Path:
    """HOST/RUN of hosts h0, h1 …; `how` is of Imagined."""
    imagined = Imagined(shape(folder), **{"process_size": 0.005, "run_size": 0.003, **how})
    for host in range(hosts):
        for number in range(runs):
            imagined.write(folder / "fleet", f"h{host}", number)
    return folder / "fleet"
