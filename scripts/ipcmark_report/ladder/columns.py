"""Where on an axis of versions each kernel stands: pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .model import Boots


@dataclass(frozen=True)
class Columns:
    """`names` along the axis, and the column of each kernel by its place: flavours of one version share theirs."""

    names: tuple[str, ...]
    of: tuple[int, ...]


def columns_of(boots: Sequence[Boots]) -> Columns:
    """In the order given. Two kernels of one version and flavour have each a column, named by their directories."""
    seen: dict[tuple[str, str], int] = {}
    keys: list[tuple[str, int]] = []
    for one in boots:
        same = seen[one.kernel.version, one.kernel.flavour] = seen.get((one.kernel.version, one.kernel.flavour), 0) + 1
        keys.append((one.kernel.version, same))
    places = {key: at for at, key in enumerate(dict.fromkeys(keys))}
    alone = {version for version, same in places if same == 1} - {version for version, same in places if same > 1}
    names = {key: one.kernel.version if key[0] in alone else one.kernel.id for key, one in reversed(list(zip(keys, boots)))}
    return Columns(tuple(names[key] for key in places), tuple(places[key] for key in keys))
