"""Makes foreign text safe to show: nothing in it can act, and nothing in it can hide."""

from __future__ import annotations

import unicodedata

# Control, format (which can reverse the reading direction), surrogate, private, unassigned.
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn"}


def plain(text: str) -> str:
    """The text with every invisible character but the line break spelled as an escape."""
    # Printable is what has none of _HIDDEN, and no line break.
    return text if text.isprintable() else "".join(_visible(c) for c in text)


def one_line(text: str) -> str:
    """As plain(), with line breaks spelled too: for messages and labels."""
    return plain(text).replace("\n", "\\n")


def flat(text: str) -> str:
    """On one line, with one space wherever there was any room: for what a tool said."""
    return one_line(" ".join(text.split()))


def shorten(text: str, limit: int) -> str:
    """The text on one line, its middle left out beyond `limit` characters."""
    line = one_line(text)
    if len(line) <= limit:
        return line
    head = (limit - 1) * 2 // 3
    return line[:head] + "…" + line[len(line) - (limit - 1 - head):]


def _visible(character: str) -> str:
    if character == "\n" or unicodedata.category(character) not in _HIDDEN:
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
