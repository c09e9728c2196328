"""Makes the runs of an imagined fleet out of a real run, and shows what many of them cost: the processor's time, and memory.

usage, in scripts/:
  python3 -m ipcmark_report.tests.fleet_scale RUN                       the table of reports/README.md, with 10, 100 and 1000 runs
  python3 -m ipcmark_report.tests.fleet_scale RUN --into FOLDER --hosts 30   leaves such runs in FOLDER, as HOST/RUN

A host has an effect of its own on everything, on each noun and on each case; a run has one on each case, and so has each process.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).resolve().parents[2]
TIMES = ("_ns", "_ns_p10", "_ns_p50", "_ns_p90", "_ns_p99", "_ns_p99_9", "_ns_max", "_ns_min", "_ns_mean", "real_time")
KEPT = ("anchor_ns", "hold_ns", "line_ns_before", "line_ns_after")
RATES = ("_per_second",)


@dataclass
class Shape:
    """A run in memory, cut down to some of its cases: what the files of imagined runs are made of."""

    run: dict[str, Any]
    environment: dict[str, Any]
    files: dict[tuple[str, int], dict[str, Any]]
    cases: tuple[str, ...]

    @classmethod
    def of(cls, path: Path, cases: int, rounds: int) -> Shape:
        run = json.loads((path / "run.json").read_text())
        names = run["cases"]
        cases = min(cases, len(names))
        chosen = tuple(names[index * len(names) // cases] for index in range(cases))
        wanted, files = set(chosen), {}
        for binary in run["binaries"]:
            for number in range(1, rounds + 1):
                whole = json.loads((path / f"{binary}.{number}.json").read_text())
                whole["benchmarks"] = [row for row in whole["benchmarks"] if name_of(row) in wanted]
                files[binary, number] = whole
        run |= {"cases": list(chosen), "rounds": rounds, "not_measurable": [], "labels": []}
        return cls(run, json.loads((path / "environment.json").read_text()), files, chosen)


@dataclass
class Imagined:
    """What to write. Sizes are standard deviations of logarithms; `slow` are (host, expression of case names, factor), `facts`
    what a host's environment says otherwise. `campaign` is by what a later campaign, numbered by `when`, takes longer but in the
    limits: the hosts are the same, their runs are others."""

    shape: Shape
    host_size: float = 0.01
    noun_size: float = 0.01
    case_size: float = 0.005
    run_size: float = 0.01
    process_size: float = 0.02
    seed: int = 1
    slow: Sequence[tuple[str, str, float]] = ()
    facts: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    campaign: float = 1.0
    when: int = 0

    def write(self, folder: Path, host: str, number: int) -> Path:
        """The run of that number of the host, as FOLDER/HOST/RUN."""
        path = folder / host / f"run-{number}"
        path.mkdir(parents=True)
        factors = {case: self._factor(host, number, case) for case in self.shape.cases}
        for (binary, number_of_round), whole in self.shape.files.items():
            chance = random.Random(f"{self.seed} {self.when} {host} {number} {binary} {number_of_round}")
            rows = [changed(row, factors[name_of(row)] * math.exp(chance.gauss(0, self.process_size)))
                    for row in whole["benchmarks"]]
            put(path / f"{binary}.{number_of_round}.json", {**whole, "benchmarks": rows})
        start, seed = self._start(host, number), random.Random(f"{self.seed} {self.when} {host} {number}").randrange(1 << 32)
        put(path / "environment.json", {**self.shape.environment, "start": start, "end": None, "changes": None})
        put(path / "run.json", {**self.shape.run, "seed": seed,
                                "started_at": f"{2026 + self.when}-{1 + number // 28 % 12:02}-{1 + number % 28:02}T06:00:00Z"})
        return path

    def _factor(self, host: str, number: int, case: str) -> float:
        noun = "/".join(case.split("/")[:2])
        whole = sum(random.Random(f"{self.seed} {host} {of}").gauss(0, size) for of, size in (
            ("", self.host_size), (noun, self.noun_size), (case, self.case_size), (f"{self.when} {number} {case}", self.run_size)))
        slow = math.prod(factor for name, part, factor in self.slow if name == host and part in case)
        return math.exp(whole) * slow * (1.0 if case.startswith("limits/") else self.campaign)

    def _start(self, host: str, number: int) -> dict[str, Any]:
        start = json.loads(json.dumps(self.shape.environment["start"]))
        start["machine"]["host_name"] = host
        start.setdefault("boot", {})["boot_id"] = f"{host} {self.when} {number}"
        for group, values in self.facts.get(host, {}).items():
            start.setdefault(group, {}).update(values)
        return start


def name_of(row: dict[str, Any]) -> str:
    return str(row["run_name"]).removesuffix("/manual_time")


def changed(row: dict[str, Any], factor: float) -> dict[str, Any]:
    """Everything that is a time takes so many times as long, every rate is as many times less."""
    return {key: value * factor if key.endswith(TIMES) and key not in KEPT and isinstance(value, (int, float)) else
            value / factor if key.endswith(RATES) and isinstance(value, (int, float)) else value for key, value in row.items()}


def put(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, separators=(",", ":")))


def cost(module: str, *arguments: object) -> tuple[float, float]:
    """Seconds of the processor, which other programs hardly change, and MiB, of a command of the package."""
    child = os.posix_spawn(sys.executable, [sys.executable, "-m", f"ipcmark_report{module}", *map(str, arguments)],
                           {**os.environ, "PYTHONPATH": str(SCRIPTS)},
                           file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
    _, status, usage = os.wait4(child, 0)
    if status:
        said = " ".join(map(str, arguments[:3]))
        raise SystemExit(f"{module or 'report'} {said} …: ended with {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def measure(shape: Shape, counts: Iterable[int], runs_a_host: int, room: Path) -> None:
    """Grows one store of runs, so that the larger ones hold the smaller."""
    made, before, after = 0, Imagined(shape), Imagined(shape, campaign=1.03, when=1)
    print(f"| runs of {len(shape.cases)} cases | on disk | `history add`, all | `history add`, one more | `history trend CASE` | "
          "`report --by host A B` | `compare A B` |\n|---|---|---|---|---|---|---|")
    for count in counts:
        while made < count:
            host = f"host{made // runs_a_host:04}"
            # Half of the runs of a host belong to the second campaign.
            second = made % runs_a_host >= runs_a_host // 2
            (after if second else before).write(room / ("after" if second else "before"), host, made % runs_a_host)
            made += 1
        paths = sorted(room.glob("*/host*/run-*"))
        store = room / f"{count}.sqlite"
        extra = Imagined(shape, seed=2).write(room / f"extra{count}", "one_more", 0)
        cells = [cost(".history", "add", "--store", store, *paths), cost(".history", "add", "--store", store, extra),
                 cost(".history", "trend", shape.cases[0], "--store", store),
                 cost("", room / "before", room / "after", "--by", "host", "--out", room / "fleet.html"),
                 cost(".compare", room / "before", room / "after")]
        size = sum(file.stat().st_size for path in paths for file in path.iterdir())
        told = " | ".join(f"{seconds:.1f} s, {mib:.0f} MiB" for seconds, mib in cells)
        print(f"| {count} | {size / 2**30:.2f} GiB | {told} |", flush=True)
        store.unlink()
    page = (room / "fleet.html").stat().st_size
    print(f"\nThe page of the last is {page / 1e6:.1f} MB.")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", metavar="RUN", type=Path)
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--runs", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--runs-a-host", type=int, default=2)
    parser.add_argument("--into", type=Path)
    parser.add_argument("--hosts", type=int, default=12)
    parser.add_argument("--slow", action="append", default=[], metavar="HOST:PART:FACTOR")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--campaign", type=float, default=1.0, help="what takes so many times as long as in the first campaign")
    parser.add_argument("--when", type=int, default=0, help="the number of the campaign: other runs of the same hosts")
    options = parser.parse_args(arguments)
    shape = Shape.of(options.run, options.cases, options.rounds)
    if options.into:
        slow = [(host, part, float(factor)) for host, part, factor in (text.rsplit(":", 2) for text in options.slow)]
        imagined = Imagined(shape, slow=slow, seed=options.seed, campaign=options.campaign, when=options.when)
        for index in range(options.hosts):
            for number in range(options.runs_a_host):
                imagined.write(options.into, f"host{index:04}", number)
        return 0
    with tempfile.TemporaryDirectory(prefix="ipcmark-fleet-") as room:
        measure(shape, options.runs, options.runs_a_host, Path(room))
    return 0


if __name__ == "__main__":
    sys.exit(main())
