"""The order of kernel versions: pure functions."""

from __future__ import annotations

import re
from functools import lru_cache

# Before its release lies what is named after ~ (Debian) or as a candidate of it (the kernel itself).
_PART = re.compile(r"([~-]?rc(?=[.-]?\d)|~|\d{1,18}|[^\W\d_]+)")
_BEFORE, _END, _WORD, _NUMBER = range(4)

Key = tuple[tuple[int, int, str], ...]


@lru_cache(maxsize=4096)
def order(version: str) -> Key:
    """A key to sort by: 5.10 < 6.1 < 6.12 < 7.0~rc7 < 7.0-rc8 < 7.0 < 7.0.1."""
    key = []
    for part in _PART.findall(version.lower()):
        if part == "~":
            key.append((_BEFORE, 0, ""))
        elif part.lstrip("~-") == "rc":
            # A release that ends here, or goes on with a zero, is the later one.
            while key and key[-1] == (_NUMBER, 0, "") and len(key) > 2:
                key.pop()
            key.append((_BEFORE, 0, ""))
        elif part.isdecimal():
            key.append((_NUMBER, int(part), ""))
        else:
            key.append((_WORD, 0, part))
    return (*key, (_END, 0, ""))


def series(version: str) -> str:
    """`6.12` of 6.12.43-1; the whole where it does not begin so."""
    found = re.match(r"\d+\.\d+(?![^\W\d_])", version)
    return found.group() if found else version
