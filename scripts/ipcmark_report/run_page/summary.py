"""A run becomes what the page shows: pure functions, no file is read and nothing is drawn here."""

from __future__ import annotations

from collections.abc import Sequence

from ..cells import Cell, cells_of
from .contention import contention_section
from .fork_cost import fork_section
from .headline import headline
from .latency import latency_against_size, latency_figures
from .limits import limits_section
from ..model import Environment, Fact, Run, RunInfo
from .nines import nines_figures
from .open_loop import open_loop_section
from .processes import processes_section
from ..recipes import recipe_of
from .throughput import throughput_section
from .trust import trust_marks, trust_section
from ..views import EnvironmentRow, FailedCase, Figure, Section, Summary

DRAWN = ("fork_cost", "lifecycle", "latency", "open_loop", "throughput", "contention", "limits")


def summarise(run: Run) -> Summary:
    cells = cells_of(run.rows)
    machine = run.environment.machine
    return Summary(
        title=f"ipcmark run on {machine}",
        machine=machine,
        about=_about(run),
        marks=trust_marks(run, cells) + run.marks + _row_marks(run, cells),
        headline=headline(cells),
        trust=trust_section(run, cells, machine),
        processes=processes_section(run, cells, machine),
        sections=(
            _latency_section(run, cells, machine),
            open_loop_section(cells, machine),
            throughput_section(cells, run.caches, machine),
            contention_section(cells, run.processes, machine),
            fork_section(cells, machine),
            limits_section(cells, run.environment, machine),
        ),
        environment=environment_rows(run.environment),
        end_recorded=run.environment.end is not None,
        counted=run.environment.counted,
        failed=failed_cases(run),
        without_result=without_result(run),
        not_measurable=run.info.not_measurable,
        recipe=recipe_of(run.info),
    )


def _latency_section(run: Run, cells: Sequence[Cell], machine: str) -> Section:
    return Section(
        "latency", "Latency percentiles by backend",
        "A round trip is a message there and its answer back, one at a time. The placement is part of every "
        "result: the same backend can be ten times slower when the peer sleeps on another CPU.",
        (*_pairs(latency_figures(cells, machine), nines_figures(cells, run.histograms, machine)),
         *latency_against_size(cells, machine)),
        "This run has no latency results.",
    )


def _pairs(percentiles: Sequence[Figure], nines: Sequence[Figure]) -> list[Figure]:
    """The two views of one noun side by side; a noun without distributions has only the first."""
    curves = {figure.anchor.removeprefix("nines-"): figure for figure in nines}
    paired = []
    for figure in percentiles:
        curve = curves.get(figure.anchor.removeprefix("latency-"))
        paired += [figure] if curve is None else [figure, curve]
    return paired


def _about(run: Run) -> tuple[tuple[str, str], ...]:
    info = run.info
    return (
        ("command", info.command),
        ("preset", info.preset),
        ("filter", info.filter),
        ("rounds", f"{info.rounds}, each in fresh processes"),
        ("a process", _process_text(info)),
        ("measured", f"{info.started_at} to {info.ended_at or '(not ended)'}"),
        ("ipcmark", f"{info.version}, git {info.git}"),
    )


def _process_text(info: RunInfo) -> str:
    if info.preset == "path":
        return f"{info.repetitions} repetitions of each case's own number of operations"
    windows = f"{info.window_ms} ms after {info.warmup_ms} ms of warm-up"
    return windows if info.repetitions == "not recorded" else f"{info.repetitions} timed windows of {windows}"


def _row_marks(run: Run, cells: Sequence[Cell]) -> tuple[str, ...]:
    marks = []
    if failed := len({row.case.text for row in run.rows if row.error}):
        marks.append(f"{failed} {'case' if failed == 1 else 'cases'} failed: see “Failed cases”.")
    if missing := len(without_result(run)):
        marks.append(f"{missing} of {len(run.info.cases)} planned cases have no result.")
    others = sorted({cell.case.measure for cell in cells} - set(DRAWN))
    if others:
        marks.append("Not drawn, since this report does not know the measure: " + ", ".join(others) + ".")
    if run.info.rounds == 1 and cells:
        marks.append("One round only: nothing is known of the spread between processes.")
    return tuple(marks)


def failed_cases(run: Run) -> tuple[FailedCase, ...]:
    """Each failed case once a message, with the rounds in which it failed."""
    rounds: dict[tuple[str, str], set[int]] = {}
    for row in run.rows:
        if row.error is not None:
            rounds.setdefault((row.case.text, row.error), set()).add(row.round)
    return tuple(
        FailedCase(case, message, ", ".join(map(str, sorted(numbers))))
        for (case, message), numbers in sorted(rounds.items())
    )


def without_result(run: Run) -> tuple[str, ...]:
    """Planned cases that no process has measured, not even with an error."""
    seen = {row.case.text for row in run.rows}
    return tuple(sorted(set(run.info.cases) - seen))


def environment_rows(environment: Environment) -> tuple[EnvironmentRow, ...]:
    """The facts at the start, and beside each what it had become at the end, if that differs.

    Where the run says what changed, a load average and its like, which always differ, do not count.
    """
    end = {
        (fact.group, fact.key): fact
        for fact in environment.end or ()
        if environment.changed is None or (fact.group, fact.key) in environment.changed
    }
    rows = []
    for fact in environment.start:
        name = (fact.group, fact.key)
        judged = environment.end is not None and (environment.changed is None or name in environment.changed)
        rows.append(_environment_row(fact, end.pop(name, None), judged))
    rows += [EnvironmentRow(f.group, f.key, "not recorded", True, f.text, f.unknown) for f in end.values()]
    return tuple(sorted(rows, key=lambda row: (row.group, row.key)))


def _environment_row(start: Fact, end: Fact | None, end_recorded: bool) -> EnvironmentRow:
    if end is None:
        changed, unknown = ("not recorded", True) if end_recorded else (None, False)
    elif (start.text, start.unknown) == (end.text, end.unknown):
        changed, unknown = None, False
    else:
        changed, unknown = end.text, end.unknown
    return EnvironmentRow(start.group, start.key, start.text, start.unknown, changed, unknown)
