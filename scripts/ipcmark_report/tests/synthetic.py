"""Makes run directories that follow reports/FORMAT.md, for the tests and for trying the page."""

from __future__ import annotations

import json
import math
import random
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from . import records

# noun -> backend -> a plausible round trip in nanoseconds.
NOUNS: dict[str, dict[str, float]] = {
    "pipe": {"pipe": 5200, "socketpair_stream": 6400, "unix_stream": 6900, "spsc_ring": 310},
    "queue": {"posix_mq": 6100, "boost_mq": 9800, "seqpacket": 6600},
    "shared": {"anonymous_atomic": 140, "anonymous_robust_mutex": 5900, "anonymous_boost_mutex": 6000,
               "boost_managed_atomic": 150},
    "semaphore": {"posix": 5100, "boost": 5600},
    "notify": {"rt_signal": 7800, "eventfd": 5400},
    "pool": {"shared_queue": 14000, "fork_per_task": 210000},
}
PROCESS = {"fork": 120000, "posix_spawn": 160000, "thread": 14000, "process_object": 135000}
MAKES = {"thread": "thread", "posix_spawn": "vfork"}
PHASES = {"whole": 1.0, "create": 0.6, "attach": 2.0, "destroy": 0.4}
SAMPLES = 1500  # of a distribution
# Counters of cases that take single samples.
BESIDE_SAMPLES = ("floor", "cache_level", "cow_", "part_")
SLOWER = {"cross_core": 6.0, "same_core": 1.0, "unpinned": 2.5}
ENVIRONMENT: dict[str, Any] = {
    "machine": {"host_name": "testbox", "cpu_model": "Example CPU 9000", "cpus": 2,
                "hypervisor": {"unknown": "no /sys/hypervisor"}},
    "kernel": {"release": "6.12.0-example", "cmdline": "quiet splash", "tainted": 0},
    "load": {"loadavg_1": 0.12, "governor": {"unknown": "no cpufreq directory"}},
    "limits": {"mqueue_msg_max": 10, "cpus_allowed": [0, 1]},
}


