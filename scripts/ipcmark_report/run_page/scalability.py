"""The universal scalability law over the cells of a contention figure: fits, columns and what they say."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from .. import units
from . import usl
from ..cells import Cell, Value, at_placement, placements
from ..stats import Spread
from ..tables import Column
from .usl import Usl
from ..views import Point, Series

# A fitted line has so many points.
_POINTS = 25
Fits = Mapping[tuple[str, str], Usl]


def fits_of(cells: Sequence[Cell], rate: Value) -> Fits:
    """By name and placement; a backend measured with too few numbers of processes has none."""
    points: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for cell in cells:
        peers, found = cell.case.number("processes"), cell.median(rate)
        if peers and found:
            points.setdefault((cell.name, cell.case.placement), []).append((float(peers), found))
    found = {key: usl.fit(*zip(*own)) for key, own in points.items()}
    return {key: law for key, law in found.items() if law is not None}


def lines(cells: Sequence[Cell], fits: Fits, style: Mapping[str, int]) -> tuple[Series, ...]:
    """The law between the fewest and the most processes of each backend."""
    counts: dict[tuple[str, str], list[int]] = {}
    for cell in cells:
        counts.setdefault((cell.name, cell.case.placement), []).append(cell.case.number("processes") or 1)
    found = []
    for key, own in counts.items():
        if key in fits:
            steps = [min(own) * (max(own) / min(own)) ** (step / (_POINTS - 1)) for step in range(_POINTS)]
            found.append(Series(key[0], style[key[0]], tuple(
                Point(n, Spread(y, y, y, 1)) for n in steps if (y := fits[key].rate(n)) > 0)))
    return tuple(found)


def columns(fits: Fits) -> tuple[Column, ...]:
    def column(title: str, write: object) -> Column:
        def text(cell: Cell) -> str:
            law = fits.get((cell.name, cell.case.placement))
            return "–" if law is None else write(law)  # type: ignore[operator]

        return title, text

    return (
        column("USL contention σ", lambda law: units.digits(law.contention)),
        column("USL crosstalk κ", lambda law: units.digits(law.crosstalk)),
        column("USL best number of processes N*", peak_text),
    )


def peak_text(law: Usl) -> str:
    return "no limit" if math.isinf(law.peak) else f"{law.peak:.1f}"


def says(cells: Sequence[Cell], rate: Value, fits: Fits) -> str:
    """At each placement: who does most with all processes, and what the law says of it."""
    sentences = []
    for placement in placements(cells):
        own = at_placement(cells, placement)
        most = max((cell.case.number("processes") or 1 for cell in own), default=1)
        full = [(found, cell) for cell in own
                if cell.case.number("processes") == most and (found := cell.median(rate))]
        if not full:
            continue
        found, cell = max(full, key=lambda pair: (pair[0], pair[1].name))
        text = f"{placement.capitalize() if placement == 'unpinned' else f'At {placement}'}, {cell.name} does most with {most} processes, "
        text += units.amount(found, units.rate_scale("operations"))
        law = fits.get((cell.name, placement))
        if law is not None:
            text += (f"; by the fitted law its rate grows without limit (σ {units.digits(law.contention)})" if math.isinf(law.peak)
                     else f"; by the fitted law every further process slows it down (σ {units.digits(law.contention)}, "
                          f"κ {units.digits(law.crosstalk)})" if law.peak < 1.5
                     else f"; by the fitted law more than {law.peak:.0f} only slow it down (σ {units.digits(law.contention)}, "
                          f"κ {units.digits(law.crosstalk)})")
        sentences.append(text + ".")
    gaining = sum(law.peak > 1.5 for law in fits.values())
    if fits:
        sentences.append(f"{gaining} of {len(fits)} fitted curves gain anything from a second process.")
    return " ".join(sentences)
