"""One process at a time where several would write the same cache."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ipcmark_report.model import BadInput


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Waits for whoever holds the folder now; the kernel lets go of it however the holder ends."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / "lock").open("w")
    except OSError as error:
        raise BadInput(f"{folder}: cannot be written: {error.strerror}; set XDG_CACHE_HOME to a folder that can") from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
