"""Ratios with their intervals: the slowest and fastest cells, and each family with its whole."""

from __future__ import annotations

from collections.abc import Sequence

from ....views import Table
from ...model import Cell, Comparison, Group, Verdict
from .. import percent
from ..tables import verdict
from ..marks import Mark, by_family, by_weight, distance, drawable, is_confounded, mark, parameters, short_name
from ..views import Effect, EffectPanel, Effects, Figure

# Of the slowest and of the fastest.
MOST_ENDS = 15
MOST_OF_FAMILY = 30
_AXIS = (
    "Time an operation, new over base, on a scale of ratios: right of the line takes longer. The stroke is the 95 % interval, "
    "none where there are too few pairs for one; the grey ground is the threshold, below which nothing is a change. "
    "Filled: starred; large ring: equivalent; square: confounded; small ring: neither."
)
_BRIEF = "Time an operation, new over base; strokes, ground and marks as in the slowest and fastest cells."


def waterfall(comparison: Comparison, prefix: str) -> Figure | None:
    cells = sorted((cell for cell in comparison.cells if drawable(cell.judged.ratio)),
                   key=lambda cell: (-(cell.judged.ratio or 1), cell.case.text))
    if not cells:
        return None
    slow = [cell for cell in cells if (cell.judged.ratio or 1) > 1][:MOST_ENDS]
    fast = [cell for cell in cells if (cell.judged.ratio or 1) <= 1][-MOST_ENDS:]
    panels = tuple(EffectPanel(title, tuple(whole_name(cell) for cell in own))
                   for title, own in (("slowest", slow), ("fastest", fast)) if own)
    return Figure(
        f"{prefix}waterfall", "The slowest and the fastest cells", "Where to look first?", _ends_say(slow, fast),
        Effects(panels), _AXIS, effect_table([*slow, *fast]),
        (f"Drawn are at most {MOST_ENDS} at each end, of {len(cells)}.",))


def _ends_say(slow: Sequence[Cell], fast: Sequence[Cell]) -> str:
    texts = []
    for word, cell in (("Slowest", slow[0] if slow else None), ("Fastest", fast[-1] if fast else None)):
        if cell is not None:
            star = "a change" if cell.judged.starred else "no star"
            texts.append(f"{word}: {cell.case.text}, {percent.with_interval(cell.judged)}, {star}.")
    return " ".join(texts)


def forests(comparison: Comparison, prefix: str, most: int) -> list[Figure]:
    """At most so many, families with starred cells first."""
    families = by_family(cell for cell in comparison.cells if drawable(cell.judged.ratio))
    wholes = {group.name: group for group in comparison.families}
    ranked = sorted(((family, cells) for family, cells in families.items() if len(cells) > 1), key=lambda item: (
        not any(cell.judged.starred for cell in item[1]), -max(distance(cell.judged) for cell in item[1])))
    found = [_forest(family, cells, wholes.get(family), f"{prefix}forest-{index}")
             for index, (family, cells) in enumerate(ranked[:most])]
    single = [cells[0] for cells in families.values() if len(cells) == 1]
    return [*found, *([_singles(single, f"{prefix}forest-single")] if single else [])]


def _singles(cells: Sequence[Cell], anchor: str) -> Figure:
    drawn = sorted(by_weight(cells)[:MOST_OF_FAMILY], key=lambda cell: -(cell.judged.ratio or 1))
    starred = sum(cell.judged.starred for cell in cells)
    return Figure(
        anchor, "Families of one case", "And where there is one case only?",
        f"{starred or 'None'} of {_cells(len(cells))} {'have' if starred > 1 else 'has'} a star.",
        Effects((EffectPanel("one case each", tuple(whole_name(cell) for cell in drawn)),)), _BRIEF, effect_table(drawn),
        (f"Drawn are {len(drawn)} of {len(cells)} cases, those that matter most.",) if len(cells) > len(drawn) else ())


