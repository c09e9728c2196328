"""Puts a run that was fetched among the others of its campaign: whole or not at all, and once.

usage: take_home.py ARCHIVE SHA256 TARGET
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

_UNPACKING = ".unpacking."


class Refused(Exception):
    """What is wrong, in one line."""


def take_home(archive: Path, sha256: str, target: Path) -> bool:
    """False where the run is there already."""
    holder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(holder, fcntl.LOCK_EX)
        # We have the lock: what is half unpacked is a killed controller's.
        for left in target.parent.glob(f"{_UNPACKING}*"):
            shutil.rmtree(left)
        if target.exists():
            return False
        _unpack(archive, sha256, target)
        os.fsync(holder)
    finally:
        # The host has it still, where it did not arrive whole.
        archive.unlink(missing_ok=True)
        os.close(holder)
    return True


def _unpack(archive: Path, sha256: str, target: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=_UNPACKING, dir=target.parent) as partial, archive.open("rb") as packed:
        if hashlib.sha256(packed.read()).hexdigest() != sha256:
            raise Refused(f"{archive.name} did not arrive as it was sent")
        packed.seek(0)
        with tarfile.open(fileobj=packed) as tar:
            for entry in tar:
                _write(tar, entry, target.name, Path(partial))
        os.rename(Path(partial) / target.name, target)


def _write(tar: tarfile.TarFile, entry: tarfile.TarInfo, name: str, into: Path) -> None:
    """Only a folder of plain files: the archive comes from a machine that is not ours."""
    parts = Path(entry.name).parts
    if parts == (name,) and entry.isdir():
        (into / name).mkdir()
        return
    content = tar.extractfile(entry) if entry.isreg() and len(parts) == 2 and parts[0] == name and parts[1] != ".." else None
    if content is None:
        raise Refused(f"{entry.name!r} has no place in a run")
    with (into / name / parts[1]).open("wb") as file:
        shutil.copyfileobj(content, file)
        file.flush()
        os.fsync(file.fileno())


def main(arguments: list[str]) -> int:
    try:
        new = take_home(Path(arguments[0]), arguments[1], Path(arguments[2]))
    except Refused as refused:
        print(f"{arguments[2]}: {refused}", file=sys.stderr)
        return 2
    except (OSError, tarfile.TarError, EOFError) as error:
        print(f"{arguments[2]}: {getattr(error, 'strerror', None) or error}", file=sys.stderr)
        return 2
    print("new" if new else "here already")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
