"""Packs run directories: the same runs give the same bytes."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence
from pathlib import Path

from ..model import BadInput
from ..text import one_line


def pack(runs: Sequence[Path], name: str) -> bytes:
    """A tar.xz of `name/`, or of `name/1/`, `name/2/`, ... where there are several."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz", format=tarfile.USTAR_FORMAT) as archive:
        for number, run in enumerate(runs, 1):
            folder = name if len(runs) == 1 else f"{name}/{number}"
            for file in sorted(path for path in run.glob("*.json") if not path.name.startswith(".")):
                archive.addfile(*_entry(file, f"{folder}/{file.name}"))
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
