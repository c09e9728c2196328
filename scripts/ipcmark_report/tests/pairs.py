"""Makes two runs that took turns, or one after the other, with a change of known size in the second.

As a program it writes such a pair for trying things out and for measuring how long a comparison takes:
`python -m ipcmark_report.tests.pairs FOLDER [--cases N] [--rounds N]`.
"""

from __future__ import annotations

import argparse
import json
import math
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .synthetic import ENVIRONMENT, failed_row, put, row

BASE, NEW = "base", "versus"
CONTROLS = {
    "limits/alu/loop/placement:same_core": 270.0,
    "limits/copy/one_process/size:16384/placement:same_core": 210.0,
    "limits/cache_line/spin/lines:1/placement:cross_core": 110.0,
}
CASES = {
    "latency/pipe/pipe/size:64/placement:same_core": 5200.0,
    "latency/pipe/socketpair_stream/size:64/placement:same_core": 6400.0,
    "latency/pipe/spsc_ring/size:64/placement:cross_core": 310.0,
    "latency/semaphore/posix/placement:same_core": 5100.0,
    "latency/semaphore/futex/placement:same_core": 4100.0,
    "throughput/pipe/pipe/size:64/placement:cross_core": 900.0,
    "throughput/pipe/socketpair_stream/size:64/placement:cross_core": 1300.0,
    "fork_cost/process/fork/memory_mib:0/placement:same_core": 120000.0,
}
# Two CPUs at another distance: a cache line takes so long there, and a case so many times as long.
NEAR_NS, FAR_NS, FAR_COST = 55.0, 140.0, 1.9
# A wake-up that preempts takes the shorter path.
PREEMPTED, SHORTER = 0.9, 0.75
WINDOW_NS = 50_000_000


