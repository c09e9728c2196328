"""Reads a run directory; with repetitions.py and judging.py the only one that knows the keys of reports/FORMAT.md."""

from __future__ import annotations

import gc
import os
import re
from array import array
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from .fields import Fields, check_schema, number_fault, read_object, show
from .judging import judging_of
from .model import (CLOCKS, INSTRUCTIONS, NO_FILTER, WALL, BadInput, Case, Environment, Fact, Histogram, NotMeasurable, Process, Row, Run,
                    RunInfo)
from .repetitions import process_of
from .text import one_line, plain

RESULT_FILE = re.compile(r"([a-z][a-z0-9_]*)\.([1-9][0-9]{0,8})(\.hist|\.reps)?\.json")
GOOGLE_SUFFIX = re.compile(
    r"/(manual_time|real_time|process_time|(threads|repeats|iterations|min_time|min_warmup_time):[^/]*)$"
)
# Without its first counter a row of the measure says nothing.
MAIN_COUNTER = {
    "fork_cost": "latency_ns_p50",
    "lifecycle": "latency_ns_p50",
    "latency": "latency_ns_p50",
    "open_loop": "latency_ns_p50",
    "throughput": "messages_per_second",
    "contention": "operations_per_second",
}
COUNTERS = (
    "latency_ns_p50", "latency_ns_p90", "latency_ns_p99", "latency_ns_p99_9", "latency_ns_max",
    "service_ns_p50", "service_ns_p99", "omission_gap", "offered_per_second", "achieved_per_second", "saturated",
    "samples", "operations_per_sample", "message_bytes", "capacity_messages", "capacity_bytes",
    "messages_per_second", "bytes_per_second", "operations_per_second", "jain_index",
    "min_max_share", "processes", "hold_ns", "cpu_ns_per_operation", "memory_bytes",
    "voluntary_switches_per_operation", "involuntary_switches_per_operation", "cache_level", "floor_ratio",
    "cow_ns_per_page", "cow_ns_per_page_p10", "cow_faults_per_page",
    "part_return_ns_p10", "part_return_ns_p50", "part_first_instruction_ns_p10", "part_first_instruction_ns_p50",
    "part_exit_ns_p10", "part_exit_ns_p50", "part_reap_ns_p10", "part_reap_ns_p50",
)
# Under which conditions a row arose, and how its process is summed up.
CONDITIONS = (
    "quiet_ns", "typical_ns", "tail_ns", "anchor_ns", "comparable", "foreign_share", "modes", "migrations",
    "line_ns_before", "line_ns_after", "topology_mode", "worst_share", "minor_faults_per_operation",
    "major_faults_per_operation",
)
SIGNED = ("topology_mode",)
KNOWN = (*COUNTERS, *CONDITIONS)
CHECKED = ("operations", "real_time", *KNOWN)
COST_SUFFIX = "_per_operation"
# Times in ns and rates a second below this are nothing; a log axis has no place for them either.
LEAST = 1e-9
NANOSECONDS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}
REMEASURE = "remove it to report the run without it, or measure that round again"


def load_run(path: Path, only_rows: bool = False) -> Run:
    """The whole run, or BadInput; without what its processes saw in each repetition and without distributions, which are
    nearly all of it, where only the rows are asked for."""
    if not path.is_dir():
        kind = "not a directory" if path.exists() else "no such directory"
        raise BadInput(f"{one_line(str(path))}: {kind}; name a run directory written by `ipcmark run`")
    collects = gc.isenabled()
    # Nothing of millions of objects is garbage yet, and looking for it takes half of the time.
    gc.disable()
    try:
        return _load(path, only_rows)
    finally:
        if collects:
            gc.enable()


