"""Comparisons made by hand, for the tests of their page."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from ipcmark_report.compare.model import (Cell, Change, Comparison, Design, Difference, Group, Interval, Mix, Path as Way,
                                          Unmatched, Verdict)
from ipcmark_report.load import parse_case
from ipcmark_report.model import Anchor, Case, Environment, Fact, Process, Repetition, Row, Run, RunInfo

CASES = {
    "latency/pipe/pipe/size:64/placement:same_core": 5200.0,
    "latency/pipe/pipe/size:1024/placement:same_core": 5600.0,
    "latency/pipe/socketpair_stream/size:64/placement:same_core": 6400.0,
    "latency/pipe/spsc_ring/size:64/placement:cross_core": 310.0,
    "latency/semaphore/posix/placement:same_core": 5100.0,
    "throughput/pipe/pipe/size:64/placement:cross_core": 900.0,
    "throughput/pipe/socketpair_stream/size:64/placement:cross_core": 1300.0,
    "fork_cost/process/fork/memory_mib:0/placement:same_core": 120000.0,
}
CONTROLS = {"limits/alu/loop/placement:same_core": 270.0, "limits/copy/one_process/size:16384/placement:same_core": 210.0}
PAIRS = 20
STEP_NS = 60e9
THRESHOLD = 0.02


@dataclass
class Made:
    """What to make; change fields before comparison(). `factors` by case name or backend, new over base."""

    cases: Mapping[str, float] = field(default_factory=lambda: dict(CASES))
    factors: Mapping[str, float] = field(default_factory=dict)
    control_factor: float = 1.0
    noise: float = 0.01
    pairs: int = PAIRS
    base_name: str = "base"
    new_name: str = "new"
    design: Design = Design.INTERLEAVED
    alarms: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    confounders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    mixes: Mapping[str, Mix] = field(default_factory=dict)
    unmatched: tuple[Unmatched, ...] = ()
    detectable: float | None = 0.03
    far: float = 0.0
    repetitions: int = 4
    seed: int = 1

    def comparison(self) -> Comparison:
        cells = tuple(self.cell(name, ns, self._factor(name)) for name, ns in self.cases.items())
        controls = tuple(self.cell(name, ns, self.control_factor) for name, ns in CONTROLS.items())
        families = tuple(group(name, own) for name, own in _by(cells, lambda cell: cell.family).items())
        backends = tuple(group(name, own) for name, own in _by(
            cells, lambda cell: f"{cell.case.noun}/{cell.case.backend}/{cell.case.placement}").items())
        return Comparison(
            self.run(self.base_name, (*cells, *controls), False), self.run(self.new_name, (*cells, *controls), True),
            self.base_name, self.new_name, self.design, (), self.alarms, self.differences, controls, cells, self.unmatched,
            families, backends, group("all", cells), 0.05 * sum(cell.judged.starred for cell in cells), "says")

    def cell(self, name: str, ns: float, factor: float) -> Cell:
        case = parse_case(name)
        assert case is not None
        chance = random.Random(f"{self.seed} {name}")
        base = tuple((number, ns * math.exp(chance.gauss(0, 0.05))) for number in range(1, self.pairs + 1))
        new = tuple((number, value * factor * math.exp(chance.gauss(0, self.noise))) for number, value in base)
        confounders = self.confounders.get(name, ())
        changes = tuple(self._change(estimator, base, new) for estimator in ("quiet", "typical"))
        reading = "path length" if changes[0].starred else ""
        return Cell(case, f"{case.measure}/{case.noun}/{case.placement}", "quiet", changes, self.mixes.get(name), confounders,
                    reading, self.detectable)

    def _factor(self, name: str) -> float:
        return self.factors.get(name, self.factors.get(name.split("/")[2], 1.0))

    def _change(self, estimator: str, base: Sequence[tuple[int, float]], new: Sequence[tuple[int, float]]) -> Change:
        logs = sorted(math.log(b / a) for (_, a), (_, b) in zip(base, new))
        if len(logs) < 6:
            return Change(estimator, len(logs), 0, math.exp(median(logs)) if logs else None, None, None, None, THRESHOLD,
                          Verdict.NONE, "fewer than 6 pairs", tuple(base), tuple(new))
        middle, half = median(logs), 2 * self.noise / math.sqrt(len(logs)) + 0.001
        low, high = math.exp(middle - half), math.exp(middle + half)
        return Change(estimator, len(logs), 0, math.exp(middle), Interval(low, high), 0.001, 0.004, THRESHOLD,
                      verdict(math.exp(middle), low, high), "", tuple(base), tuple(new))

    def run(self, name: str, cells: Sequence[Cell], is_new: bool) -> Run:
        rows: list[Row] = []
        processes: list[Process] = []
        for cell in cells:
            chance = random.Random(f"{self.seed} {name} {cell.case.text}")
            for number, value in cell.judged.new if is_new else cell.judged.base:
                far = "cross" in cell.case.text and chance.random() < self.far
                rows.append(Row(cell.case, "latency", number, topology_mode=float(far) if "cross" in cell.case.text else None))
                processes.append(_process(cell.case, number, value * 1.1, self.repetitions, chance, is_new))
        info = RunInfo(
            "0.1.0", "0123abcd", "ipcmark run --preset default --versus /opt/new", "default", "none", self.pairs, "50", "100",
            ("latency",), tuple(self.cases), (), "2024-05-01T10:00:00Z", "2024-05-01T11:00:00Z", True,
            repetitions=str(self.repetitions), topology_modes_ns=(55.0, 140.0) if self.far else (55.0,),
            bundle="/opt/new" if is_new else "/opt/base", pair="../base")
        facts = (Fact("machine", "host_name", "testbox", False), Fact("machine", "cpus", "2", False))
        return Run(Path(name), info, Environment(facts, None), tuple(rows), (), (), tuple(processes))


def verdict(ratio: float, low: float, high: float) -> Verdict:
    if abs(ratio - 1) > THRESHOLD and not low <= 1 <= high:
        return Verdict.REGRESSION if ratio > 1 else Verdict.IMPROVEMENT
    inside = 1 / (1 + THRESHOLD) < low and high < 1 + THRESHOLD
    return Verdict.EQUIVALENT if inside else Verdict.INCONCLUSIVE


def _process(case: Case, number: int, ns: float, count: int, chance: random.Random, is_new: bool) -> Process:
    start = number * STEP_NS + (20e9 if is_new else 0)
    windows = tuple(Repetition(start + index * 5e7, ns * math.exp(chance.gauss(0, 0.01)), 2.0,
                               round(chance.random(), 3) if "same_core" in case.text else 0.0) for index in range(count))
    looks = tuple(Anchor(start + index * 5e7, 265.0, 270.0 * math.exp(abs(chance.gauss(0, 0.02)))) for index in range(count + 1))
    return Process(case, number, windows, looks)


def group(name: str, cells: Sequence[Cell]) -> Group:
    ratios = [cell.judged.ratio for cell in cells if cell.judged.ratio]
    ratio = math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else None
    found = Interval(ratio / 1.01, ratio * 1.01) if ratio else None
    count = {kind: sum(cell.judged.verdict is kind for cell in cells) for kind in Verdict}
    return Group(name, len(cells), ratio, found, 0.01, 0.02, count[Verdict.REGRESSION], count[Verdict.IMPROVEMENT],
                 verdict(ratio, found.low, found.high) if ratio and found else Verdict.NONE)


def _by(cells: Sequence[Cell], key: object) -> dict[str, list[Cell]]:
    found: dict[str, list[Cell]] = {}
    for cell in cells:
        found.setdefault(key(cell), []).append(cell)
    return found


SIMPSON = Mix((Way(0.02, 0.97, 0.11, 1.096, Interval(1.09, 1.10)), Way(0.9, 0.03, 0.89, 1.093, Interval(1.08, 1.11))),
              0.05, 0.8, 0.001, 0.002, True, True, "each path takes longer, and the shorter one is taken more often.")


def many_cases(count: int) -> dict[str, float]:
    """Of as many families and sizes as a full matrix would have."""
    measures = ("latency", "throughput", "contention", "open_loop")
    nouns, places = ("pipe", "queue", "shared", "semaphore", "pool"), ("same_core", "cross_core")
    return {
        f"{measures[index % 4]}/{nouns[index // 4 % 5]}/backend{index // 40 % 25}/size:{64 + index // 1000}"
        f"/placement:{places[index // 20 % 2]}": 1000.0 + index for index in range(count)}
