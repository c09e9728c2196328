"""The order of Debian's version numbers, by deb-version(7)."""

from __future__ import annotations

import re

_PART = re.compile(r"([^0-9]*)([0-9]*)")


def version_key(version: str) -> tuple[object, ...]:
    """Sorts as `dpkg --compare-versions` does: a tilde before the end, letters before other signs."""
    epoch, colon, rest = version.partition(":")
    if not colon:
        epoch, rest = "0", version
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "0")
    return int(epoch), _part_key(upstream), _part_key(revision)


def series_of(version: str) -> str:
    """The series of a kernel's version: 6.12 of 6.12.117-1~deb12u1."""
    match = re.match(r"(?:[0-9]+:)?([0-9]+\.[0-9]+)", version)
    return match.group(1) if match else version


def _part_key(text: str) -> tuple[tuple[tuple[int, ...], int], ...]:
    pieces = [piece for piece in _PART.findall(text) if piece != ("", "")]
    # The end weighs more than a tilde and less than all else, so each text has to have one.
    return tuple((_text_key(letters), int(digits or 0)) for letters, digits in [*pieces, ("", "")])


def _text_key(letters: str) -> tuple[int, ...]:
    return (*(_weight(sign) for sign in letters), 0)


def _weight(sign: str) -> int:
    if sign == "~":
        return -1
    return ord(sign) if sign.isalpha() else ord(sign) + 256
