"""Reads what the plugin counted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ipcmark_report.model import BadInput
from ipcmark_report.text import one_line

# Of each case the instructions at each address.
Counts = Mapping[int, Mapping[int, int]]


def read_counts(path: Path) -> Counts:
    """By the number of the case; of several windows the sum."""
    try:
        lines = path.read_text("ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise _wrong(path, str(error)) from error
    if lines[-1:] != ["end"]:
        raise _wrong(path, "QEMU did not end by itself")
    found: dict[int, dict[int, int]] = {}
    window: dict[int, int] = {}
    for line in lines[:-1]:
        first, _, second = line.partition(" ")
        try:
            if first == "window":
                window = found.setdefault(int(second), {})
            else:
                window[int(first, 16)] = window.get(int(first, 16), 0) + int(second)
        except ValueError as error:
            raise _wrong(path, f"odd line {line!r}") from error
    return found


def _wrong(path: Path, why: str) -> BadInput:
    return BadInput(f"{one_line(str(path))}: no counts of the plugin: {one_line(why)}; boot the kernel again")
