"""Writes a ComparisonPage as one self-contained HTML page."""

from __future__ import annotations

from functools import partial

from markupsafe import Markup

from ...markup import assets, drawings, environment
from ...recipes import command
from .assemble import ComparisonPage

TEMPLATE = "compare.html.j2"


def render(page: ComparisonPage) -> str:
    """All text is escaped; only drawings, the style sheet and the script, all made here, are not."""
    drawn: dict[str, Markup] = drawings([*page.maps, *([page.ladder] if page.ladder else [])], str)
    for part in page.parts:
        drawn |= drawings(part.figures, lambda case, part=part: part.tips.get(case, case))
    commands = {part.anchor: partial(command, part.recipe) for part in page.parts}
    return environment().get_template(TEMPLATE).render(page=page, drawings=drawn, commands=commands, assets=assets())