@dataclass
class Pair:
    """What to write; change fields before write(). Factors are of the time an operation, the second run over
    the first: `inject` by backend, `inject_tail` of the tail alone, `inject_controls` of the negative controls.

    `far` is the share of processes with their CPUs far apart, `apart` that of pairs whose two sides are not at one
    distance; `preempting` the share of processes of
    the first and of the second run that take the shorter path (cases on one CPU); `path_factor` makes every path
    of the second run longer. `only` names cases of one run alone, `failed` what failed there and with which
    message; `not_comparable` names (run, case, round).
    """

    rounds: int = 12
    cases: Mapping[str, float] = field(default_factory=lambda: dict(CASES))
    controls: Mapping[str, float] = field(default_factory=lambda: dict(CONTROLS))
    noise: float = 0.01
    drift: float = 0.1
    repetitions: int = 2
    inject: Mapping[str, float] = field(default_factory=dict)
    inject_tail: Mapping[str, float] = field(default_factory=dict)
    inject_controls: float = 1.0
    far: float = 0.0
    apart: float = 0.0
    preempting: tuple[float, float] = (0.0, 0.0)
    path_factor: float = 1.0
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    failed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    not_comparable: tuple[tuple[str, str, int], ...] = ()
    environment: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    interleaved: bool = True
    preset: str = "default"
    status: str = "complete"
    left_after_round: Mapping[str, int] | None = None
    estimators: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    anchor_factor: float = 1.0
    seed: int = 1
    started_at: str = "2024-05-01T10:00:00Z"
    boot: str = "a boot"

    def write(self, folder: Path) -> tuple[Path, Path]:
        """The two run directories in the folder."""
        self.write_side(folder / BASE, BASE)
        self.write_side(folder / NEW, NEW)
        return folder / BASE, folder / NEW

    def write_side(self, path: Path, side: str) -> Path:
        path.mkdir(parents=True)
        binaries = {binary_of(case) for case in self._all(side)}
        for number in range(1, self.rounds + 1):
            for binary in binaries:
                self._write_round(path, side, binary, number)
        put(path / "environment.json", {"schema_version": 1, "start": self._environment(side), "end": None,
                                        "changes": None})
        put(path / "run.json", self._run_json(side, sorted(binaries)))
        return path

    def _all(self, side: str) -> dict[str, float]:
        other = {case for name, cases in self.only.items() if name != side for case in cases}
        return {case: ns for case, ns in {**self.controls, **self.cases}.items() if case not in other}

    def _write_round(self, path: Path, side: str, binary: str, number: int) -> None:
        rows, records = [], []
        for case, ns in self._all(side).items():
            if binary_of(case) != binary:
                continue
            if message := self.failed.get(side, {}).get(case):
                rows.append(failed_row(case, message))
            elif number <= (self.left_after_round or {}).get(case, self.rounds):
                one, record = self._process(case, ns, side, number)
                rows.append(one)
                records.append(record)
        context = {"ipcmark_build_type": "Release", "ipcmark_git_sha": "0123abcd", "ipcmark_git_dirty": "false"}
        put(path / f"{binary}.{number}.json", {"context": context, "benchmarks": rows})
        put(path / f"{binary}.{number}.reps.json", {"schema_version": 1, "binary": binary, "cases": records})

    def _process(self, case: str, ns: float, side: str, number: int) -> tuple[dict[str, Any], dict[str, Any]]:
        shared = random.Random(f"{self.seed} {case} {number}")
        chance = random.Random(f"{self.seed} {case} {number} {side}")
        place = shared if self.interleaved else chance
        crossing, controlled = "cross_" in case, case in self.controls
        far = crossing and (place.random() < self.far) != (side == NEW and chance.random() < self.apart)
        preempts = "same_core" in case and not controlled and chance.random() < self.preempting[side == NEW]
        slow = math.exp((place if self.interleaved else chance).gauss(0, self.drift) + chance.gauss(0, self.noise))
        ns *= slow * (FAR_COST if far else 1) * (SHORTER if preempts else 1) * self._factor(case, side)
        tail = 3 * ns * math.exp(chance.gauss(0, self.noise))
        if side == NEW:
            tail *= self.inject_tail.get(case.split("/")[2], 1)
        line = FAR_NS if far else NEAR_NS
        stood = ["stood still"] if (side, case, number) in self.not_comparable else []
        counters = self._counters(case, ns, tail, bool(stood), line if crossing else None, preempts)
        return row(case, ns, counters), self._record(case, ns, line if crossing else None, preempts, stood, side,
                                                             number)

    def _factor(self, case: str, side: str) -> float:
        if side == BASE:
            return 1.0
        if case in self.controls:
            return self.inject_controls
        return self.inject.get(case.split("/")[2], 1.0) * self.path_factor

    def _counters(self, case: str, ns: float, tail: float, stood: bool, line: float | None,
                  preempts: bool) -> dict[str, Any]:
        timed = case.split("/")[0] in ("latency", "fork_cost")
        counters: dict[str, Any] = {
            "quiet_ns": 0.9 * ns, "typical_ns": ns, "anchor_ns": 270.0, "comparable": 0 if stood else 1,
            "foreign_share": 0.0, "modes": 1, "migrations": 0, "cpu_ns_per_operation": 1.3 * ns,
            "voluntary_switches_per_operation": 2.0, "involuntary_switches_per_operation": PREEMPTED if preempts else 0.0}
        if timed:
            counters |= {"tail_ns": tail, "latency_ns_p50": ns, "latency_ns_p90": 1.2 * ns, "latency_ns_p99": tail,
                         "samples": 4096, "operations_per_sample": 1}
        elif case.startswith("throughput/"):
            counters |= {"messages_per_second": 1e9 / ns, "bytes_per_second": 64e9 / ns, "message_bytes": 64}
        if line is not None:
            counters |= {"line_ns_before": line, "line_ns_after": line, "topology_mode": int(line == FAR_NS and self.far < 1)}
        return counters

    def _record(self, case: str, ns: float, line: float | None, preempts: bool, stood: list[str],
                side: str, number: int) -> dict[str, Any]:
        operations = max(1, int(WINDOW_NS / ns))
        window = {
            "elapsed_ns": WINDOW_NS, "operations": operations, "p10_ns": 0.9 * ns, "p50_ns": ns,
            "cpu_ns": WINDOW_NS, "run_delay_ns": 0, "voluntary_switches": 2 * operations,
            "involuntary_switches": PREEMPTED * operations if preempts else 0, "minor_faults": 0, "major_faults": 0,
            "migrations": 0}
        anchor = 270.0 * (self.anchor_factor if side == NEW else 1)
        windows = [{**window, "started_at_ns": (number * self.repetitions + index) * WINDOW_NS}
                   for index in range(self.repetitions)]
        looks = [{"min_ns": anchor, "median_ns": anchor}] * (self.repetitions + 1)
        return {"case": case, "repetition": 0, "repetitions": windows, "anchors": looks,
                "line_ns": [line, line] if line else None, "labels": [], "not_comparable": stood}

    def _environment(self, side: str) -> dict[str, Any]:
        whole: dict[str, Any] = json.loads(json.dumps(ENVIRONMENT))
        whole["identity"] = {"cpu_model": "Example CPU 9000", "key": "x86_64, Example CPU 9000, 2 CPUs"}
        whole["boot"] = {"boot_id": f"{self.boot}", "cmdline": "quiet splash", "uptime_s": 100 + (side == NEW)}
        whole["load"] = {"average": [0.1, 0.2, 0.3 + (side == NEW)]}
        for name, value in (self.environment if side == NEW else {}).items():
            whole.setdefault(name, {}).update(value)
        return whole

    def _run_json(self, side: str, binaries: list[str]) -> dict[str, Any]:
        more: dict[str, Any] = {}
        if self.interleaved:
            more |= {"pair": f"../{NEW if side == BASE else BASE}", "bundle": f"/opt/{side}"}
        if self.left_after_round is not None:
            more["left_after_round"] = dict(self.left_after_round)
        return {
            "schema_version": 1, "ipcmark_version": "0.1.0", "git": {"sha": "0123abcd", "dirty": False},
            "command": "ipcmark run", "preset": self.preset, "filter": "", "rounds": self.rounds,
            "repetitions": self.repetitions, "window_ms": 50, "warmup_ms": 100, "anchor_us": 1000, "seed": self.seed,
            "binaries": binaries, "cases": list(self._all(side)), "not_measurable": [],
            "estimators": {family_of(case): dict(self.estimators.get(family_of(case), {
                "estimator": "quiet", "threshold_percent": 2.0, "anchor_slope": 0.0})) for case in self._all(side)},
            "selftest": None, "labels": [], "topology_modes_ns": [NEAR_NS, FAR_NS] if 0 < self.far < 1 else [NEAR_NS],
            "started_at": self.started_at, "ended_at": "2024-05-01T11:00:00Z" if self.status == "complete" else None,
            "status": self.status, **more}


def binary_of(case: str) -> str:
    measure = case.split("/")[0]
    return {"lifecycle": "fork_cost", "open_loop": "latency"}.get(measure, measure)


def family_of(case: str) -> str:
    measure, noun, *_, placement = case.split("/")
    return f"{measure}/{noun}/{placement.removeprefix('placement:')}"


def many_cases(count: int) -> dict[str, float]:
    """As many cases as a matrix over all sizes would have."""
    return {f"latency/pipe/backend{index % 40}/size:{64 + index}/placement:{('same_core', 'cross_core')[index % 2]}":
            1000.0 + index for index in range(count)}


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Writes a pair of runs, the second with +10 % in the backend `pipe`.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cases", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=12)
    options = parser.parse_args(None if arguments is None else list(arguments))
    cases = many_cases(options.cases) if options.cases else CASES
    inject = {"backend7" if options.cases else "pipe": 1.1}
    Pair(rounds=options.rounds, cases=cases, inject=inject, repetitions=8 if options.cases else 2).write(options.folder)


if __name__ == "__main__":
    main()
