"""A folder that is written: by one process at a time, and with one line where its disk is full."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ipcmark_report.model import BadInput
from ipcmark_report.text import one_line


@contextmanager
def held(folder: Path, remedy: str, waiting: bool = True) -> Iterator[None]:
    """Makes the folder and holds it; the kernel lets go of it however the holder ends. Waits for another holder, or BadInput."""
    name = one_line(str(folder))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(0, "not permitted")
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise BadInput(f"{name}: cannot be written: {error.strerror}; {remedy}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if waiting else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise BadInput(f"{name}: another `kernels run` is writing it; wait for it, or {remedy}") from error
    finally:
        os.close(handle)


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
