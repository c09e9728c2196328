"""Packs a folder so that the same files give the same bytes."""

from __future__ import annotations

import os
import subprocess
import tarfile
import tempfile
from pathlib import Path

from .commands import ROOT, BundleError

# The first second that every archive format can express.
_NO_TIME = 315532800


def commit_time(root: Path = ROOT) -> int:
    """SOURCE_DATE_EPOCH, else the time of the commit; without git a fixed one."""
    named = os.environ.get("SOURCE_DATE_EPOCH")
    if named is not None:
        if not named.isascii() or not named.isdecimal():
            raise BundleError("SOURCE_DATE_EPOCH is no number of seconds; unset it, or give one")
        return int(named)
    asked = subprocess.run(["git", "-C", root, "log", "-1", "--format=%ct"], capture_output=True, text=True, check=False)
    return int(asked.stdout) if asked.returncode == 0 else _NO_TIME


def pack(folder: Path, out: Path, mtime: int) -> Path:
    """Writes `folder` as OUT/NAME.tar.xz, which is there whole or not at all."""
    out.mkdir(parents=True, exist_ok=True)
    archive = out / f"{folder.name}.tar.xz"
    handle, partial = tempfile.mkstemp(prefix=f".{archive.name}.", dir=out)
    try:
        with os.fdopen(handle, "wb") as file:
            with tarfile.open(fileobj=file, mode="w:xz", format=tarfile.USTAR_FORMAT, preset=9) as tar:
                for path in [folder, *sorted(folder.rglob("*"))]:
                    _add(tar, path, folder.parent, mtime)
            os.fchmod(file.fileno(), 0o644)
        os.replace(partial, archive)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
    return archive


def _add(tar: tarfile.TarFile, path: Path, base: Path, mtime: int) -> None:
    entry = tar.gettarinfo(path, str(path.relative_to(base)))
    entry.mtime = mtime
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    if entry.isreg():
        with path.open("rb") as file:
            tar.addfile(entry, file)
    else:
        tar.addfile(entry)
