"""Path and mix of both sides: how often each way through the kernel was taken, and what it cost."""

from __future__ import annotations

from collections.abc import Sequence

from ....model import Run
from ....units import digits
from ....views import Table
from ...model import Cell, Change, Comparison, Mix, Path, Whole
from .. import percent
from ..marks import Mark, distance, drawable, mark, mix_moved
from ..views import Dot, Effect, Figure, PathPanel, Paths, Side
from .effects import effect

MOST_CELLS = 6
# Dots of one side beyond this cover each other.
MOST_DOTS = 400


def paths_figure(comparison: Comparison, prefix: str) -> Figure | None:
    """Cells whose mix moved; None where there are none."""
    cells = sorted((cell for cell in comparison.cells if mix_moved(cell) and _effects(cell)),
                   key=lambda cell: (not (cell.mix and cell.mix.simpson), -distance(cell.judged), cell.case.text))
    drawn = cells[:MOST_CELLS]
    if not drawn:
        return None
    names = {cell.case.text for cell in drawn}
    sides = ((comparison.base_name, _repetitions(comparison.base, names)),
             (comparison.new_name, _repetitions(comparison.new, names)))
    panels = tuple(PathPanel(
        cell.case.text, tuple(Side(name, found.get(cell.case.text, ())) for name, found in sides),
        _effects(cell)) for cell in drawn)
    return Figure(
        f"{prefix}paths", "Path and mix", "Did a path become dearer, or is another one taken?",
        " ".join(_says(cell) for cell in drawn[:3]),
        Paths(panels),
        "Above, each dot is one repetition: involuntary switches an operation against its typical time. A shift along the "
        "horizontal is a change of the mix, one along the vertical of what a path costs. Below, what each path's cost did, beside "
        "the whole; where they point to different sides, that is Simpson's paradox, and both are true. "
        "Sides that took no turns are judged within the paths, and the whole gives no star.",
        _table(drawn),
        (f"Drawn are {len(drawn)} of {len(cells)} cells whose mix moved.",) if len(cells) > len(drawn) else ())


def _says(cell: Cell) -> str:
    assert cell.mix is not None
    paradox = "Simpson's paradox: the paths moved one way and the whole the other. " if cell.mix.simpson else ""
    return f"{cell.case.text}: {paradox}{cell.mix.says}".rstrip()


def _repetitions(run: Run, cases: set[str]) -> dict[str, tuple[Dot, ...]]:
    found: dict[str, list[Dot]] = {}
    for process in run.processes:
        if process.case.text in cases:
            found.setdefault(process.case.text, []).extend(
                Dot(one.involuntary_switches, one.typical_ns) for one in process.repetitions)
    return {case: tuple(_thinned(dots)) for case, dots in found.items()}


def _thinned(dots: Sequence[Dot]) -> Sequence[Dot]:
    step = -(-len(dots) // MOST_DOTS)
    return dots[::step]


def _effects(cell: Cell) -> tuple[Effect, ...]:
    assert cell.mix is not None
    rows = [_of_path(path) for path in cell.mix.paths if path.ratio is not None]
    name = "the whole" if cell.mix.whole is None else "within the paths"
    judged = [effect(cell, name)] if drawable(cell.judged.ratio) else []
    return (*rows, *judged, *([] if cell.mix.whole is None else [_of_whole(cell.mix.whole)]))


def _of_whole(whole: Whole) -> Effect:
    """Never filled: it gives no star."""
    found = whole.interval
    return Effect("the whole", whole.ratio, found.low if found else None, found.high if found else None, None,
                  Mark.INCONCLUSIVE)


def _of_path(path: Path) -> Effect:
    found = path.interval
    starred = found is not None and not found.low <= 1 <= found.high
    return Effect(f"at {_switches(path)}", path.ratio or 1.0, found.low if found else None, found.high if found else None,
                  None, Mark.STARRED if starred else Mark.INCONCLUSIVE)


def _switches(path: Path) -> str:
    return f"{path.switches:.2g} switches, {_share(path.base_share)} → {_share(path.new_share)}"


def _share(share: float) -> str:
    return f"{100 * share:.0f} %"


def _table(cells: Sequence[Cell]) -> Table:
    rows = []
    for cell in cells:
        assert cell.mix is not None
        mix: Mix = cell.mix
        rows.append((cell.case.text, "the whole", "100 %", "100 %", digits(mix.base_switches), digits(mix.new_switches),
                     *_change(mix.whole or cell.judged), percent.probability(mix.q),
                     mark(cell).value if mix.whole is None else "gives no star"))
        if mix.whole is not None:
            rows.append((cell.case.text, "within the paths", *("–",) * 4, *_change(cell.judged), "–", mark(cell).value))
        rows += [(cell.case.text, f"at {path.switches:.2g} involuntary switches", _share(path.base_share),
                  _share(path.new_share), "–", "–", *_change(path), "–", "–")
                 for path in mix.paths]
    return Table(("case", "path", "share, base", "share, new", "switches an operation, base", "new", "change", "95 % interval",
                  "q of the mix", "mark"), 2, tuple(rows))


def _change(one: Change | Path | Whole) -> tuple[str, str]:
    return percent.change(one.ratio), percent.interval(one.interval)
