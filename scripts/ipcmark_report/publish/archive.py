"""Packs run directories: the same runs give the same bytes."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..ladder.files import kernel_folders
from ..model import BadInput
from ..text import one_line


def folders_of_runs(runs: Sequence[Path], name: str) -> dict[str, Path]:
    """Each run by its folder in the archive: `name`, or `name/1`, `name/2`, ... where there are several."""
    return {name: runs[0]} if len(runs) == 1 else {f"{name}/{number}": run for number, run in enumerate(runs, 1)}


def folders_of_kernels(kernels: Path, name: str) -> dict[str, Path]:
    """What `scripts/kernels report` reads again: the folder itself, and that of each kernel by its own name."""
    return {name: kernels, **{f"{name}/{one.name}": one for one in kernel_folders(kernels)}}


def pack(folders: Mapping[str, Path]) -> bytes:
    """A tar.xz with the files of each folder that are results."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz", format=tarfile.PAX_FORMAT) as archive:
        for name, folder in folders.items():
            for file in sorted(path for path in folder.glob("*.json") if not path.name.startswith(".")):
                archive.addfile(*_entry(file, f"{name}/{file.name}"))
    return buffer.getvalue()


def _entry(file: Path, name: str) -> tuple[tarfile.TarInfo, io.BytesIO]:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise BadInput(f"{one_line(str(file))}: cannot be read: {error.strerror}; make it readable") from error
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    entry.mode = 0o644
    return entry, io.BytesIO(data)
