"""Makes a drawn SVG fit to stand inside a page: its own ids, the page's colours, a name."""

from __future__ import annotations

import re
from xml.etree import ElementTree

# Colours to draw with, replaced here by the page's own, which follow light and dark.
INK = "#101112"
GRID = "#d0d1d2"
_THEME = {
    INK: "currentColor",
    GRID: "var(--grid, #d0d1d2)",
    "#0072b2": "var(--blue, #0072b2)",
    "#d55e00": "var(--vermilion, #d55e00)",
}
_SVG = "http://www.w3.org/2000/svg"
_LINK = "{http://www.w3.org/1999/xlink}href"
_REFERENCE = re.compile(r"url\(#([^)]*)\)")
_COLOUR = re.compile("|".join(_THEME))
_LONG_DECIMAL = re.compile(r"(\.\d\d)\d+")


def finished(document: str, anchor: str, title: str) -> str:
    """The root element alone. Ids carry the anchor: one page holds many drawings."""
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    root = ElementTree.fromstring(document)
    # Metadata repeats the page's; a style element here would hold for the whole page.
    for name in ("metadata", "defs"):
        for element in root.findall(f"{{{_SVG}}}{name}"):
            if not any(element.find(f"{{{_SVG}}}{kept}") is not None for kept in ("clipPath", "pattern")):
                root.remove(element)
    for element in root.iter():
        for key, value in element.attrib.items():
            element.set(key, _attribute(key, value, anchor))
    # The drawing's size in points would fix its width; the view box keeps its shape.
    width = float(root.attrib.pop("width").removesuffix("pt"))
    root.attrib.pop("height")
    root.set("style", f"max-width:{width * 1.5:.0f}px")
    root.set("role", "img")
    root.set("aria-label", title)
    return ElementTree.tostring(root, encoding="unicode")


def _attribute(key: str, value: str, anchor: str) -> str:
    if key == "id":
        return f"{anchor}-{value}"
    if key == _LINK:
        return value.replace("#", f"#{anchor}-", 1)
    if key in ("d", "x", "y"):
        return _LONG_DECIMAL.sub(r"\1", value)
    themed = _COLOUR.sub(lambda match: _THEME[match.group()], value)
    return _REFERENCE.sub(rf"url(#{anchor}-\1)", themed)
