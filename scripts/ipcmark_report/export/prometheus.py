"""Prometheus' text format 0.0.4, for the textfile collector of its node exporter.

The format: https://prometheus.io/docs/instrumenting/exposition_formats/. The collector takes files named `*.prom`,
refuses a whole file for one sample with a time stamp (github.com/prometheus/node_exporter/pull/769), and a sample
that comes twice fails the scrape (issue 2317 there). So no time stamps, and when the run began is a sample.
"""

from __future__ import annotations

import re
from datetime import datetime

from ..estimates import Estimate, Selection
from ..model import Case, Run
from ..text import one_line

TIME = "ipcmark_operation_seconds"
PROCESSES = "ipcmark_operation_processes"
STARTED = "ipcmark_run_start_time_seconds"
INFO = "ipcmark_run_info"
HELP = {
    TIME: "Time an operation takes, the median over processes of the named figure of each.",
    PROCESSES: "From how many processes the time comes.",
    STARTED: "When the run began, in seconds since 1970.",
    INFO: "What was measured, in the labels; always 1.",
}
FIXED = ("estimator", "measure", "noun", "backend", "placement")
LABEL = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*")


def text(run: Run, selection: Selection) -> str:
    written = [(_labels_of(estimate), estimate.spread) for estimate in selection.estimates]
    times = [f"{TIME}{names} {spread.median / 1e9!r}" for names, spread in written]
    processes = [f"{PROCESSES}{names} {spread.processes}" for names, spread in written]
    families = {TIME: times, PROCESSES: processes, STARTED: _started(run), INFO: [_info(run)]}
    return "".join(
        f"# HELP {name} {HELP[name]}\n# TYPE {name} gauge\n" + "".join(f"{sample}\n" for sample in samples)
        for name, samples in families.items() if samples
    )


def nameable(run: Run, selection: Selection) -> Selection:
    """Leaves out the figures whose case has parameters that cannot be labels: no valid name, or one that is taken."""
    def fits(case: Case) -> bool:
        keys = [key for key, _ in case.parameters]
        return len({*keys, *FIXED}) == len(keys) + len(FIXED) and all(LABEL.fullmatch(key) for key in keys)

    return selection.without((e for e in selection.estimates if not fits(e.case)),
                             "figures whose parameters cannot be labels")


def labels(pairs: dict[str, str]) -> str:
    def escaped(value: str) -> str:
        return one_line(value).replace("\\", r"\\").replace('"', r"\"")

    return "{" + ",".join(f'{key}="{escaped(value)}"' for key, value in pairs.items()) + "}"


def _labels_of(estimate: Estimate) -> str:
    case = estimate.case
    values = (estimate.estimator, case.measure, case.noun, case.backend, case.placement)
    return labels(dict(zip(FIXED, values)) | dict(case.parameters))


def _started(run: Run) -> list[str]:
    try:
        # Python 3.10 does not know the Z.
        moment = datetime.fromisoformat(run.info.started_at.replace("Z", "+00:00"))
    except ValueError:
        return []
    return [f"{STARTED} {moment.timestamp()!r}"] if moment.tzinfo is not None else []


def _info(run: Run) -> str:
    fact = run.environment.start_text
    return f"{INFO}" + labels({
        "version": run.info.version, "git": run.info.git, "preset": run.info.preset,
        "kernel": fact("kernel", "release") or "", "cpu_model": fact("machine", "cpu_model") or "",
    }) + " 1"
