"""Which run directories a command line names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def sides(runs: Sequence[Path]) -> list[Path]:
    """As they are; for a single folder of `ipcmark run --versus`, the two runs that it holds."""
    both = [runs[0] / "base", runs[0] / "versus"] if len(runs) == 1 else []
    return both if both and all((one / "run.json").exists() for one in both) else list(runs)
