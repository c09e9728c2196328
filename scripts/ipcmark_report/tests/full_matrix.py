"""Makes a run of the whole matrix in the shape of a real one, draws its page, and says how large it is and how long it took.

usage: full_matrix.py REAL_RUN OUT_DIRECTORY [--ipcmark BINARY] [--rounds N]

Every case that this machine can measure takes the record of the nearest case of REAL_RUN (a `quick` run), its times made
longer or shorter by chance, from process to process and window to window, and by what its name asks for.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

Json = dict[str, Any]
REPORT = Path(__file__).resolve().parents[2] / "report"
IPCMARK = Path(__file__).resolve().parents[3] / "build/release/bin/ipcmark"
REPETITIONS = 8
SUFFIX = "/manual_time"


class Shapes:
    """The records of a real run, by what of a name they share with another."""

    def __init__(self, run: Path) -> None:
        self.info: Json = read(run / "run.json")
        self.environment: Json = read(run / "environment.json")
        self.context: Json = {}
        self._rows: dict[str, Json] = {}
        self._records: dict[str, Json] = {}
        self._histograms: dict[str, list[Json]] = {}
        for binary in self.info["binaries"]:
            result = read(run / f"{binary}.1.json")
            self.context = result["context"]
            self._rows |= {row["name"].removesuffix(SUFFIX): row for row in result["benchmarks"]
                           if not row.get("error_occurred")}
            self._records |= {one["case"]: one for one in read(run / f"{binary}.1.reps.json")["cases"]}
            for one in read(run / f"{binary}.1.hist.json")["histograms"]:
                self._histograms.setdefault(one["case"], []).append(one)
        self._nearest: dict[str, str] = {}

    def nearest(self, name: str) -> str:
        """The case whose name begins like this one for longest, at the same placement where there is one."""
        if name not in self._nearest:
            parts = name.split("/")

            def likeness(other: str) -> tuple[int, bool, str]:
                others = other.split("/")
                same = next((i for i, pair in enumerate(zip(parts, others)) if pair[0] != pair[1]), len(parts))
                return min(same, 3), parts[-1] == others[-1], other

            self._nearest[name] = max((one for one in self._rows if one in self._records), key=likeness)
        return self._nearest[name]

    def of(self, name: str) -> tuple[Json, Json, list[Json]]:
        near = self.nearest(name)
        return self._rows[near], self._records[near], self._histograms.get(near, [])


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def put(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, separators=(",", ":")), encoding="utf-8")


def asked(name: str) -> dict[str, str]:
    return dict(part.split(":", 1) for part in name.split("/")[3:])


def longer(name: str, near: str) -> float:
    """How much longer an operation takes for what its name asks beyond its neighbour's: more bytes, more peers, more memory."""
    def weight(case: str) -> float:
        own = asked(case)
        peers = int(own.get("processes", 1))
        return ((1 + int(own.get("size", 64)) / 8192) * (1 + int(own.get("memory_mib", 0)) / 300)
                * (1 + 0.08 * (peers - 1) + 0.01 * peers * (peers - 1)) / peers + int(own.get("hold_ns", 0)) / 2000)

    return weight(name) / weight(near)


def scaled_row(name: str, row: Json, factor: float, floor: str | None) -> Json:
    own = asked(name)
    found: Json = {}
    for key, value in row.items():
        if isinstance(value, float) and key.endswith("_per_second") and key != "offered_per_second":
            found[key] = value / factor
        elif isinstance(value, float) and ("_ns" in key or key in ("real_time", "cpu_time")) and key != "anchor_ns":
            found[key] = value * factor
        else:
            found[key] = value
    found |= {"name": name + SUFFIX, "run_name": name + SUFFIX}
    for key, counter in (("processes", "processes"), ("hold_ns", "hold_ns"), ("size", "message_bytes")):
        if key in own and counter in found:
            found[counter] = int(own[key])
    if "rate" in own:
        found["offered_per_second"] = float(own["rate"])
        found["achieved_per_second"] = min(float(own["rate"]), 1e9 / found["real_time"])
        found["saturated"] = int(found["achieved_per_second"] < 0.98 * float(own["rate"]))
    if floor:
        found["floor"] = floor
    return found


