"""The section of how the processes of a run differ, and of what that lets a comparison see."""

from __future__ import annotations

from collections.abc import Sequence

from ..cells import Cell
from ..judging import Beside
from .heaps import FEWEST_PROCESSES, heap_figures
from ..model import Run
from .sequence import sequence_figure
from .seeing import power_figure
from .spending import components_figure
from ..views import Figure, Section


def processes_section(run: Run, cells: Sequence[Cell], machine: str, beside: Beside) -> Section:
    heaps = heap_figures(run, cells, machine)
    found: tuple[tuple[Figure | None, str], ...] = (
        (sequence_figure(run, machine), "No course of the run: it holds no records of repetitions."),
        (components_figure(run, machine),
         "No parts of the variance: that takes records of two processes of two repetitions of one case."),
        (power_figure(run, cells, machine, beside), "No power curve: that takes three processes of one case that differ."),
    )
    missing = [line for figure, line in found if figure is None]
    if not heaps:
        missing.append(f"No distributions of processes side by side: that takes {FEWEST_PROCESSES} processes of one case with typical times.")
    return Section(
        "processes",
        "How the processes differ, and what this run could have seen",
        "Every case is measured by several fresh processes. Where they differ, the machine or the memory layout does, and a "
        "comparison sees no change that is smaller.",
        (*(figure for figure, _ in found if figure is not None), *heaps),
        "",
        missing=tuple(missing),
    )
