"""Reads what the plugin counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ipcmark_report.model import BadInput
from ipcmark_report.text import one_line

# Of each window the instructions at each address.
Window = Mapping[int, int]
# The windows of each case, by its number.
Counts = Mapping[int, Sequence[Window]]


def read_counts(path: Path) -> Counts:
    """As they followed one another."""
    try:
        lines = path.read_text("ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise _wrong(path, str(error)) from error
    if lines[-1:] != ["end"]:
        raise _wrong(path, "QEMU did not end by itself")
    found: dict[int, list[dict[int, int]]] = {}
    window: dict[int, int] = {}
    for line in lines[:-1]:
        first, _, second = line.partition(" ")
        try:
            if first == "window":
                window = {}
                found.setdefault(int(second), []).append(window)
            else:
                window[int(first, 16)] = window.get(int(first, 16), 0) + int(second)
        except ValueError as error:
            raise _wrong(path, f"odd line {line!r}") from error
    return found


def together(windows: Iterable[Window]) -> dict[int, int]:
    """Their sum."""
    found: dict[int, int] = {}
    for window in windows:
        for address, count in window.items():
            found[address] = found.get(address, 0) + count
    return found


def _wrong(path: Path, why: str) -> BadInput:
    return BadInput(f"{one_line(str(path))}: no counts of the plugin: {one_line(why)}; boot the kernel again")