def _load(path: Path, only_rows: bool) -> Run:
    info = _run_info(path)
    marks: list[str] = []
    environment = _environment(path, marks)
    rows: list[Row] = []
    histograms: list[Histogram] = []
    processes: list[Process] = []
    builds: set[str] = set()
    caches: dict[int, int] = {}
    for binary, number, kind, file in _result_files(path, info.binaries):
        if kind and only_rows:
            continue
        fields = read_object(file, REMEASURE)
        if kind:
            check_schema(fields)
        if kind == ".hist":
            histograms += _histograms(fields, number, marks)
        elif kind == ".reps":
            processes += _processes(fields, number, marks)
        else:
            rows += [_row(row, binary, number) for row in fields.objects("benchmarks") if _is_row(row)]
            builds.add(_build(fields.child("context")))
            caches |= _caches(fields.child("context"))
    # Each round measures the cases in another order; the page shows them in that of the plan.
    planned = {case: index for index, case in enumerate(info.cases)}
    rows.sort(key=lambda row: planned.get(row.case.text, len(planned)))
    marks = clock_marks(info) + _progress_marks(info, rows, _measured(path, info)) + _build_marks(builds) + marks
    return Run(path, info, environment, tuple(rows), tuple(histograms), tuple(marks), tuple(processes),
               tuple(sorted(caches.items())))


@lru_cache(maxsize=65536)
def parse_case(name: str) -> Case | None:
    """The parts of a case name; None where it does not have them."""
    while (match := GOOGLE_SUFFIX.search(name)) is not None:
        name = name[: match.start()]
    parts = plain(name).split("/")
    pairs = [part.partition(":") for part in parts[3:]]
    if len(parts) < 3 or not all(parts[:3]) or not all(key and colon for key, colon, _ in pairs):
        return None
    parameters = tuple((key, value) for key, _, value in pairs if key != "placement")
    placement = next((value for key, _, value in pairs if key == "placement"), "")
    return Case(plain(name), parts[0], parts[1], parts[2], parameters, placement or "not named")


def _run_info(path: Path) -> RunInfo:
    file = path / "run.json"
    if not file.exists():
        raise BadInput(
            f"{one_line(str(path))}: has no run.json; name a run directory written by `ipcmark run`"
        )
    run = read_object(file, "measure the run again, or restore the file")
    check_schema(run)
    status = run.text("status")
    if status not in ("complete", "partial"):
        raise run.wrong("status", "`complete` or `partial`")
    clock = run.text("clock") if "clock" in run.values else WALL
    if clock not in CLOCKS:
        raise run.wrong("clock", " or ".join(f"`{one}`" for one in CLOCKS))
    git = run.child("git") if "git" in run.values else Fields(file, {})
    return RunInfo(
        version=run.shown("ipcmark_version"),
        git=git.shown("sha") + (" with uncommitted changes" if git.values.get("dirty") is True else ""),
        command=run.shown("command"),
        preset=run.shown("preset"),
        filter=run.shown("filter") or NO_FILTER,
        rounds=run.count("rounds"),
        window_ms=run.shown("window_ms"),
        warmup_ms=run.shown("warmup_ms"),
        binaries=run.texts("binaries"),
        cases=run.texts("cases"),
        not_measurable=tuple(
            NotMeasurable(item.text("case"), item.text("reason")) for item in run.objects("not_measurable")
        ),
        started_at=run.shown("started_at"),
        ended_at=run.shown("ended_at") if run.values.get("ended_at") is not None else None,
        complete=status == "complete",
        repetitions=run.shown("repetitions"),
        labels=run.texts("labels") if "labels" in run.values else (),
        topology_modes_ns=run.numbers("topology_modes_ns") if "topology_modes_ns" in run.values else (),
        clock=clock,
        **judging_of(run),
    )


def _environment(path: Path, marks: list[str]) -> Environment:
    file = path / "environment.json"
    if not file.exists():
        marks.append("environment.json is missing: nothing says on which machine these numbers arose.")
        return Environment((), None)
    fields = read_object(file, "restore the file, or remove it to report the run without it")
    check_schema(fields)
    start = _facts(fields.child("start"))
    end = _facts(fields.child("end")) if fields.values.get("end") is not None else None
    if fields.values.get("changes") is None:
        return Environment(start, end)
    changes = fields.objects("changes")
    return Environment(
        start,
        end,
        frozenset((item.text("group"), item.text("key")) for item in changes if "delta" not in item.values),
        tuple(
            _fact(item.text("group"), item.text("key"), item.values["delta"])
            for item in changes if "delta" in item.values
        ),
    )


