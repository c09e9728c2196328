"""What the pages share: templates, style, script and drawings as markup."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from .charts import draw
from .views import Drawn

_BOX = re.compile(r' viewBox="0 0 ([\d.]+) ([\d.]+)"')
# A drawing is tall that is so many times as high as wide.
_TALL = 1.7
_STYLE = re.compile(r' style="([^"]*)"')
HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Assets:
    """`script_hash` is what the page's policy allows: this script and no other."""

    style: Markup
    script: Markup
    script_hash: Markup


def environment() -> Environment:
    """Templates of this package; all text in them is escaped."""
    made = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined,
                       trim_blocks=True, lstrip_blocks=True)
    made.tests["tall"] = is_tall
    return made


def is_tall(drawing: str) -> bool:
    """Whether two others find room beside it."""
    box = _BOX.search(drawing)
    return box is not None and float(box.group(2)) > _TALL * float(box.group(1))


def assets(drawn: str = "") -> Assets:
    """`drawn` is the style that the page's drawings share."""
    script = (HERE / "page.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    return Assets(Markup((HERE / "page.css").read_text(encoding="utf-8") + drawn), Markup(script),
                  Markup(f"'sha256-{digest}'"))


@dataclass(frozen=True)
class Drawings:
    """Each figure's drawing by its anchor, and the style that they share."""

    by_anchor: dict[str, Markup]
    style: str


def drawings(figures: Iterable[Drawn], tip: Callable[[str], str]) -> Drawings:
    """`tip` says of a case what its points show. A style is written once for all drawings: a page has as many as
    some ten thousand marks."""
    classes: dict[str, str] = {}

    def shared(found: re.Match[str]) -> str:
        return f' class="{classes.setdefault(found.group(1), f"s{len(classes)}")}"'

    by_anchor = {
        figure.anchor: Markup(_STYLE.sub(shared, draw(figure.drawing, figure.anchor, figure.title, tip,
                                                      figure.says or figure.question)))
        for figure in figures
    }
    return Drawings(by_anchor, "\n".join(f".{name}{{{html.unescape(style)}}}" for style, name in classes.items()))
