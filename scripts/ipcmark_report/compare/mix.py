"""The verdict on a mix of paths, and whether a figure of the whole may be believed beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .discovery import ALPHA
from .model import Change, Design, Mix, Path, Whole
from .paths import LEAST_SWITCHES

SIGNS = "the paths and the whole disagree in sign"
MIX = "the mix changed"


def judged(mix: Mix, q: float, change: Change, design: Design) -> Mix:
    """With its verdict, and with what the whole hides. `change` is what gives the cell's verdict."""
    changed = q < ALPHA and abs(mix.new_switches - mix.base_switches) > LEAST_SWITCHES
    if design is Design.INTERLEAVED:
        simpson = changed and _hides(mix, change)
        return replace(mix, q=q, changed=changed, simpson=simpson, says=_says(mix, change, changed, simpson))
    against = tuple(why for why, holds in ((SIGNS, _disagree(mix, change, changed)), (MIX, changed)) if holds)
    simpson = SIGNS in against and _is_sure(mix.whole) and _is_sure(change)
    # Within paths the mix is out of the figure, unless it moved within one as well.
    remains = changed and mix.left > LEAST_SWITCHES
    says = _says_within(mix, changed, simpson, against)
    return replace(mix, q=q, changed=changed, simpson=simpson, says=says, against_whole=against,
                   withheld=says if remains else "")


def _hides(mix: Mix, change: Change) -> bool:
    """Every path that both sides took moved one way, and the whole moved the other."""
    if change.ratio is None or change.p is None or change.p >= ALPHA or change.ratio == 1:
        return False
    ways = [_way(path) for path in mix.paths if path.ratio is not None]
    whole = 1 if change.ratio > 1 else -1
    return bool(ways) and all(way == -whole for way in ways)


def _way(path: Path) -> int:
    """1: surely slower, -1: surely faster, 0: neither is sure."""
    if path.interval is None:
        return 0
    return int(path.interval.low > 1) - int(path.interval.high < 1)


def _disagree(mix: Mix, change: Change, changed: bool) -> bool:
    """The whole points the other way than what is compared within paths; where neither is sure that says nothing."""
    if mix.whole is None or change.ratio is None or not (_is_sure(mix.whole) or (changed and _is_sure(change))):
        return False
    return (mix.whole.ratio - 1) * (change.ratio - 1) < 0


def _is_sure(one: Change | Whole | None) -> bool:
    return one is not None and one.p is not None and one.p < ALPHA


def _says(mix: Mix, change: Change, changed: bool, simpson: bool) -> str:
    if not changed:
        return ""
    name = _paradox(faster=change.ratio is not None and change.ratio < 1) if simpson else ""
    return f"{name}{_moved(mix)}" if simpson else f"{_moved(mix)}; {_like_for_like(mix)}"


def _says_within(mix: Mix, changed: bool, simpson: bool, against: Sequence[str]) -> str:
    if not against:
        return ""
    parts = [_moved(mix)] if changed else []
    if len(mix.paths) == 1:
        parts.append("no star, since the processes' paths cannot be told apart")
    else:
        whole = f"the whole, {_percent(mix.whole.ratio)}" if mix.whole is not None else "the whole"
        parts += [_like_for_like(mix), f"no star from {whole}, since {' and '.join(against)}"]
        if changed and mix.left > LEAST_SWITCHES:
            parts.append("nor from the paths, since the mix moved within them too")
    return (_paradox(faster=mix.whole is not None and mix.whole.ratio < 1) if simpson else "") + "; ".join(parts)


def _paradox(*, faster: bool) -> str:
    return "Simpson: paths slower, mix better; " if faster else "Simpson: paths faster, mix worse; "


def _moved(mix: Mix) -> str:
    return (f"another mix of paths: {mix.base_switches:.2f} involuntary switches an operation, "
            f"then {mix.new_switches:.2f}")


def _like_for_like(mix: Mix) -> str:
    shared = [path.ratio for path in mix.paths if path.ratio is not None]
    if not shared:
        return "no process of either side took the same path"
    return f"like for like {', '.join(map(_percent, shared))}"


def _percent(ratio: float) -> str:
    return f"{100 * (ratio - 1):+.1f} %"
