"""Writes a Summary as one self-contained HTML page; the only module that writes HTML."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from .charts import draw
from .files import write_whole
from .views import Summary

HERE = Path(__file__).resolve().parent


def render(summary: Summary) -> str:
    """The page. All text is escaped; only drawings and the style sheet, both made here, are not."""
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )
    figures = {
        figure.anchor: Markup(draw(figure.drawing, figure.anchor, figure.title))
        for section in (summary.trust, *summary.sections) for figure in section.figures
    }
    style = Markup((HERE / "page.css").read_text(encoding="utf-8"))
    return environment.get_template("page.html.j2").render(
        summary=summary, figures=figures, style=style,
        head=[(topic, list(rows)) for topic, rows in groupby(summary.headline.rows, lambda row: row.topic)],
        changed=[row for row in summary.environment if row.end is not None],
    )


def write(page: str, target: Path) -> None:
    """Writes the whole page or nothing."""
    write_whole(page.encode("utf-8"), target)
