"""Which kernels a command line names, and what each is called in the results."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ipcmark_report.model import BadInput
from ipcmark_report.text import one_line

from ..debian.store import StoredKernel, sha256_of
from .image import fault_of, release_in

_NAMED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._+-]*)=(.+)")
_UNSAFE = re.compile(r"[^A-Za-z0-9._+=,-]+")


@dataclass(frozen=True)
class Entry:
    """One column of the results: a kernel with what is added to its command line."""

    id: str
    kernel: StoredKernel
    append: str
    symbols: Path | None = None


def entries_of(words: Sequence[str], appends: Sequence[str], arch: str, obtain: Callable[[str], StoredKernel],
               symbols: Path | None = None) -> list[Entry]:
    """For each KERNEL and each --append one; a KERNEL is SERIES, VERSION or FILE, with NAME= before it."""
    found = []
    for word in words:
        match = _NAMED.fullmatch(word)
        name, wanted = (match[1], match[2]) if match else ("", word)
        is_file = "/" in wanted or Path(wanted).is_file()
        kernel = own_kernel(Path(wanted), arch) if is_file else obtain(wanted)
        for append in appends or [""]:
            suffix = f"@{_UNSAFE.sub('_', append)}" if append else ""
            found.append(Entry((name or kernel.release) + suffix, kernel, append, symbols if is_file else None))
    ids = [entry.id for entry in found]
    for one in ids:
        if ids.count(one) > 1:
            raise BadInput(f"{one}: named twice; call one of them otherwise, as in second={words[-1]}")
    return found


def own_kernel(file: Path, arch: str) -> StoredKernel:
    """A kernel that somebody built: what it is called stands in the file, or the file's name has to do."""
    if not file.is_file():
        raise BadInput(f"{one_line(str(file))}: no such file; name a kernel image, or a series such as 6.1-cloud")
    image = file.read_bytes()
    if (fault := fault_of(image, arch)) is not None:
        raise BadInput(f"{one_line(str(file))}: {fault}")
    head = image[:65536]
    release = release_in(head) or file.name
    return StoredKernel(_UNSAFE.sub("_", release), release, "own", arch, "", file.resolve(), None, sha256_of(file))
