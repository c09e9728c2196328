"""Where on an axis of versions each kernel stands: pure functions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from .model import Boots
from .versions import series


@dataclass(frozen=True)
class Columns:
    """`names` along the axis, and the column of each kernel by its place: flavours of one version share theirs."""

    names: tuple[str, ...]
    of: tuple[int, ...]


def columns_of(boots: Sequence[Boots]) -> Columns:
    """In the order given, each named as briefly as tells it from the others. Two kernels of one version and flavour
    have each a column, named by their directories."""
    seen: dict[tuple[str, str], int] = {}
    keys: list[tuple[str, int]] = []
    for one in boots:
        same = seen[one.kernel.version, one.kernel.flavour] = seen.get((one.kernel.version, one.kernel.flavour), 0) + 1
        keys.append((one.kernel.version, same))
    places = {key: at for at, key in enumerate(dict.fromkeys(keys))}
    twins = {version for version, same in places if same > 1}
    ids = {key: one.kernel.id for key, one in reversed(list(zip(keys, boots)))}
    briefly = [Counter(short(version) for version, _ in places) for short in _SHORTER]
    names = tuple(ids[version, same] if version in twins
                  else next((short(version) for short, count in zip(_SHORTER, briefly) if count[short(version)] == 1), version)
                  for version, same in places)
    return Columns(names, tuple(places[key] for key in keys))


def _upstream(version: str) -> str:
    """Without what Debian adds."""
    return re.split(r"[-+]", version)[0]


_SHORTER = (series, _upstream)
