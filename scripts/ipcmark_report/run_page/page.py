"""Writes a Summary as one self-contained HTML page."""

from __future__ import annotations

from functools import partial
from itertools import groupby

from ..markup import assets, drawings, environment
from ..recipes import command
from ..views import Summary


def render(summary: Summary) -> str:
    """The page. All text is escaped; only drawings, the style sheet and the script, all made here, are not."""
    again = partial(command, summary.recipe)
    drawn = drawings(summary.figures, again)
    return environment().get_template("run_page/page.html.j2").render(
        summary=summary, figures=drawn.by_anchor, assets=assets(drawn.style), command=again,
        head_rows=[(topic, list(rows)) for topic, rows in groupby(summary.headline.rows, lambda row: row.topic)],
        changed=[row for row in summary.environment if row.end is not None],
    )
