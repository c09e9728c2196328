"""Folders that are kept: where the user's cache is, one writer at a time, whole or not at all, and one line where the disk is full."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ipcmark_report.model import BadInput
from ipcmark_report.text import one_line

CACHE_REMEDY = "set XDG_CACHE_HOME to a folder that can be written"


def cache_folder(part: str) -> Path:
    """ipcmark's `part` below the user's cache, by the XDG base directory specification; relative paths are to be ignored by it."""
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    base = named if named.is_absolute() else Path.home() / ".cache"
    return base / "ipcmark" / part


@contextmanager
def held(folder: Path, remedy: str, waiting: bool = True) -> Iterator[None]:
    """Makes the folder and holds it; the kernel lets go of it however the holder ends. Waits for another holder, and says so, or
    BadInput."""
    name = one_line(str(folder))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(0, "not permitted")
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise full_disk(folder, f"or {remedy}") from error
        raise BadInput(f"{name}: cannot be written: {error.strerror}; {remedy}") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if not waiting:
                raise BadInput(f"{name}: another one of these is writing it; wait for it, or {remedy}") from error
            print(f"waits for another one that works in {name}", file=sys.stderr, flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def cached(folder: Path, name: str, make: Callable[[Path], None]) -> Path:
    """The folder `name`, made by `make` unless it is there. What is half made bears another name."""
    with held(folder, CACHE_REMEDY), full_disk_named(folder, f"or {CACHE_REMEDY}"):
        entry = folder / name
        if not entry.is_dir():
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


@contextmanager
def full_disk_named(folder: Path, remedy: str) -> Iterator[None]:
    """Whatever is written inside: a disk without room is BadInput that names the folder."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise full_disk(folder, remedy) from error


def full_disk(folder: Path, remedy: str) -> BadInput:
    return BadInput(f"{one_line(str(folder))}: the disk is full; make room, {remedy}")
