"""Google Benchmark JSON, a row a process, that the library's own compare.py tests soundly.

compare.py (Debian: libbenchmark-tools, /usr/share/benchmark/compare.py) groups rows by `name` and runs a
Mann-Whitney U test on the `real_time` and on the `cpu_time` of each group (gbench/report.py: calc_utest), which
wants independent values: so one row a process, never its repetitions. It knows no counters, so each figure has a
name of its own. It skips no row that failed, and one time of 0 takes away its OVERALL_GEOMEAN.
"""

from __future__ import annotations

import json
from typing import Any

from ..estimates import Estimate, Selection
from ..model import Run

# The name that readers of such files know it by.
SUFFIX = {"tail": "p99"}


def text(run: Run, selection: Selection) -> str:
    cpu = {(row.case.text, row.round): row.cpu_ns_per_operation for row in selection.rows}
    labels = {row.case.text: row.label for row in selection.rows}
    families = {name: index for index, name in enumerate(labels)}
    rows: list[dict[str, Any]] = []
    for estimate in selection.estimates:
        name = estimate.case.text
        shared = {"family_index": families[name], "label": labels[name]}
        rows += [{**row, **shared} for row in _rows(estimate, cpu)]
    return json.dumps({"context": _context(run), "benchmarks": rows}, indent=1, allow_nan=False) + "\n"


def _rows(estimate: Estimate, cpu: dict[tuple[str, int], float | None]) -> list[dict[str, Any]]:
    name = f"{estimate.case.text}/{SUFFIX.get(estimate.estimator, estimate.estimator)}"
    return [
        {"name": name, "run_name": name, "run_type": "iteration", "repetitions": len(estimate.values),
         "repetition_index": index, "threads": 1, "iterations": 1, "real_time": ns,
         # Of all peers together. Without it the U test of the CPU time says what that of the time says.
         "cpu_time": cpu.get((estimate.case.text, number)) or ns, "time_unit": "ns"}
        for index, (number, ns) in enumerate(estimate.values)
    ]


def _context(run: Run) -> dict[str, Any]:
    fact = run.environment.start_text
    known = {"host_name": fact("machine", "host_name"), "ipcmark_cpu_model": fact("machine", "cpu_model"),
             "ipcmark_kernel": fact("kernel", "release")}
    cpus = fact("machine", "cpus") or ""
    return {
        "date": run.info.started_at, "executable": "ipcmark", "ipcmark_version": run.info.version,
        "ipcmark_git": run.info.git, **{key: value for key, value in known.items() if value is not None},
        **({"num_cpus": int(cpus)} if cpus.isascii() and cpus.isdigit() and len(cpus) < 10 else {}),
        # Some readers insist on it.
        "caches": [],
    }
