"""Comparisons become what the page shows: nothing is read or drawn here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...views import Recipe, Table
from ...model import Run
from ..model import Comparison, Difference
from . import tables
from .command import recipe, says
from .figures.change_map import map_figures
from .figures.components import components_figure
from .figures.effects import controls_figure, forests, waterfall
from .figures.ladder import ladder_figure
from .figures.paths import paths_figure
from .figures.power import power_figure
from .figures.processes import process_figures
from .headline import confounding, headline
from .views import Figure, Headline

# Of the whole page, however many comparisons share it.
MOST_ROWS = 10_000
MOST_FAMILIES = 30
LEAST_FAMILIES = 2


@dataclass(frozen=True)
class Part:
    """One comparison of the page; `anchor` begins the names of its sections."""

    anchor: str
    name: str
    headline: Headline
    base: tuple[tuple[str, str], ...]
    new: tuple[tuple[str, str], ...]
    first: tuple[Figure, ...]
    families: tuple[Figure, ...]
    closer: tuple[Figure, ...]
    without: tuple[str, ...]
    confounding: tuple[Difference, ...]
    declared: tuple[Difference, ...]
    others: tuple[Difference, ...]
    recipe: Recipe
    cells: Table
    cells_note: str
    changes: Table
    backends: Table
    groups: Table
    controls: Table
    unmatched: Table

    @property
    def figures(self) -> tuple[Figure, ...]:
        return (*self.first, *self.families, *self.closer)


@dataclass(frozen=True)
class ComparisonPage:
    title: str
    base_name: str
    maps: tuple[Figure, ...]
    ladder: Figure | None
    parts: tuple[Part, ...]

    @property
    def overview(self) -> tuple[Figure, ...]:
        """What stands side by side at the top; of one comparison its changes too."""
        ladder = [self.ladder] if self.ladder else []
        return (*self.maps[:1], *ladder, *(self.parts[0].first if len(self.parts) == 1 else ()))

    @property
    def figures(self) -> tuple[Figure, ...]:
        own = [figure for part in self.parts for figure in part.figures]
        return (*self.maps, *([self.ladder] if self.ladder else []), *own)


def page_of(comparisons: Sequence[Comparison]) -> ComparisonPage:
    """Of comparisons with the same base, in the order of their runs."""
    families = max(LEAST_FAMILIES, MOST_FAMILIES // len(comparisons))
    rows = MOST_ROWS // len(comparisons)
    parts = tuple(_part(one, f"new-{index}-", rows, families) for index, one in enumerate(comparisons, 1))
    base = comparisons[0].base_name
    names = ", ".join(one.new_name for one in comparisons[:4]) + (", …" if len(comparisons) > 4 else "")
    maps = tuple(map_figures(comparisons))
    return ComparisonPage(f"{names} against {base}", base, maps, ladder_figure(comparisons), parts)


def _part(comparison: Comparison, anchor: str, rows: int, families: int) -> Part:
    differences = comparison.differences
    closer, without = _closer(comparison, anchor)
    return Part(
        anchor, comparison.new_name, headline(comparison), _about(comparison.base), _about(comparison.new),
        tuple(filter(None, (waterfall(comparison, anchor), controls_figure(comparison, anchor)))),
        tuple(forests(comparison, anchor, families)), closer, without,
        tuple(confounding(differences)),
        tuple(one for one in differences if one.varying and not one.confounds),
        tuple(one for one in differences if not one.varying and not one.confounds),
        recipe(comparison),
        tables.cell_table(comparison, rows), _cells_note(comparison, rows), tables.change_table(comparison),
        tables.group_table(comparison.backends), tables.group_table((*comparison.families, comparison.overall)),
        tables.control_table(comparison), tables.unmatched_table(comparison))


def _closer(comparison: Comparison, anchor: str) -> tuple[tuple[Figure, ...], tuple[str, ...]]:
    """Figures that look closer, and why those that are missing are."""
    figures = list(process_figures(comparison, anchor))
    without = []
    for figure, why in (
        (paths_figure(comparison, anchor), "Path and mix: in no cell did the mix of paths move."),
        (power_figure(comparison, anchor), "What could have been seen: not known, there are too few pairs."),
        (components_figure(comparison, anchor), "Where the spread comes from: these runs hold no repetitions, or "
                                                "one process a case."),
    ):
        figures += [figure] if figure is not None else []
        without += [why] if figure is None else []
    return tuple(figures), tuple(without)


def _about(run: Run) -> tuple[tuple[str, str], ...]:
    info = run.info
    return (
        ("machine", run.environment.machine), ("command", info.command), ("ipcmark", f"{info.version}, git {info.git}"),
        ("rounds", f"{info.rounds}, {info.repetitions} windows of {info.window_ms} ms a process"),
        ("measured", f"{info.started_at} to {info.ended_at or '(not ended)'}"),
    )


def _cells_note(comparison: Comparison, most: int) -> str:
    total = len(comparison.cells)
    common = tables.common_reasons(comparison.cells)
    told = f" Of every case: {'; '.join(common)}." if common else ""
    if total <= tables.MOST_IN_FULL and total <= most:
        return says(comparison) + told
    rows = f"The {most} of {total} cases that matter most; export the runs for the others. " if total > most else ""
    return (f"{rows}With more than {tables.MOST_IN_FULL} cases only those that are starred or took another mix have "
            f"their command and all their figures. The command of any other is the same with its name. {says(comparison)}{told}")
