"""Addresses of a kernel become functions: /proc/kallsyms or System.map, which look alike."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ipcmark_report.model import BadInput
from ipcmark_report.text import one_line

USER_SPACE = "(user space)"
UNKNOWN = "(no symbol)"
# Where the upper half of the addresses begins, which is the kernel's.
_KERNEL = 1 << 63
_LINE = re.compile(r"([0-9a-fA-F]{1,16}) ([tTwW]) (\S+)(\s|$)")
# Names of places rather than of functions, and paddings before functions.
_PLACE = re.compile(r"(_{0,2}(s|e)(text|inittext|exittext)|_text|.*_(start|end|begin))$")
_PADDING = re.compile(r"__(pfx|cfi)_|\.L")


@dataclass(frozen=True)
class Symbols:
    """Functions by rising address; each reaches to the next."""

    addresses: tuple[int, ...]
    names: tuple[str, ...]

    def name(self, address: int) -> str:
        if address < _KERNEL and not self._covers(address):
            return USER_SPACE
        return self.names[bisect_right(self.addresses, address) - 1] if self._covers(address) else UNKNOWN

    def _covers(self, address: int) -> bool:
        """What lies far behind the last function is none of it."""
        return bool(self.addresses) and self.addresses[0] <= address < self.addresses[-1] + (1 << 16)


def read_symbols(path: Path) -> Symbols:
    try:
        return symbols_of(path.read_text("utf-8", errors="replace").splitlines(), str(path))
    except OSError as error:
        raise BadInput(f"{one_line(str(path))}: cannot be read: {error.strerror}; name the System.map of the kernel") from error


def symbols_of(lines: Iterable[str], source: str) -> Symbols:
    """Of several names of one address the plainest, so that kernels name alike what is alike."""
    best: dict[int, tuple[bool, int, str]] = {}
    for line in lines:
        if (found := _LINE.match(line)) is None or _PADDING.match(found[3]):
            continue
        address, rank = int(found[1], 16), (bool(_PLACE.match(found[3])), len(found[3]), found[3])
        best[address] = min(best.get(address, rank), rank)
    addresses = sorted(best)
    if not addresses or addresses[-1] == 0:
        raise BadInput(f"{one_line(source)}: names no functions with their addresses; name the System.map of the kernel, or "
                       "read /proc/kallsyms as root")
    return Symbols(tuple(addresses), tuple(best[address][2] for address in addresses))


def by_function(counts: Mapping[int, int], symbols: Symbols) -> dict[str, int]:
    """Instructions of each function, the most first."""
    found: dict[str, int] = {}
    for address, count in counts.items():
        name = symbols.name(address)
        found[name] = found.get(name, 0) + count
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))
