"""What `run --fail-on` says of the kernels that it measured."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ipcmark_report.ladder.files import kernel_folders
from ipcmark_report.ladder.options import judge_runs
from ipcmark_report.model import BadInput
from ipcmark_report.text import one_line

GREW, UNKNOWN = 1, 125


def baseline_folder(named: str) -> Path | None:
    """The run directory that --baseline names, or the only one in the folder that it names; None where it is a kernel to boot."""
    folder = Path(named)
    if not folder.is_dir():
        return None
    if (folder / "run.json").exists():
        return folder
    inside = kernel_folders(folder)
    if len(inside) != 1:
        what = "none" if not inside else f"{len(inside)}: {', '.join(one.name for one in inside[:4])}"
        raise BadInput(f"--baseline {one_line(named)}: is to be the run of one kernel, and holds {one_line(what)}")
    return inside[0]


def judge_all(base: Path, runs: Iterable[Path], threshold: float, pattern: str) -> int:
    """1 where a path of any of them is longer, 125 where that could not be measured, else 0."""
    found = []
    for run in runs:
        print(f"{one_line(run.name)} against {one_line(base.name)}:")
        found.append(judge_runs(base, run, threshold, pattern))
    if GREW in found:
        return GREW
    return UNKNOWN if UNKNOWN in found or not found else 0
