"""Keeps what takes long to make, whole or not at all, below the user's cache folder."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_folder() -> Path:
    """ipcmark/bundle in XDG_CACHE_HOME, which counts only where it is absolute."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(named) if named.startswith("/") else Path.home() / ".cache"
    return base / "ipcmark" / "bundle"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds `folder` against other processes that ask for it; the lock goes with the process."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"bundle: waits for another scripts/bundle that works in {folder}", file=sys.stderr)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def cached(folder: Path, name: str, make: Callable[[Path], None]) -> Path:
    """The folder `name`, made by `make` unless it is there. What is half made bears another name."""
    with locked(folder):
        entry = folder / name
        if entry.is_dir():
            return entry
        replace_whole(entry, make)
        return entry


def replace_whole(entry: Path, make: Callable[[Path], None]) -> None:
    """Makes the folder `entry` anew beside where it will be, and puts it there in one step."""
    entry.parent.mkdir(parents=True, exist_ok=True)
    # What a killed one left behind; whoever is at it now holds the lock.
    for left in entry.parent.glob(f"{entry.name}.partial-*"):
        shutil.rmtree(left, ignore_errors=True)
    partial = Path(tempfile.mkdtemp(prefix=f"{entry.name}.partial-", dir=entry.parent))
    try:
        partial.chmod(0o755)
        make(partial)
        if entry.exists():
            shutil.rmtree(entry)
        partial.rename(entry)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
