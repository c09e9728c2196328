"""Reads the kernels of a directory: of each its run, and profile.json."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from statistics import median

from ..estimates import select
from ..fields import Fields, check_schema, number_fault, read_object
from ..load import clock_marks, load_run
from ..model import INSTRUCTIONS, BadInput, Row, Run
from ..text import one_line, plain
from .files import KERNEL, KERNELS, failed_in, kernel_folders, read_kernel, read_order
from .model import Boots, CaseProfile, Kernel, Kernels, Reading, in_order

PROFILE = "profile.json"
# The loop of five instructions: a boot that counts another number was not alone, or did not count instructions.
CHECK = ("limits", "alu", "five_instructions")
# Of as much a change is claimed: 1 %.
CHECK_READS, CHECK_TOLERANCE = 5.0, 0.05


def holds_kernels(path: Path) -> bool:
    """Whether it is a directory of `scripts/kernels run`, and not a run itself."""
    return not (path / "run.json").exists() and ((path / KERNELS).exists() or bool(kernel_folders(path)))


def read_kernels(path: Path) -> Kernels:
    """All kernels that a directory of `scripts/kernels run` holds, or BadInput."""
    if not path.is_dir():
        raise BadInput(f"{one_line(str(path))}: no such directory; name one written by `scripts/kernels run`")
    order = read_order(path)
    boots, left_out = [], list(failed_in(order)) if order else []
    for folder in kernel_folders(path):
        if (folder / "run.json").exists():
            boots.append(read_boots(folder))
        elif not any(line.startswith(f"{folder.name}:") for line in left_out):
            left_out.append(f"{one_line(folder.name)}: has no run")
    if not boots:
        raise BadInput(f"{one_line(str(path))}: holds no kernel with a run; write one with `scripts/kernels run`")
    return Kernels(path, in_order(boots), tuple(left_out))


def read_boots(path: Path) -> Boots:
    """The boots of one kernel; of a run that says nothing of a kernel, as its environment knows it."""
    run = load_run(path)
    if run.info.clock != INSTRUCTIONS:
        raise BadInput(f"{one_line(str(path))}: was measured by the wall clock, and this is of instructions; "
                       "compare its boots with scripts/compare")
    selection = select(run)
    quiet = [one for one in selection.estimates if one.estimator == "quiet"]
    switches = _switches(selection.rows)
    found = {one.case.text: Reading(one.spread.median, one.spread.low, one.spread.high, tuple(value for _, value in one.values),
                                    switches.get(one.case.text))
             for one in quiet}
    checks = {one.case.text: one for one in quiet
              if (one.case.measure, one.case.noun, one.case.backend) == CHECK}
    off = tuple(f"boot {number}: {value:.2f} in place of {CHECK_READS:.2f}" for one in checks.values()
                for number, value in one.values if abs(value - CHECK_READS) > CHECK_TOLERANCE)
    failed = dict.fromkeys(f"{row.case.text}: {one_line(row.error)}" for row in run.rows if row.error is not None)
    return Boots(
        _kernel(path, run), path, {name: one for name, one in found.items() if name not in checks},
        {one.case.text: one.case for one in quiet if one.case.text not in checks},
        next((found[name] for name in checks), None), off,
        # That instructions are no time the page says itself.
        (*(mark for mark in run.marks if mark not in clock_marks(run.info)), *([selection.says] if selection.says else [])),
        tuple(failed), run.info.not_measurable, _profile(path), f"ipcmark {run.info.version}, git {run.info.git}")


def _switches(rows: Iterable[Row]) -> dict[str, float]:
    """How often an operation of each case was switched, in the middle of its boots."""
    found: dict[str, list[float]] = {}
    for row in rows:
        if row.voluntary_switches_per_operation is not None and row.involuntary_switches_per_operation is not None:
            switches = row.voluntary_switches_per_operation + row.involuntary_switches_per_operation
            found.setdefault(row.case.text, []).append(switches)
    return {case: median(values) for case, values in found.items()}


def _kernel(path: Path, run: Run) -> Kernel:
    if not (path / KERNEL).exists():
        release = run.environment.start_text("kernel", "release") or path.name
        return Kernel(path.name, release, "")
    known, _ = read_kernel(path)
    # Another command line makes another kernel of it: what follows it in versions must not be held against it.
    flavour = " ".join(filter(None, (known.flavour, known.append)))
    return Kernel(one_line(path.name), one_line(known.version), one_line(flavour), known.facts)


def _profile(path: Path) -> dict[str, CaseProfile] | None:
    file = path / PROFILE
    if not file.exists():
        return None
    profile = read_object(file, "count its functions again: scripts/kernels profile")
    check_schema(profile)
    return {plain(case.text("case")): _case_profile(case) for case in profile.objects("cases")}


def _case_profile(case: Fields) -> CaseProfile:
    functions = case.child("functions")
    if any(number_fault(value) for value in functions.values.values()):
        raise case.wrong("functions", "numbers by function")
    clock = case.values.get("clock")
    return CaseProfile({one_line(name): float(value) for name, value in functions.values.items()},
                       None if number_fault(clock) else float(clock))
