"""Writes each chart of a summary as a file that stands by itself: all of them, or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from .charts import file_of
from .files import write_folder
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
    """`<anchor>.<format>` for every figure and format."""
    check(target)
    write_folder({f"{figure.anchor}.{form}": file_of(figure.drawing, form)
                  for figure in figures for form in dict.fromkeys(formats)}, target, "--charts")
