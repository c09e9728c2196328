"""The history as text for a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from .. import units
from ..machines import by_machine
from ..text import one_line
from .changes import ALPHA, LEAST_CHANGE, LEAST_VALUES, Change
from .store import StoredRun
from .trend import Point, Trend

ID = 12


def runs_text(runs: Iterable[StoredRun]) -> str:
    """A table for each machine, its runs in the order of their start."""
    parts = []
    for machine, mine in by_machine(runs, lambda run: run.facts.machine).items():
        rows = [("run", "started", "kernel", "build-id", "boot", "ipcmark", "preset", "cases", "")]
        rows += [_run_row(run) for run in mine]
        parts.append(f"{one_line(machine.name)}\n{table(rows)}")
    return "\n".join(parts) or "no runs yet\n"


def runs_json(runs: Iterable[StoredRun]) -> str:
    return json.dumps([
        {"run": run.facts.digest, "machine": run.facts.machine.key, "machine_known": run.facts.machine.known,
         "kernel": run.facts.kernel, "kernel_version": run.facts.kernel_version,
         "kernel_build_id": run.facts.kernel_build, "boot": run.facts.boot, "started_at": run.facts.started_at,
         "ipcmark_version": run.facts.version, "git": run.facts.git, "preset": run.facts.preset,
         "complete": run.facts.complete, "labels": run.facts.labels, "cases": run.cases, "path": run.facts.path}
        for run in runs
    ], indent=1) + "\n"


def trend_text(trend: Trend) -> str:
    at = {change.at: change for change in trend.changes}
    rows = [("started", "kernel", "ipcmark", "boot", "runs", "processes", "time", "")]
    rows += [_point_row(point, at.get(index)) for index, point in enumerate(trend.points)]
    head = f"{one_line(trend.case)}: {trend.estimator}, time an operation\n{one_line(trend.machine.name)}\n"
    return f"{head}{table(rows)}{verdict(trend)}\n"


def verdict(trend: Trend) -> str:
    points = f"{len(trend.points)} {'boot or build' if len(trend.points) == 1 else 'boots or builds'}"
    if trend.changes:
        return f"{len(trend.changes)} {'change' if len(trend.changes) == 1 else 'changes'} of level over {points}"
    if len(trend.points) < LEAST_VALUES:
        return f"{points}: with fewer than {LEAST_VALUES} no change can be told from chance"
    return f"no change of level of {100 * LEAST_CHANGE:g} % or more at p < {ALPHA:g} over {points}"


def change_text(change: Change) -> str:
    return f"{100 * (change.ratio - 1):+.1f} %".replace("-", "−")


def table(rows: Sequence[Sequence[str]]) -> str:
    rows = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "".join("  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip() + "\n" for row in rows)


def _run_row(run: StoredRun) -> tuple[str, ...]:
    facts = run.facts
    marks = ["partial"] * (not facts.complete) + [f"labels: {facts.labels}"] * bool(facts.labels)
    return (facts.digest[:ID], facts.started_at, facts.kernel or "?", facts.kernel_build[:ID] or "?",
            facts.boot[:8] or "?", build(facts.version, facts.git), facts.preset, str(run.cases), ", ".join(marks))


def _point_row(point: Point, change: Change | None) -> tuple[str, ...]:
    facts = point.runs[0].run
    remark = f"{change_text(change)} from here on (p {change.p:.4f})" if change else ""
    return (facts.started_at, facts.kernel or "?", build(facts.version, facts.git), facts.boot[:8] or "?",
            str(len(point.runs)), str(point.spread.processes), units.spread(point.spread, units.time_scale), remark)


def build(version: str, git: str) -> str:
    """The version and the first digits of the commit, a star where it had changes of its own."""
    commit, _, dirty = git.partition(" ")
    return f"{version} {commit[:10]}{'*' if dirty else ''}"
