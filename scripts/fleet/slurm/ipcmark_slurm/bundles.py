"""Looks into the archives of scripts/bundle, and puts them into a campaign so that a node needs only tar and gzip."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import shutil
import struct
import tarfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ipcmark_report.model import BadInput
from ipcmark_report.text import one_line

from .asked import Bundle

# e_machine of elf(5), by the names that scripts/bundle gives.
_MACHINES = {62: "x86_64", 183: "aarch64", 243: "riscv64", 40: "armhf"}
PROGRAMS = ("ipcmark", "limits", "fork_cost", "latency", "throughput", "contention")


def look_into(file: Path) -> Bundle:
    """The bundle that the archive is, by the programs in it, or BadInput."""
    name = one_line(str(file))
    try:
        with tarfile.open(file) as archive:
            arch, top = _arch(archive, name)
    except OSError as error:
        raise BadInput(f"{name}: cannot be read: {error.strerror or one_line(str(error))}; make one by scripts/bundle") from error
    except (tarfile.TarError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise BadInput(f"{name}: is no archive of scripts/bundle: {one_line(str(error))}") from error
    named = [one for one in _MACHINES.values() if top.endswith(f"-{one}")]
    if named and named[0] != arch:
        raise BadInput(f"{name}: calls itself {one_line(top)}, but its programs are for {arch}; make it again by scripts/bundle")
    return Bundle(arch, one_line(file.name), _sha256(file))


def _arch(archive: tarfile.TarFile, name: str) -> tuple[str, str]:
    """Of its programs, and the name of the one folder that holds all."""
    members = {member.name.removeprefix("./"): member for member in archive}
    tops = {path.split("/")[0] for path in members}
    if len(tops) != 1:
        raise BadInput(f"{name}: is no archive of scripts/bundle: it does not hold one folder")
    top = tops.pop()
    found = set()
    for program in PROGRAMS:
        member = members.get(f"{top}/{program}")
        content = archive.extractfile(member) if member is not None and member.isreg() else None
        head = content.read(20) if content is not None else b""
        if len(head) < 20 or head[:4] != b"\x7fELF" or member is None or not member.mode & 0o100:
            raise BadInput(f"{name}: is no archive of scripts/bundle: it has no program {program}")
        machine = struct.unpack("<H" if head[5] == 1 else ">H", head[18:20])[0]
        found.add(_MACHINES.get(machine, f"machine {machine} of elf(5)"))
    if len(found) != 1:
        raise BadInput(f"{name}: its programs are for several machines: {', '.join(sorted(found))}")
    return found.pop(), top


def one_of_each(bundles: Sequence[Bundle]) -> tuple[Bundle, ...]:
    by_arch: dict[str, Bundle] = {}
    for one in bundles:
        if one.arch in by_arch:
            raise BadInput(f"{by_arch[one.arch].name} and {one.name} are both for {one.arch}; name one --bundle for each architecture")
        by_arch[one.arch] = one
    return tuple(bundles)


def repack(file: Path, target: Path) -> str:
    """Writes the archive compressed by gzip, and gives the SHA-256 of that."""
    opened: dict[bytes, Any] = {b"\xfd7zXZ\0": lzma.open, b"\x1f\x8b": gzip.open}
    with file.open("rb") as raw:
        head = raw.read(6)
    unpack: Any = next((how for magic, how in opened.items() if head.startswith(magic)), open)
    try:
        with unpack(file, "rb") as content, target.open("xb") as out, gzip.GzipFile("", "wb", 1, out, mtime=0) as packed:
            shutil.copyfileobj(content, packed, 1 << 20)
    except (EOFError, lzma.LZMAError, zlib.error, gzip.BadGzipFile) as error:
        # Behind the last program, where look_into() had no need to read.
        raise BadInput(f"{one_line(str(file))}: is damaged: {one_line(str(error))}; make it again by scripts/bundle") from error
    return _sha256(target)


def _sha256(file: Path) -> str:
    found = hashlib.sha256()
    with file.open("rb") as content:
        for piece in iter(lambda: content.read(1 << 20), b""):
            found.update(piece)
    return found.hexdigest()
