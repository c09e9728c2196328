"""The best backend at each message size, and the sizes at which something changes in the machine or the kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .. import units
from ..cells import Cell, Value, at_placement, placements, sizes
from ..stats import Spread
from ..views import Drawing, Point, Rule

# pipe(7): writes up to so many bytes are whole; a page has as many on most machines.
_PIPE_BUF = 4096
_PIPE_CAPACITY = 65536
Best = tuple[int, float, str]  # size, rate, backend


def with_ridges(drawing: Drawing, panels: Sequence[str], cells: Sequence[Cell], rate: Value,
                caches: Sequence[tuple[int, int]]) -> Drawing:
    """The drawing with the marks of rules(), and a ridge in each of its panels, which are of these placements."""
    marks = rules(caches)
    return replace(drawing, panels=tuple(
        replace(panel, rules=marks, ridge=tuple(
            Point(float(size), Spread(best, best, best, 1)) for size, best, _ in ridge(at_placement(cells, placement), rate)))
        for panel, placement in zip(drawing.panels, panels)))


def rules(caches: Sequence[tuple[int, int]]) -> tuple[Rule, ...]:
    return (Rule(_PIPE_BUF, "PIPE_BUF, page"), Rule(_PIPE_CAPACITY, "64 KiB"),
            *(Rule(float(size), f"L{level}") for level, size in caches))


def ridge(cells: Sequence[Cell], rate: Value) -> list[Best]:
    """The best at each size, by rising size."""
    found = []
    for size in sizes(cells):
        own = [(value, cell.name) for cell in cells if cell.case.number("size") == size and (value := cell.median(rate))]
        if own:
            value, name = max(own)
            found.append((size, value, name))
    return found


def ridge_says(cells: Sequence[Cell], rate: Value, caches: Sequence[tuple[int, int]]) -> str:
    """At each placement: who is best up to which size, and where the most is moved."""
    sentences = []
    for placement in placements(cells):
        best = ridge(at_placement(cells, placement), rate)
        if not best:
            continue
        reigns: list[list[Best]] = []
        for one in best:
            if reigns and reigns[-1][-1][2] == one[2]:
                reigns[-1].append(one)
            else:
                reigns.append([one])
        parts = [f"{reign[0][2]} from {units.size(reign[0][0])}" + (f" to {units.size(reign[-1][0])}" if len(reign) > 1 else "")
                 for reign in reigns]
        text = f"{placement.capitalize() if placement == 'unpinned' else f'At {placement}'}, " + ("the best is " + ", then ".join(parts))
        size, peak, _ = max(best, key=lambda one: one[1])
        sentences.append(f"{text}; most bytes pass at {units.size(size)}, {units.amount(peak, units.bytes_scale)}{_after(best, size, caches)}.")
    return " ".join(sentences)


def _after(best: Sequence[Best], peak: int, caches: Sequence[tuple[int, int]]) -> str:
    """What the next larger size outgrows, where there is one."""
    larger = [size for size, _, _ in best if size > peak]
    if not larger:
        return ""
    passed = [f"L{level}" for level, size in caches if peak <= size < larger[0]]
    return f", the last that fits into {passed[0]}" if passed else ""
