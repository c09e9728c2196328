"""Where this package keeps things: below the user's cache, nowhere else."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """By the XDG base directory specification; relative paths are to be ignored by it."""
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    base = named if named.is_absolute() else Path.home() / ".cache"
    return base / "ipcmark" / "kernels"
