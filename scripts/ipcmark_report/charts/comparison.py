"""Which chart draws which view of a comparison."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..compare.page import views
from .canvas import Canvas
from .changes import change_map
from .effects import effects
from .lines import ladder, power, shares
from .sides import paths, sequence, strips

CHARTS: dict[type, Callable[[Any], Canvas]] = {
    views.ChangeMap: change_map, views.Effects: effects, views.Strips: strips, views.Sequence: sequence,
    views.Paths: paths, views.Power: power, views.Ladder: ladder, views.Shares: shares,
}
