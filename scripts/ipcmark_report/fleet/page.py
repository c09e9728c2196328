"""A fleet becomes what its page shows, and the page as one self-contained HTML file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from markupsafe import Markup

from ..markup import assets, drawings, environment
from ..recipes import command
from ..views import Recipe, Table
from . import words
from .layout import WIDTH, layout_of
from .maps import host_figures, model_figure
from .model import Fleet
from .outliers import judge, outliers_of
from .rule import LEAST_HOSTS, THRESHOLD
from .views import HostMap, MapFigure

TEMPLATE = "fleet/fleet.html.j2"
# On the first screen.
MOST_NAMED = 12
MOST_REMARKS = 12


@dataclass(frozen=True)
class FleetPage:
    """`named` has a line of what and one of why a host; `remarks` what must be known first."""

    title: str
    says: str
    remarks: tuple[str, ...]
    more_remarks: tuple[str, ...]
    named: tuple[tuple[str, str, str], ...]
    more_named: tuple[tuple[str, str, str], ...]
    maps: tuple[MapFigure, ...]
    groups: Table
    hosts: Table
    cases: Table
    cases_note: str
    recipe: Recipe
    estimator: str
    least_hosts: int
    threshold: str

    @property
    def figures(self) -> tuple[MapFigure, ...]:
        return self.maps


def page_of(fleet: Fleet, reference: str | None = None) -> FleetPage:
    parts = judge(fleet)
    outliers = outliers_of(fleet, parts)
    recipe = fleet.groups[0].hosts[0].runs[0].recipe
    models = model_figure(fleet, reference, recipe)
    named = tuple((one.host.name, f"{one.group.name}: {words.what(one)}", words.why(one)) for one in outliers)
    cases = words.case_table(fleet, parts)
    remarks = (*words.disturbed(fleet), *fleet.remarks)
    return FleetPage(
        f"{words.count(len(fleet.hosts), 'host')} side by side", words.says(fleet, parts, outliers), remarks[:MOST_REMARKS],
        remarks[MOST_REMARKS:], named[:MOST_NAMED], named[MOST_NAMED:],
        (*host_figures(fleet, parts, recipe), *([models] if models else [])), words.group_table(fleet, parts),
        words.host_table(parts), cases, _note(cases, len(fleet.cases) * len(parts)), recipe, fleet.estimator, LEAST_HOSTS,
        f"{100 * THRESHOLD:g} %")


def render(page: FleetPage) -> str:
    """All text is escaped; only drawings, the style sheet and the script, all made here, are not."""
    drawn = drawings(page.figures, str)
    return environment().get_template(TEMPLATE).render(
        page=page, drawings=drawn.by_anchor, assets=assets(drawn.style), command=partial(command, page.recipe),
        places={figure.anchor: places(figure.drawing) for figure in page.maps})


def places(view: HostMap) -> dict[str, Any]:
    """Where the fields of the drawing lie, in shares of its width and height, as the page's script takes it."""
    layout = layout_of(view)

    def share(value: float, of: float) -> str:
        return f"{value / of:.5f}"

    return {"left": share(layout.left, WIDTH), "column": share(layout.column, WIDTH), "row": share(layout.row, layout.height),
            "tops": Markup(" ".join(share(top, layout.height) for top in layout.tops))}


def _note(table: Table, fields: int) -> str:
    if len(table.rows) < words.MOST_CASES:
        return "Those in which a host is named come first, then those in which hosts differ most."
    return f"The {len(table.rows)} rows of at most {fields} that matter most; the others differ by less than the last of these."