def scaled_record(name: str, record: Json, factor: float, start_ns: float, chance: random.Random) -> Json:
    peers = int(asked(name).get("processes", 0))
    windows = []
    for index in range(REPETITIONS):
        window = copy.copy(record["repetitions"][index % len(record["repetitions"])])
        here = factor * math.exp(chance.gauss(0, 0.03))
        window |= {key: value * here for key, value in window.items() if key[0] in "pm" and key.endswith("_ns")}
        window |= {"started_at_ns": int(start_ns + index * 51e6), "elapsed_ns": 50_000_000,
                   "operations": max(1, int(window["operations"] / here))}
        if peers and "peer_operations" in window:
            window["peer_operations"] = [max(0, int(window["operations"] / peers * chance.gauss(1, 0.1))) for _ in range(peers)]
        windows.append(window)
    looks = [{"min_ns": 270.0, "median_ns": 270.0 * math.exp(abs(chance.gauss(0, 0.05)))} for _ in range(REPETITIONS + 1)]
    return {**record, "case": name, "repetitions": windows, "anchors": looks if record["anchors"] else []}


def scaled_histogram(name: str, histogram: Json, factor: float) -> Json:
    return {**histogram, "case": name, "counts": [[round(value * factor, 1), n] for value, n in histogram["counts"]],
            **{key: histogram[key] * factor for key in ("min", "max", "mean")}}


def make(shapes: Shapes, cases: list[Json], rounds: int, out: Path) -> None:
    out.mkdir(parents=True)
    start_ns = 1e12
    for number in range(1, rounds + 1):
        chance = random.Random(number)
        for binary in shapes.info["binaries"]:
            rows, records, histograms = [], [], []
            for case in (one for one in cases if one["binary"] == binary):
                name = case["name"]
                row, record, own = shapes.of(name)
                usual = random.Random(name).uniform(0.8, 1.25) * longer(name, shapes.nearest(name))
                factor = usual * math.exp(chance.gauss(0, 0.05))
                rows.append(scaled_row(name, row, factor, case["floor"]))
                records.append(scaled_record(name, record, factor, start_ns, chance))
                histograms += [scaled_histogram(name, one, factor) for one in own]
                start_ns += 6e8
            put(out / f"{binary}.{number}.json", {"context": shapes.context, "benchmarks": rows})
            put(out / f"{binary}.{number}.reps.json", {"schema_version": 1, "binary": binary, "cases": records})
            put(out / f"{binary}.{number}.hist.json", {"schema_version": 1, "binary": binary, "histograms": histograms})
    put(out / "environment.json", shapes.environment)
    put(out / "run.json", {**shapes.info, "preset": "default", "rounds": rounds, "repetitions": REPETITIONS, "window_ms": 50,
                           "warmup_ms": 100, "command": "ipcmark run --preset default",
                           "cases": [case["name"] for case in cases]})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("out", type=Path, help="a new directory")
    parser.add_argument("--ipcmark", type=Path, default=IPCMARK)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    listed = json.loads(subprocess.run([options.ipcmark, "list", "--json"], check=True, capture_output=True).stdout)
    cases = [case for case in listed["cases"] if case["reason"] is None]
    run, page = options.out / "run", options.out / "page.html"
    make(Shapes(options.run), cases, options.rounds, run)
    begun = time.monotonic()
    subprocess.run([REPORT, run, "--out", page], check=True)
    taken = time.monotonic() - begun
    measured = sum(file.stat().st_size for file in run.iterdir())
    print(f"{len(cases)} cases × {options.rounds} processes × {REPETITIONS} repetitions, {measured / 1e6:.0f} MB: "
          f"a page of {page.stat().st_size / 1e6:.2f} MB in {taken:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
