"""All kernels that Debian offers, remembered for a day."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path

from ipcmark_report.files import write_whole
from ipcmark_report.model import BadInput

from .apt import Apt, Archive
from .packages import Package

DAY_S = 24 * 3600


def packages_known(folder: Path, arch: str, archive: Archive, refresh: bool = False) -> tuple[list[Package], list[str]]:
    """The packages of the archive's lists, and what to know of them. Older lists do where no newer can be had."""
    file = archive.folder(folder, arch) / "packages.json"
    known, age = _read(file)
    if known and not refresh and 0 <= age < DAY_S:
        return known, []
    apt = Apt(archive.folder(folder, arch), arch, archive)
    try:
        notes = apt.update()
    except BadInput as fault:
        if not known:
            raise
        return known, [f"{fault}; going by lists that are {age / DAY_S:.0f} days old"]
    found = apt.packages()
    file.parent.mkdir(parents=True, exist_ok=True)
    record = {"at": time.time(), "packages": [asdict(p) for p in found]}
    write_whole(json.dumps(record).encode(), file)
    return found, notes


def _read(file: Path) -> tuple[list[Package], float]:
    """What was remembered, and its age in seconds."""
    try:
        record = json.loads(file.read_text())
        packages = [Package(p["name"], p["version"], p["size"], p["sha256"], p["uri"], tuple(p["suites"]))
                    for p in record["packages"]]
        return packages, time.time() - record["at"]
    except (OSError, ValueError, KeyError, TypeError):
        return [], 0.0
