"""What a process of a synthetic run records beside its result: counters, and its repetitions."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

REPETITIONS = 4
# Of the run's rounds on CLOCK_MONOTONIC.
ROUND_NS = 10_000_000_000
WINDOW_NS = 50_000_000


Rows = list[dict[str, Any]]


def added(rows: Rows, binary: str, number: int) -> tuple[Rows, Rows]:
    """The rows with these counters where they have none of their own, and the cases of reps.json."""
    chance = random.Random(f"{binary} {number} repetitions")
    found, cases = [], []
    for row in rows:
        name = row["name"].removesuffix("/manual_time")
        measured = "error_occurred" not in row and row["real_time"] > 0
        found.append({**counters(name, row["real_time"]), **row} if measured else row)
        if measured:
            cases.append(record(name, row["real_time"], number, chance))
    return found, cases


def counters(name: str, ns: float) -> dict[str, Any]:
    """Of a process that nothing disturbed."""
    crossing = "cross_core" in name
    probe = {"line_ns_before": 55.0, "line_ns_after": 56.0, "topology_mode": 0} if crossing else {}
    return {"quiet_ns": 0.9 * ns, "typical_ns": ns, "anchor_ns": 270.0, "repetitions": REPETITIONS, "comparable": 1,
            "foreign_share": 0.0, "modes": 1, "migrations": 0, "minor_faults_per_operation": 0.01,
            "major_faults_per_operation": 0.0, **probe}


def record(name: str, ns: float, number: int, chance: random.Random) -> dict[str, Any]:
    """A case of reps.json. On one CPU a third to all of its wake-ups preempt, which makes it quicker."""
    windows = []
    for index in range(REPETITIONS):
        share = chance.uniform(0.3, 1.0) if "same_core" in name else 0.0
        operations = max(1, int(WINDOW_NS / ns))
        typical = ns * (1.2 - 0.4 * share)
        windows.append({
            "started_at_ns": number * ROUND_NS + index * WINDOW_NS, "elapsed_ns": WINDOW_NS, "operations": operations,
            "p10_ns": 0.9 * typical, "p50_ns": typical, "p99_ns": 2 * typical, "cpu_ns": WINDOW_NS, "run_delay_ns": 0,
            "voluntary_switches": int(operations * (2 - share)), "involuntary_switches": int(operations * share),
            "minor_faults": 0, "major_faults": 0, "migrations": 0})
    looks = [{"min_ns": 265.0, "median_ns": 270.0 * (2 if chance.random() < 0.1 else 1)} for _ in range(REPETITIONS + 1)]
    return {"case": name, "repetition": 0, "repetitions": windows, "anchors": looks, "line_ns": None, "labels": [],
            "not_comparable": []}


def selftest(path: Path, machine: str) -> Path:
    estimators = {name: {"threshold_percent": percent, "detectable_80_percent": 2.5}
                  for name, percent in (("quiet", 4.0), ("typical", 30.0))}
    path.write_text(json.dumps({
        "schema_version": 1, "date": "2024-04-01T00:00:00Z", "machine": {"key": machine}, "settings": {"comparison_pairs": 20},
        "families": [{"family": "latency/pipe/same_core", "chosen": "typical", "anchor_slope": -0.1,
                      "estimators": {**estimators, "adjusted": None, "tail": None}}]}))
    return path
