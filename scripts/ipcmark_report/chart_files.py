"""Writes each chart of a summary as a file that stands by itself: all of them, or nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from .charts import file_of
from .model import BadInput
from .text import one_line
from .views import Drawn


def check(target: Path) -> None:
    """BadInput where the charts could not be put there, said before a long run is read."""
    name = one_line(str(target))
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise BadInput(f"{name}: is not a directory; give --charts the name of a new directory")
    if target.is_dir() and any(target.iterdir()):
        raise BadInput(f"{name}: is not empty; give --charts the name of a new directory, or empty this one")
    if not target.absolute().parent.is_dir():
        raise BadInput(f"{name}: there is no directory to make it in; give --charts a place in one that exists")


def write(figures: Iterable[Drawn], target: Path, formats: Sequence[str]) -> None:
    """`<anchor>.<format>` for every figure and format. They are written beside the target, which then appears whole."""
    check(target)
    name, parent = one_line(str(target)), target.absolute().parent
    temporary: str | None = None
    try:
        temporary = tempfile.mkdtemp(prefix=".charts-", suffix=".tmp", dir=parent)
        for figure in figures:
            for form in dict.fromkeys(formats):
                _put(Path(temporary) / f"{figure.anchor}.{form}", file_of(figure.drawing, form))
        # mkdtemp gives 0700; the charts follow the user's umask like anything new.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o777 & ~mask)
        # Over an empty directory too, at once.
        os.rename(temporary, target)
    except OSError as error:
        raise BadInput(f"{name}: cannot be written: {error.strerror}; give --charts a place in a directory you can write") from error
    finally:
        if temporary is not None and os.path.lexists(temporary):
            shutil.rmtree(temporary, ignore_errors=True)


def _put(path: Path, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
