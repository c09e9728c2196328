"""What the plugin counted of one boot becomes profile.json: instructions an operation, by case and function."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from pathlib import Path

from ipcmark_report.fields import check_schema, read_object
from ipcmark_report.files import write_whole
from ipcmark_report.model import BadInput, Process, Run
from ipcmark_report.text import one_line, plain

from .counts import Counts, Window, together
from .symbols import Symbols, by_function

PROFILE = "profile.json"
# A function of which an operation executes less is left out; the total has it.
LEAST = 0.005
AGREES = 0.005


@dataclass(frozen=True)
class Profiled:
    """One case: instructions an operation, in all, by the guest's clock, and of each function, the most first."""

    case: str
    operations: int
    instructions: float
    clock: float
    functions: Mapping[str, float]

    @property
    def disagreement(self) -> float:
        """By how much of the clock's count the functions together are off."""
        return self.instructions / self.clock - 1


def read_numbers(files: Iterable[Path]) -> dict[int, str]:
    """The case of each marker's number, of the files that --markers names."""
    found: dict[int, str] = {}
    for file in files:
        fields = read_object(file, "boot the kernel again")
        check_schema(fields)
        for one in fields.objects("markers"):
            number = one.count("number")
            if number in found:
                raise BadInput(f"{one_line(str(file))}: marker {number} is of {found[number]} already; boot the kernel again")
            found[number] = plain(one.text("case"))
    return found


def profile_of(counts: Counts, symbols: Symbols, numbers: Mapping[int, str], run: Run) -> tuple[Profiled, ...]:
    """Of the cases that have counts and did not fail, in the order of the run."""
    counted = {numbers[number]: addresses for number, addresses in counts.items() if number in numbers}
    return tuple(_profiled(process, counted[process.case.text], symbols) for process in run.processes
                 if process.case.text in counted and process.repetitions)


def _profiled(process: Process, windows: Sequence[Window], symbols: Symbols) -> Profiled:
    """Of the repetition that executed least, as the report reads a boot: beside the others something else may have run.
    Of all together where a repetition has several windows."""
    repetitions = process.repetitions
    if len(windows) == len(repetitions):
        least = min(range(len(windows)), key=lambda at: sum(windows[at].values()) / repetitions[at].operations)
        windows, repetitions = windows[least:least + 1], repetitions[least:least + 1]
    functions = by_function(together(windows), symbols)
    operations = fsum(one.operations for one in repetitions)
    # Where counts are fixed a repetition is one sample, and its middle is the whole of it.
    clock = fsum(one.typical_ns * one.operations for one in repetitions) / operations
    return Profiled(process.case.text, int(operations), sum(functions.values()) / operations, clock,
                    {name: count / operations for name, count in functions.items() if count / operations >= LEAST})


def write_profile(profiled: Iterable[Profiled], seed: int, target: Path) -> None:
    """The file of reports/FORMAT.md."""
    cases = [{"case": one.case, "operations": one.operations, "instructions": round(one.instructions, 3),
              "clock": round(one.clock, 3), "functions": {name: round(value, 3) for name, value in one.functions.items()}}
             for one in profiled]
    write_whole((json.dumps({"schema_version": 1, "seed": seed, "cases": cases}, indent=1) + "\n").encode(), target, "DIR")


def off_the_clock(profiled: Iterable[Profiled]) -> list[Profiled]:
    """The cases whose functions together are not what the clock counted."""
    return [one for one in profiled if abs(one.disagreement) > AGREES]