def _forest(family: str, cells: Sequence[Cell], whole: Group | None, anchor: str) -> Figure:
    drawn = by_weight(cells)[:MOST_OF_FAMILY]
    drawn.sort(key=lambda cell: -(cell.judged.ratio or 1))
    rows = [effect(cell, short_name(cell)) for cell in drawn]
    if whole is not None and drawable(whole.ratio):
        rows.append(_of_group(whole))
    left = len(cells) - len(drawn)
    return Figure(
        anchor, f"Changes in {family}", "Is it one case, one backend, or the whole family?", _family_says(cells, whole),
        Effects((EffectPanel(family, tuple(rows)),)),
        _BRIEF + " The diamond is the geometric mean of the family's cells.",
        effect_table(drawn),
        (f"Drawn are {len(drawn)} of {len(cells)} cases, those that matter most.",) if left else ())


def _family_says(cells: Sequence[Cell], whole: Group | None) -> str:
    starred = [cell for cell in cells if cell.judged.starred]
    mean = f" The family as a whole: {percent.with_interval(whole)}." if whole and whole.ratio is not None else ""
    if not starred:
        return f"None of {_cells(len(cells))} has a star.{mean}"
    backends = sorted({cell.case.backend for cell in starred})
    all_of = len({cell.case.backend for cell in cells})
    return (f"{len(starred)} of {_cells(len(cells))} {'have' if len(starred) > 1 else 'has'} a star, of {len(backends)} of "
            f"{all_of} {'backend' if all_of == 1 else 'backends'} ({', '.join(backends[:4])}"
            f"{', …' if len(backends) > 4 else ''}).{mean}")


def _cells(count: int) -> str:
    return f"{count} {'cell' if count == 1 else 'cells'}"


def whole_name(cell: Cell) -> Effect:
    """Among cells of several families: the backend, and below it where and with what."""
    case = cell.case
    return effect(cell, f"{case.measure}/{case.noun}/{case.backend}", " ".join(filter(None, (parameters(cell), case.placement))))


def effect(cell: Cell, label: str, under: str = "") -> Effect:
    found = cell.judged.interval
    return Effect(label, cell.judged.ratio or 1.0, found.low if found else None, found.high if found else None,
                  cell.judged.threshold, mark(cell), confounded=is_confounded(cell), tip=_tip(cell), under=under)


def controls_figure(comparison: Comparison, prefix: str) -> Figure | None:
    """What nothing but the machine can move."""
    drawn = [cell for cell in comparison.controls if drawable(cell.judged.ratio)]
    if not drawn:
        return None
    moved = [cell for cell in drawn if cell.judged.starred]
    says = (f"{len(moved)} of {len(drawn)} moved: {', '.join(cell.case.text for cell in moved)}. Then so may any other case, for "
            "no reason of its own." if moved else f"None of {len(drawn)} moved.")
    return Figure(
        f"{prefix}controls", "Negative controls", "Did what cannot change change?", says,
        Effects((EffectPanel("negative controls", tuple(whole_name(cell) for cell in drawn)),)),
        _BRIEF + " Controls are arithmetic, a copy in the nearest cache, and two peers that spin on one cache line.",
        effect_table(drawn))


def _tip(cell: Cell) -> str:
    return f"{cell.case.text}: {percent.with_interval(cell.judged)}, {verdict(cell)}"


def _of_group(group: Group) -> Effect:
    found = group.interval
    return Effect("all of it", group.ratio or 1.0, found.low if found else None, found.high if found else None, None,
                  group_mark(group), whole=True)


def group_mark(group: Group) -> Mark:
    if group.verdict in (Verdict.REGRESSION, Verdict.IMPROVEMENT):
        return Mark.STARRED
    return Mark.EQUIVALENT if group.verdict is Verdict.EQUIVALENT else Mark.INCONCLUSIVE


def effect_table(cells: Sequence[Cell]) -> Table:
    return Table(
        ("case", "verdict", "change", "95 % interval", "pairs", "q", "threshold"), 2,
        tuple((cell.case.text, cell.judged.verdict.value, percent.change(cell.judged.ratio),
               percent.interval(cell.judged.interval), str(cell.judged.pairs), percent.probability(cell.judged.q),
               percent.size(cell.judged.threshold)) for cell in cells))