@dataclass
class Synthetic:
    """What to write; change fields before write()."""

    rounds: int = 3
    sizes: tuple[int, ...] = (64,)
    processes: tuple[int, ...] = (1, 2, 4, 8)
    memories: tuple[int, ...] = (0, 64, 1024)
    placements: tuple[str, ...] = ("cross_core", "same_core", "unpinned")
    cpus: int = 2
    rates: tuple[int, ...] = (1000, 100_000)
    measures: tuple[str, ...] = ("limits", "fork_cost", "lifecycle", "latency", "open_loop", "throughput", "contention")
    binaries: tuple[str, ...] = ("limits", "fork_cost", "latency", "throughput", "contention")
    status: str = "complete"
    environment: dict[str, Any] = field(default_factory=lambda: json.loads(json.dumps(ENVIRONMENT)))
    end_environment: bool = True
    changes: list[dict[str, Any]] | None = None
    extra_rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    not_measurable: list[dict[str, str]] = field(default_factory=lambda: [
        {"case": "latency/pipe/pipe/size:64/placement:smt_sibling", "reason": "this machine has no SMT siblings"}])
    skip_files: tuple[str, ...] = ()
    # False: as runs were before a process had repetitions.
    repetitions: bool = True
    labels: tuple[str, ...] = ()
    topology_modes_ns: tuple[float, ...] = (55.0,)

    def write(self, path: Path) -> Path:
        path.mkdir(parents=True, exist_ok=True)
        cases: list[str] = []
        for number in range(1, self.rounds + 1):
            for binary in self.binaries:
                rows, histograms = self._binary(binary, random.Random(f"{binary} {number}"))
                cases += [row["name"].removesuffix("/manual_time") for row in rows]
                self._result(path, binary, number, rows, histograms)
        start = self.environment
        end = json.loads(json.dumps(start))
        end.setdefault("load", {})["loadavg_1"] = 1.5
        put(path / "environment.json", {
            "schema_version": 1, "start": start, "end": end if self.end_environment else None,
            "changes": self.changes})
        put(path / "run.json", self._run_json(list(dict.fromkeys(cases))))
        return path

    def _run_json(self, cases: list[str]) -> dict[str, Any]:
        new = {"repetitions": records.REPETITIONS, "labels": list(self.labels),
               "topology_modes_ns": list(self.topology_modes_ns)} if self.repetitions else {}
        return {
            **new,
            "schema_version": 1, "ipcmark_version": "0.1.0", "git": {"sha": "0123abcd", "dirty": False},
            "command": "ipcmark run --preset quick", "preset": "quick", "filter": "", "rounds": self.rounds,
            "window_ms": 50, "warmup_ms": 20, "binaries": list(self.binaries), "cases": cases,
            "not_measurable": self.not_measurable, "started_at": "2024-05-01T10:00:00Z",
            "ended_at": "2024-05-01T10:09:00Z" if self.status == "complete" else None, "status": self.status,
        }

    def _result(self, path: Path, binary: str, number: int, rows: list[dict[str, Any]],
                histograms: list[dict[str, Any]]) -> None:
        context = {"date": "2024-05-01T10:00:00+00:00", "caches": [], "ipcmark_version": "0.1.0",
                   "ipcmark_build_type": "Release", "ipcmark_git_sha": "0123abcd",
                   "ipcmark_git_dirty": "false", "window_ms": "50", "warmup_ms": "20"}
        rows, cases = records.added(rows, binary, number) if self.repetitions else (rows, None)
        files = {f"{binary}.{number}.json": {"context": context, "benchmarks": rows},
                 f"{binary}.{number}.hist.json": {"schema_version": 1, "binary": binary, "histograms": histograms}}
        if cases is not None:
            files[f"{binary}.{number}.reps.json"] = {"schema_version": 1, "binary": binary, "cases": cases}
        for name, value in files.items():
            if name not in self.skip_files:
                put(path / name, value)

    def _binary(self, binary: str, chance: random.Random) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        rows: list[dict[str, Any]] = []
        histograms: list[dict[str, Any]] = []
        limits = {name: ns for name, ns, _ in self._limits()} if self._has_limits() else {}
        for name, ns, more in self._cases(binary):
            floor = floor_of(name)
            if floor in limits:
                more = {**more, "floor": floor, "floor_ratio": ns / limits[floor]}
            ns *= chance.uniform(0.93, 1.09)
            if name.startswith("open_loop/"):
                own, counters = self._at_rate(name, ns, chance)
                histograms += own
                rows.append(row(name, counters["latency_ns_p50"], counters))
            elif not {key for key in more if not key.startswith(BESIDE_SAMPLES)}:
                samples, counters = distribution(ns, chance, batch=32 if ns < 1000 else 1)
                histograms.append({"case": name, "repetition": 0, **samples})
                more = {key: value(ns) if callable(value) else value for key, value in more.items()}
                rows.append(row(name, ns, {**counters, **more}))
            else:
                rows.append(row(name, ns, {key: value(ns) if callable(value) else value
                                           for key, value in more.items()}))
        return rows + self.extra_rows.get(binary, []), histograms

    def _cases(self, binary: str) -> Iterable[tuple[str, float, dict[str, Any]]]:
        if binary == "limits" and self._has_limits():
            yield from self._limits()
        if binary == "fork_cost" and "fork_cost" in self.measures:
            for backend, ns in PROCESS.items():
                for mib in self.memories:
                    grows = 1 if backend in ("thread", "posix_spawn") else 1 + mib / 300
                    yield f"fork_cost/process/{backend}/{memory(mib)}/placement:same_core", ns * grows, {}
            yield from self._starts()
        if binary == "fork_cost" and "lifecycle" in self.measures:
            for noun, backends in NOUNS.items():
                for index, backend in enumerate(backends):
                    for phase, share in PHASES.items():
                        name = f"lifecycle/{noun}/{backend}/phase:{phase}/placement:same_core"
                        yield name, 1500.0 * (index + 1) * share, {}
        if binary in ("latency", "throughput") and binary in self.measures:
            yield from self._messages(binary)
        if binary == "latency" and "open_loop" in self.measures:
            for backend, ns in NOUNS["pipe"].items():
                for placement in self.placements:
                    for rate in self.rates:
                        yield (f"open_loop/pipe/{backend}/size:64/rate:{rate}/placement:{placement}",
                               ns * SLOWER.get(placement, 1), {})
        if binary == "contention" and "contention" in self.measures:
            yield from self._contended()

    def _at_rate(self, name: str, ns: float, chance: random.Random) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Messages wait the longer for the ones before, the nearer the rate is to what can be had."""
        rate = float(name.split("/rate:")[1].split("/")[0])
        load = rate * ns / 1e9
        service, times = distribution(ns, chance, batch=1)
        response, counters = distribution(ns * (1 / (1 - load) if load < 0.98 else 2000 * load), chance, batch=1)
        counters |= {key.replace("latency", "service"): value for key, value in times.items() if key.startswith("latency")}
        counters |= {"offered_per_second": rate, "achieved_per_second": min(rate, 1e9 / ns),
                     "saturated": 1 if load >= 0.98 else 0,
                     "omission_gap": counters["latency_ns_p99"] / times["latency_ns_p99"]}
        return [{"case": name, "repetition": 0, **response},
                {"case": name, "repetition": 0, "series": "service", **service}], counters

    def _has_limits(self) -> bool:
        return "limits" in self.measures and "limits" in self.binaries

    def _limits(self) -> Iterable[tuple[str, float, dict[str, Any]]]:
        yield "limits/system_call/getppid/placement:same_core", 120.0, {}
        yield "limits/context_switch/sched_yield/placement:same_core", 2300.0, {}
        yield "limits/copy/one_process/size:16384/placement:same_core", 210.0, {"cache_level": 1}
        yield "limits/cache_line/spin/lines:1/placement:cross_core", 110.0, {}
        for placement in self.placements:
            yield f"limits/wake_up/futex/placement:{placement}", 4900 * SLOWER.get(placement, 1), {}
            for size in self.sizes:
                yield f"limits/copy/two_processes/size:{size}/placement:{placement}", 40 + size / 8, {
                    "messages_per_second": lambda t: 1e9 / t, "message_bytes": size,
                    "bytes_per_second": lambda t, s=size: s * 1e9 / t}
        for index, kind in enumerate(("fork", "vfork", "thread")):
            for mib in self.memories:
                yield f"limits/child/{kind}/{memory(mib)}/placement:same_core", 90000.0 / (1 + 3 * index), {}
                if mib and kind == "fork":
                    yield f"limits/child/fork/{memory(mib, 'huge')}/placement:same_core", 91000.0, {}
        for first in range(self.cpus):
            for second in range(first + 1, self.cpus):
                far = 1 + (second - first) / 2
                yield f"limits/cache_line/spin/lines:1/cpus:{first}-{second}/placement:pair", 110 * far, {}
                yield f"limits/wake_up/futex/cpus:{first}-{second}/placement:pair", 29400.0, {}

    def _starts(self) -> Iterable[tuple[str, float, dict[str, Any]]]:
        """What fork_cost measures over other things than the memory, where there is a preset for it."""
        start, place = "fork_cost/process/fork", "placement:same_core"
        for way in ("wait", "pidfd", "sigchld_handler"):
            yield f"{start}/{memory(0)}/reap:{way}/{place}", 123000.0, {}
        for backend in ("fork", "vfork", "thread"):
            yield f"fork_cost/process/{backend}/{memory(0)}/parts:timed/{place}", 130000.0, parts
        for mib in filter(None, self.memories):
            yield f"{start}/{memory(mib, 'huge')}/{place}", 125000.0, {}
            yield f"{start}/{memory(mib)}/parts:timed/{place}", 130000.0 * (1 + mib / 300), parts
            yield f"{start}/{memory(mib, 'huge')}/parts:timed/{place}", 131000.0, parts
        if len(self.memories) == 1:
            return
        for number in (1, 100, 10000):
            yield f"{start}/{memory(64)}/mappings:{number}/{place}", 180000.0 + 400 * number, {}
            yield f"fork_cost/process/posix_spawn/{memory(64)}/mappings:{number}/{place}", 160000.0, {}
            for way in ("waitpid", "wait"):
                yield f"{start}/{memory(0)}/zombies:{number}/reap:{way}/{place}", 120000.0 + number, {}
        for pages in (0, 1, 64):
            for kind in ("base", "huge"):
                name = f"{start}/{memory(64, kind)}/touched_pages:{pages}/{place}"
                yield name, 150000.0 + 2000 * pages, {
                    "cow_ns_per_page": 2000.0, "cow_ns_per_page_p10": 1900.0, "cow_faults_per_page": 1.0,
                } if pages else {}

    def _messages(self, measure: str) -> Iterable[tuple[str, float, dict[str, Any]]]:
        for noun, backends in NOUNS.items():
            if measure == "throughput" and noun not in ("pipe", "queue", "pool"):
                continue
            for (backend, ns), placement in ((b, p) for b in backends.items() for p in self.placements):
                for size in self.sizes if noun in ("pipe", "queue") else (None,):
                    sized = f"/size:{size}" if size is not None else ""
                    name = f"{measure}/{noun}/{backend}{sized}/placement:{placement}"
                    time = ns * SLOWER.get(placement, 1) * (1 + (size or 0) / 16384)
                    yield name, time if measure == "latency" else time / 4, {} if measure == "latency" else {
                        "messages_per_second": lambda t: 1e9 / t, "message_bytes": size or 8,
                        "bytes_per_second": lambda t, s=size or 8: s * 1e9 / t,
                        "cpu_ns_per_operation": lambda t: 1.4 * t, "voluntary_switches_per_operation": 0.2}

    def _contended(self) -> Iterable[tuple[str, float, dict[str, Any]]]:
        for noun, operation in (("semaphore", "acquire_release"), ("shared", "add")):
            for index, backend in enumerate(NOUNS[noun]):
                for hold in (0, 1000):
                    for peers in self.processes:
                        name = (f"contention/{noun}/{backend}/operation:{operation}/hold_ns:{hold}"
                                f"/processes:{peers}/placement:unpinned")
                        yield name, (30 + hold) * (1 + 0.6 * (peers - 1)) * (index + 1), {
                            "operations_per_second": lambda t: 1e9 / t, "processes": peers, "hold_ns": hold,
                            "jain_index": 1 - 0.03 * (peers - 1) * index, "min_max_share": 1 / (1 + 0.2 * (peers - 1)),
                            "cpu_ns_per_operation": lambda t: 1.9 * t}


def memory(mib: int, pages: str = "base") -> str:
    """As a case name has it."""
    return f"memory_mib:{mib}/pages:{pages}" if mib else "memory_mib:0"


def part(share: float) -> Any:
    return lambda ns: ns * share


parts = {f"part_{name}_ns_{quantile}": part(share)
         for name, share in (("return", 0.4), ("first_instruction", 0.5), ("exit", 0.1), ("reap", 0.4))
         for quantile in ("p10", "p50", "mean")}


def floor_of(name: str) -> str | None:
    """What the bench binaries hold a case against, as far as the tests need it."""
    measure, noun, backend, *rest = name.split("/")
    placement = rest[-1]
    if measure == "latency" and noun == "shared":
        return {"placement:cross_core": f"limits/cache_line/spin/lines:1/{placement}",
                "placement:same_core": f"limits/context_switch/sched_yield/{placement}"}.get(placement)
    if measure == "latency":
        return f"limits/wake_up/futex/{placement}"
    if measure == "throughput" and noun != "pool":
        return "/".join(("limits/copy/two_processes", *rest))
    if measure == "fork_cost":
        if any(one.startswith(("mappings", "parts")) for one in rest):
            return None
        shared = [one for one in rest if one.startswith(("memory_mib", "pages", "placement"))]
        return "/".join(("limits/child", MAKES.get(backend, "fork"), *shared))
    return None


def row(name: str, ns: float, counters: dict[str, Any]) -> dict[str, Any]:
    full = f"{name}/manual_time"
    return {"name": full, "run_name": full, "run_type": "iteration", "repetitions": 1, "repetition_index": 0,
            "threads": 1, "iterations": 1, "operations": 4096, "real_time": ns, "cpu_time": ns / 2, "time_unit": "ns",
            "label": "cpus 0,1" if "cross_core" in name else "cpus 0", **counters}


def failed_row(name: str, message: str) -> dict[str, Any]:
    return {"name": f"{name}/manual_time", "run_type": "iteration", "error_occurred": True,
            "error_message": message, "iterations": 0, "real_time": 0.0, "cpu_time": 0.0, "time_unit": "ns"}


def distribution(ns: float, chance: random.Random, batch: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """A histogram with a tail, and the counters that go with it."""
    numbers = np.random.default_rng(chance.getrandbits(32))
    far = np.where(numbers.random(SAMPLES) < 0.004, 20 * numbers.random(SAMPLES), 0.0)
    values = ns * batch * (1 + np.abs(numbers.normal(0, 0.1, SAMPLES)) + far)
    step = 2.0 ** np.maximum(0, np.floor(np.log2(values)) - 7)
    keys, counts = np.unique(np.ceil(values / step) * step, return_counts=True)
    buckets = list(zip(keys.tolist(), counts.tolist()))
    ordered = np.repeat(keys / batch, counts).tolist()
    at = lambda p: ordered[min(len(ordered) - 1, math.ceil(p * len(ordered)) - 1)]  # noqa: E731
    mean = sum(ordered) / len(ordered)
    samples = {"unit": "ns", "operations_per_sample": batch, "significant_digits": 3, "total_count": len(ordered),
               "min": buckets[0][0], "max": buckets[-1][0], "mean": mean * batch, "counts": [list(b) for b in buckets]}
    counters = {"latency_ns_min": ordered[0], "latency_ns_p10": at(0.1), "latency_ns_p50": at(0.5),
                "latency_ns_p90": at(0.9), "latency_ns_p99": at(0.99), "latency_ns_p99_9": at(0.999),
                "latency_ns_max": ordered[-1], "latency_ns_mean": mean, "samples": len(ordered),
                "operations_per_sample": batch, "cpu_ns_per_operation": 1.3 * ns,
                "voluntary_switches_per_operation": 2.0, "involuntary_switches_per_operation": 0.01}
    return samples, counters


def put(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


if __name__ == "__main__":
    Synthetic(sizes=(64, 1024, 16384, 65536) if "--sizes" in sys.argv else (64,)).write(Path(sys.argv[1]))
