"""What the pages share: templates, style, script and drawings as markup."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from .charts import draw
from .views import Figure

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Assets:
    """`script_hash` is what the page's policy allows: this script and no other."""

    style: Markup
    script: Markup
    script_hash: Markup


def environment() -> Environment:
    """Templates of this package; all text in them is escaped."""
    return Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined,
                       trim_blocks=True, lstrip_blocks=True)


def assets() -> Assets:
    script = (HERE / "page.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    return Assets(Markup((HERE / "page.css").read_text(encoding="utf-8")), Markup(script),
                  Markup(f"'sha256-{digest}'"))


def drawings(figures: Iterable[Figure], tip: Callable[[str], str]) -> dict[str, Markup]:
    """Each figure's drawing by its anchor; `tip` says of a case what its points show."""
    return {
        figure.anchor: Markup(draw(figure.drawing, figure.anchor, figure.title, tip, figure.says or figure.question))
        for figure in figures
    }
