"""Makes a drawn SVG fit to stand inside a page: its own ids, the page's colours, a name, and what its points are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

# Colours to draw with, replaced here by the page's own, which follow light and dark.
INK = "#101112"
GRID = "#d0d1d2"
_THEME = {
    INK: "currentColor",
    GRID: "var(--grid)",
    "#0072b2": "var(--blue)",
    "#d55e00": "var(--vermilion)",
    "#009e73": "var(--green)",
    "#e69f00": "var(--orange)",
    "#56b4e9": "var(--sky)",
    "#cc79a7": "var(--purple)",
}
_SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"
_REFERENCE = re.compile(r"url\(#([^)]*)\)")
_COLOUR = re.compile("|".join(_THEME))
_LONG_DECIMAL = re.compile(r"-?\d+\.\d+")
# Around a path's letters spaces say nothing.
_SPACES = re.compile(r"\s*([A-Za-z])\s*|(?<=\d)\s+(?=[\d-])")
# So many marks of one kind are a crowd.
_CROWD = 60
_FONT = re.compile(r"font: (?:(\w+) )?([\d.]+)px [^;]*")
FAMILY = "DejaVu Sans, Verdana, sans-serif"


def finished(document: str, anchor: str, title: str, tips: Mapping[str, Sequence[str]] | None = None,
             description: str = "") -> str:
    """The root element alone. Ids carry the anchor: one page holds many drawings. `tips` are the names of the
    marks in the groups of these ids, in their order."""
    ElementTree.register_namespace("", _SVG[1:-1])
    ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    root = ElementTree.fromstring(document)
    # Metadata repeats the page's; a style element here would hold for the whole page.
    for name in ("metadata", "defs"):
        for element in root.findall(f"{_SVG}{name}"):
            if not any(element.find(f"{_SVG}{kept}") is not None for kept in ("clipPath", "pattern")):
                root.remove(element)
    _name_marks(root, tips or {})
    _merge_marks(root)
    _thin(root)
    ids = _short_ids(root)
    for element in root.iter():
        for key, value in element.attrib.items():
            element.set(key, _attribute(key, value, anchor, ids))
    # The drawing's size in points would fix its width; the view box keeps its shape.
    width = float(root.attrib.pop("width").removesuffix("pt"))
    root.attrib.pop("height")
    root.set("style", f"max-width:{width * 1.5:.0f}px")
    root.set("role", "img")
    root.set("aria-labelledby", f"{anchor}-title")
    root.insert(0, _said("title", anchor, title))
    if description:
        root.set("aria-describedby", f"{anchor}-desc")
        root.insert(1, _said("desc", anchor, description))
    return ElementTree.tostring(root, encoding="unicode").replace(" />", "/>")


def _said(kind: str, anchor: str, text: str) -> ElementTree.Element:
    element = ElementTree.Element(f"{_SVG}{kind}", {"id": f"{anchor}-{kind}"})
    element.text = text
    return element


def _name_marks(root: ElementTree.Element, tips: Mapping[str, Sequence[str]]) -> None:
    for group in root.iter(f"{_SVG}g"):
        names = tips.get(group.get("id", ""), ())
        if names and len(set(names)) == 1:
            # Once for all of them: the dots of one case may be a thousand.
            title = ElementTree.Element(f"{_SVG}title")
            title.text = names[0]
            group.insert(0, title)
            continue
        marks = list(group.iter(f"{_SVG}use"))
        # Where a mark is missing, nobody knows which one it is.
        if len(marks) != len(names):
            continue
        for mark, text in zip(marks, names):
            if text:
                ElementTree.SubElement(mark, f"{_SVG}title").text = text


def _merge_marks(root: ElementTree.Element) -> None:
    """Of many marks within a point of each other one is enough to be seen, where none has a name."""
    for group in root.iter(f"{_SVG}g"):
        marks = [child for child in group if child.tag == f"{_SVG}use"]
        if len(marks) < _CROWD or len(marks[0]):
            continue
        seen: set[tuple[int, int]] = set()
        for mark in marks:
            place = round(float(mark.get("x", "0"))), round(float(mark.get("y", "0")))
            if place in seen:
                group.remove(mark)
            seen.add(place)


def _thin(root: ElementTree.Element) -> None:
    """Takes away what says nothing: a page holds many drawings."""
    root.set("font-family", FAMILY)
    used = {value.removeprefix("#") for element in root.iter() for key, value in element.attrib.items() if key == _LINK}
    for element in root.iter():
        for value in element.attrib.values():
            used.update(_REFERENCE.findall(value))
    for element in root.iter():
        if element.get("id") not in used:
            element.attrib.pop("id", None)
        if element.get("transform", "").startswith("rotate(-0"):
            del element.attrib["transform"]
        element.text = element.text.strip() or None if element.text else None
        element.tail = None
        if "style" in element.attrib:
            element.set("style", _FONT.sub(_font, element.get("style", "")).replace(": ", ":").replace("; ", ";"))
    _flatten(root)


def _flatten(parent: ElementTree.Element) -> None:
    """Groups that group nothing give way to what they hold; a style that all children share is the group's."""
    children: list[ElementTree.Element] = []
    for child in list(parent):
        _flatten(child)
        bare = child.tag == f"{_SVG}g" and not child.attrib and child.find(f"{_SVG}title") is None
        children += list(child) if bare else [child]
    parent[:] = children
    styles = {child.get("style") for child in children if child.tag == f"{_SVG}use"}
    drawn = [child for child in children if child.tag not in (f"{_SVG}defs", f"{_SVG}title")]
    if parent.tag == f"{_SVG}g" and len(styles) == 1 and len(drawn) > 1 and None not in styles and all(
            child.tag == f"{_SVG}use" for child in drawn):
        parent.set("style", styles.pop() or "")
        for child in drawn:
            del child.attrib["style"]


def _short_ids(root: ElementTree.Element) -> dict[str, str]:
    """Of each id that is left a number; the drawing's anchor keeps drawings apart."""
    ids = [element.get("id", "") for element in root.iter() if element.get("id")]
    return {name: str(index) for index, name in enumerate(ids)}


def _attribute(key: str, value: str, anchor: str, ids: Mapping[str, str]) -> str:
    if key == "id":
        return f"{anchor}-{ids[value]}"
    if key == _LINK:
        return f"#{anchor}-{ids[value.removeprefix('#')]}"
    if key == "d":
        return _SPACES.sub(lambda found: found.group(1) or " ", _LONG_DECIMAL.sub(_rounded, value)).strip()
    if key in ("x", "y"):
        return _LONG_DECIMAL.sub(_rounded, value)
    themed = _COLOUR.sub(lambda match: _THEME[match.group()], value)
    return _REFERENCE.sub(lambda found: f"url(#{anchor}-{ids[found.group(1)]})", themed)


def _font(found: re.Match[str]) -> str:
    """The size and the weight: the family is the whole drawing's."""
    weight, size = found.groups()
    return f"font-size:{size}px" + (f";font-weight:{weight}" if weight else "")


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number.group()):.1f}".removesuffix(".0")