def _facts(groups: Fields) -> tuple[Fact, ...]:
    return tuple(
        _fact(plain(group), plain(key), value)
        for group in groups.values
        for key, value in groups.child(group).values.items()
    )


def _fact(group: str, key: str, value: Any) -> Fact:
    if isinstance(value, dict) and set(value) == {"unknown"}:
        return Fact(group, key, show(value["unknown"]), unknown=True)
    if value is None:
        return Fact(group, key, "no reason recorded", unknown=True)
    return Fact(group, key, show(value), unknown=False)


def _result_files(path: Path, binaries: tuple[str, ...]) -> list[tuple[str, int, str, Path]]:
    """Every result file, with what it holds beside rows: by round, then in the order of the binaries."""
    order = {binary: index for index, binary in enumerate(binaries)}
    try:
        names = sorted(os.listdir(path))
    except OSError as error:
        raise BadInput(f"{one_line(str(path))}: cannot be listed: {error.strerror}; "
                       "make the directory readable") from error
    found = []
    for name in names:
        match = RESULT_FILE.fullmatch(name)
        if match:
            binary, number, kind = match.groups()
            found.append((binary, int(number), kind or "", path / name))
    return sorted(found, key=lambda f: (f[1], order.get(f[0], len(order)), f[0], f[2]))


def _measured(path: Path, info: RunInfo) -> set[tuple[str, int]]:
    return {(binary, number) for binary, number, kind, _ in _result_files(path, info.binaries) if not kind}


def _is_row(row: Fields) -> bool:
    return row.values.get("run_type", "iteration") == "iteration"


def _row(fields: Fields, binary: str, number: int) -> Row:
    name = fields.values.get("run_name", fields.values.get("name"))
    text = name if isinstance(name, str) else "(a row without a name)"
    case = parse_case(text)
    label, *remarks = fields.shown("label", "").split("; ")
    if case is None:
        unreadable = Case(plain(text), "unreadable", "", "", (), "not named")
        return Row(unreadable, binary, number, label, "the name is not a case name of reports/FORMAT.md")
    error = _row_error(fields, case)
    if error is not None:
        return Row(case, binary, number, label, error)
    scale = NANOSECONDS[show(fields.values.get("time_unit", "ns"))]
    floor = fields.values.get("floor")
    counters = {key: float(fields.values[key]) for key in KNOWN if key in fields.values}
    return Row(
        case, binary, number, label, None,
        operations=float(fields.values["operations"]),
        time_ns=float(fields.values["real_time"]) * scale,
        floor=plain(floor) if isinstance(floor, str) else None,
        remarks=tuple(remarks),
        other_costs=_other_costs(fields),
        **counters,
    )


def _row_error(fields: Fields, case: Case) -> str | None:
    """The row's own error, or why its numbers cannot be believed."""
    if fields.values.get("error_occurred") or fields.values.get("skipped"):
        return fields.shown("error_message", "") or "failed without a message"
    if show(fields.values.get("time_unit", "ns")) not in NANOSECONDS:
        return "not a valid row (found by the report): time_unit is unknown"
    main = MAIN_COUNTER.get(case.measure)
    required = ("operations", "real_time") + ((main,) if main else ())
    for key in required:
        if key not in fields.values:
            return f"not a valid row (found by the report): {key} is missing"
    for key in CHECKED:
        fault = _fault(fields, key) if key in fields.values else None
        if fault is not None:
            return f"not a valid row (found by the report): {key} {fault}"
    if main and fields.values[main] < LEAST:
        return f"not a valid row (found by the report): {main} is 0, nothing was measured"
    return None


def _fault(fields: Fields, key: str) -> str | None:
    value = fields.values[key]
    return None if key in SIGNED and value == -1 else number_fault(value)


def _other_costs(fields: Fields) -> tuple[tuple[str, float], ...]:
    """Of counters that not every machine has; what is no number is not shown."""
    return tuple(
        (plain(key), float(value)) for key, value in fields.values.items()
        if key.endswith(COST_SUFFIX) and key not in KNOWN and number_fault(value) is None
    )


