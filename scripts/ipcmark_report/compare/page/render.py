"""Writes a ComparisonPage as one self-contained HTML page."""

from __future__ import annotations

from functools import partial

from ...markup import assets, drawings, environment
from ...recipes import command
from .assemble import ComparisonPage

TEMPLATE = "compare/page/compare.html.j2"


def render(page: ComparisonPage) -> str:
    """All text is escaped; only drawings, the style sheet and the script, all made here, are not."""
    drawn = drawings(page.figures, str)
    commands = {part.anchor: partial(command, part.recipe) for part in page.parts}
    return environment().get_template(TEMPLATE).render(page=page, drawings=drawn.by_anchor, commands=commands,
                                                       assets=assets(drawn.style))
