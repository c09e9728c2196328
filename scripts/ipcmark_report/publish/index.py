"""The index of published reports: a page that lists what lies in a directory, the newest first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

from ..markup import assets, environment
from ..text import plain

INDEX = "index.html"
# What explains the reports is none.
_GUIDES = ("README.md", "FORMAT.md")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_EMPHASIS = re.compile(r"(\*{1,2})(?=\S)(.+?)(?<=\S)\1", re.DOTALL)


@dataclass(frozen=True)
class Entry:
    """One published report; `data` names the files beside it that it was made from."""

    file: str
    title: str
    description: str
    data: tuple[str, ...]


def entries_of(folder: Path) -> list[Entry]:
    """Pages and texts, by name from the last: names begin with a date."""
    reports = [file for file in folder.iterdir()
               if file.suffix in (".html", ".md") and file.name not in (INDEX, *_GUIDES)]
    return [_entry(file) for file in sorted(reports, key=lambda file: file.name, reverse=True)]


def index_page(folder: Path) -> str:
    return environment().get_template("publish/index.html.j2").render(entries=entries_of(folder), assets=assets())


def _entry(file: Path) -> Entry:
    text = file.read_text(encoding="utf-8", errors="replace")
    title, description = _of_page(text) if file.suffix == ".html" else _of_text(text)
    # Only data of its own name: one report's name may begin with another's.
    data = sorted(one.name for one in file.parent.iterdir()
                  if one.suffix in (".json", ".xz") and one.name.startswith(file.stem)
                  and one.name[len(file.stem):][:1] in (".", "-"))
    return Entry(file.name, plain(title) or file.stem, plain(description), tuple(data))


class _Head(HTMLParser):
    """Takes a page's title and description."""

    def __init__(self) -> None:
        super().__init__()
        self.title = self.description = ""
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # A drawing has titles too.
        self._in_title = tag == "title" and not self.title
        values = dict(attrs)
        if tag == "meta" and values.get("name") == "description":
            self.description = values.get("content") or ""

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data

    def handle_endtag(self, tag: str) -> None:
        self._in_title = False


def _of_page(text: str) -> tuple[str, str]:
    head = _Head()
    head.feed(text.partition("</head>")[0])
    return head.title.strip(), head.description.strip()


def _of_text(text: str) -> tuple[str, str]:
    """The first heading of a Markdown text, and the paragraph below it."""
    heading, _, rest = text.lstrip().partition("\n")
    paragraph = rest.strip().split("\n\n")[0]
    return heading.lstrip("# ").strip(), " ".join(_EMPHASIS.sub(r"\2", _LINK.sub(r"\1", paragraph)).replace("`", "").split())
