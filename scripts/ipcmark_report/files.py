"""Writes files whole or not at all: under a temporary name beside the target, synced, then renamed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from .model import BadInput
from .text import one_line


def write_whole(data: bytes, target: Path, option: str = "--out") -> None:
    """`option` is what names the target on the command line."""
    name = one_line(str(target))
    if target.is_dir():
        raise BadInput(f"{name}: is a directory; give {option} the name of a file")
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=".ipcmark-", suffix=".tmp", dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            _fill(file, data)
        # mkstemp gives 0600; results follow the user's umask like any file.
        os.chmod(temporary, 0o666 & ~umask())
        os.replace(temporary, target)
    except OSError as error:
        raise _unwritable(name, error, option) from error
    finally:
        # After the rename the name is gone; after any failure it must go.
        if temporary is not None and os.path.lexists(temporary):
            os.unlink(temporary)


def write_folder(files: Mapping[str, bytes], target: Path, option: str = "--out") -> None:
    """A new folder with all the files; an existing one only where it is empty."""
    name = one_line(str(target))
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise BadInput(f"{name}: exists already; give {option} the name of a new directory, or remove it")
    temporary: str | None = None
    try:
        temporary = tempfile.mkdtemp(prefix=".ipcmark-", suffix=".tmp", dir=target.parent)
        for file_name, data in files.items():
            with open(os.path.join(temporary, file_name), "xb") as file:
                _fill(file, data)
        os.chmod(temporary, 0o777 & ~umask())
        os.rename(temporary, target)
    except OSError as error:
        raise _unwritable(name, error, option) from error
    finally:
        if temporary is not None and os.path.lexists(temporary):
            shutil.rmtree(temporary, ignore_errors=True)


def _fill(file: BinaryIO, data: bytes) -> None:
    file.write(data)
    file.flush()
    os.fsync(file.fileno())


def _unwritable(name: str, error: OSError, option: str) -> BadInput:
    return BadInput(f"{name}: cannot be written: {error.strerror}; give {option} a place in a directory you can write")


def umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