def _processes(fields: Fields, number: int, marks: list[str]) -> list[Process]:
    found = []
    for item in fields.objects("cases"):
        case = parse_case(item.text("case"))
        process = process_of(item, case, number) if case is not None else None
        if process is None:
            marks.append(f"{fields.path.name}: the repetitions of {item.text('case')} are not valid "
                         "and are left out.")
        else:
            found.append(process)
    return found


def _histograms(fields: Fields, number: int, marks: list[str]) -> list[Histogram]:
    found = []
    for item in fields.objects("histograms"):
        case = parse_case(item.text("case"))
        histogram = _histogram(item, case, number) if case is not None else None
        if histogram is None:
            marks.append(f"{fields.path.name}: the distribution of {item.text('case')} is not valid "
                         "and is left out of the percentile curves.")
        else:
            found.append(histogram)
    return found


def _histogram(item: Fields, case: Case, number: int) -> Histogram | None:
    """The distribution, or None where its buckets cannot be one."""
    per_sample = item.values.get("operations_per_sample", 1)
    buckets = item.values.get("counts")
    if number_fault(per_sample) or per_sample < 1 or not isinstance(buckets, list):
        return None
    try:
        table = np.array(buckets)
    except (ValueError, OverflowError):
        return None
    if table.ndim != 2 or table.shape[1] != 2 or table.dtype.kind not in "iuf":
        return None
    values, counts = table[:, 0], table[:, 1]
    if not np.isfinite(table).all() or (table < 0).any() or (table >= 2**63).any() or (np.diff(values) <= 0).any():
        return None
    if (counts != np.floor(counts)).any() or counts.sum() == 0 or int(counts.sum()) != item.values.get("total_count"):
        return None
    return Histogram(case, number, float(per_sample), array("d", values.astype("f8").tobytes()),
                     array("q", counts.astype("i8").tobytes()), item.shown("series", ""))


def _build(context: Fields) -> str:
    dirty = context.shown("ipcmark_git_dirty", "") in ("true", "1", "yes")
    return "{} build of {}{}".format(
        context.shown("ipcmark_build_type", "unnamed"),
        context.shown("ipcmark_git_sha", "an unknown commit")[:12],
        " with uncommitted changes" if dirty else "",
    )


def _caches(context: Fields) -> dict[int, int]:
    """Bytes by level; what is no cache for data is left out."""
    listed = context.values.get("caches")
    found = {}
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, dict) and one.get("type") in ("Data", "Unified"):
            level, size = one.get("level"), one.get("size")
            if not number_fault(level) and not number_fault(size) and size:
                found[int(level)] = int(size)
    return found


def _build_marks(builds: set[str]) -> list[str]:
    marks = []
    if len(builds) > 1:
        marks.append("The rounds were not measured by one build: " + "; ".join(sorted(builds)) + ".")
    if any(build.lower().startswith("debug") for build in builds):
        marks.append("A debug build was measured: its numbers say little about an optimised one.")
    return marks


def clock_marks(info: RunInfo) -> list[str]:
    """What is to be known of a run whose clock is none."""
    if info.clock != INSTRUCTIONS:
        return []
    return ["This run counts executed instructions, of the program and of the kernel, in an emulator: they are no cycles and no "
            "time, and know nothing of caches and of a second CPU. What stands here a second is one in 1e9 instructions."]


def _progress_marks(info: RunInfo, rows: list[Row], measured: set[tuple[str, int]]) -> list[str]:
    missing: dict[str, list[int]] = {}
    for number in range(1, min(info.rounds, 10_000) + 1):
        for binary in info.binaries:
            if (binary, number) not in measured:
                missing.setdefault(binary, []).append(number)
    marks = []
    if not info.complete:
        marks.append("This run is partial: it did not reach its end.")
    for binary, rounds in missing.items():
        names = ", ".join(map(str, rounds[:8])) + (", …" if len(rounds) > 8 else "")
        marks.append(f"{binary}: {len(rounds)} of {info.rounds} rounds were not measured (round {names}).")
    if not rows:
        marks.append("No case has a result yet: there is nothing to draw.")
    return marks
