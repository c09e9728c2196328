"""The static programs that the guest runs, out of a folder or an archive."""

from __future__ import annotations

import lzma
import tarfile
import zlib
from pathlib import Path, PurePosixPath

from ipcmark_report.model import BadInput
from ipcmark_report.text import one_line

from .elf import is_static, machine_of

PROGRAMS = ("ipcmark", "limits", "fork_cost", "latency", "throughput", "contention", "ipcmark-exit")


def programs_of(bundle: Path, arch: str) -> dict[str, bytes]:
    """Each program's bytes, checked to run on a bare kernel of that architecture."""
    name = one_line(str(bundle))
    try:
        found = _of_folder(bundle) if bundle.is_dir() else _of_archive(bundle)
    except (OSError, tarfile.TarError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise BadInput(f"{name}: cannot be read as a bundle: {one_line(str(error))}; give --bundle one that scripts/bundle made") from error
    for needed in PROGRAMS:
        if needed not in found:
            raise BadInput(f"{name}: holds no program {needed}; give --bundle a folder or an archive that scripts/bundle made")
    for program, content in found.items():
        built_for = machine_of(content)
        if built_for != arch:
            raise BadInput(f"{name}: {program} is {f'for {built_for}' if built_for else 'no program'}, the kernels are for {arch}; "
                           f"give --bundle one for {arch}")
        if not is_static(content):
            raise BadInput(f"{name}: {program} is linked dynamically, and the guest has no libraries; "
                           "give --bundle one that scripts/bundle made")
    return found


def _of_folder(folder: Path) -> dict[str, bytes]:
    for place in (folder, folder / "bin"):
        if (place / "ipcmark").is_file():
            return {name: (place / name).read_bytes() for name in PROGRAMS if (place / name).is_file()}
    return {}


def _of_archive(file: Path) -> dict[str, bytes]:
    found = {}
    with tarfile.open(file) as tar:
        for member in tar:
            name = PurePosixPath(member.name).name
            stream = tar.extractfile(member) if member.isfile() and name in PROGRAMS else None
            if stream:
                found.setdefault(name, stream.read())
    return found
