"""The kernels that were fetched, a folder each below the cache; and the one program that the guest needs beside ours."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from ipcmark_debian.folders import CACHE_REMEDY, full_disk_named
from ipcmark_report.model import BadInput
from ipcmark_report.text import one_line

from .apt import Apt, Missing
from .packages import Kernel, Package

# A kernel lies in boot/ up to 6.18, and beside its modules since.
_KERNEL_MEMBERS = ("./boot/vmlinuz-*", "./boot/config-*", "./usr/lib/modules/*/vmlinuz", "./usr/lib/modules/*/config")
_BUSYBOX_MEMBERS = ("./bin/busybox", "./usr/bin/busybox")


@dataclass(frozen=True)
class StoredKernel:
    """A kernel on this disk. `config` is None where its package has none."""

    release: str
    version: str
    flavour: str
    arch: str
    package: str
    vmlinuz: Path
    config: Path | None
    sha256: str


def stored_kernel(folder: Path, release: str, version: str) -> StoredKernel | None:
    """What was fetched before; None where it was not, or does not have the hash it had."""
    place = folder / "kernels" / f"{release}_{version}"
    try:
        record = json.loads((place / "kernel.json").read_text())
        vmlinuz, config = place / "vmlinuz", place / "config"
        if sha256_of(vmlinuz) != record["sha256"]:
            return None
        return StoredKernel(record["release"], record["version"], record["flavour"], record["arch"], record["package"],
                            vmlinuz, config if config.exists() else None, record["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def fetch_newest(folder: Path, apt: Apt, candidates: Sequence[Kernel], say: Callable[[str], None]) -> StoredKernel:
    """The first that can be had. Lists outlive what they list: then the next one is taken, and that is said."""
    for kernel in candidates:
        known = stored_kernel(folder, kernel.release, kernel.version)
        if known is not None:
            return known
        try:
            return _fetch(folder, apt, kernel)
        except Missing as fault:
            say(f"{fault}; taking the version before")
    raise BadInput(f"{candidates[0].release}: neither it nor a version before can be had from the archive")


def busybox_in(folder: Path, arch: str) -> Path:
    """Where it is, once it was fetched."""
    return folder / "busybox" / arch / "busybox"


def fetch_busybox(folder: Path, apt: Apt, package: Package | None, arch: str) -> Path:
    """The static busybox of `package`."""
    target = busybox_in(folder, arch)
    if package is None:
        raise BadInput(f"busybox-static: not in the suites that were asked for {arch}; the guest needs it: add bookworm to --suites")
    with _unpacked(folder, apt, [package], _BUSYBOX_MEMBERS) as place:
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(_only(place, "busybox"), target)
    return target


def sha256_of(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _fetch(folder: Path, apt: Apt, kernel: Kernel) -> StoredKernel:
    target = folder / "kernels" / f"{kernel.release}_{kernel.version}"
    with _unpacked(folder, apt, kernel.packages, _KERNEL_MEMBERS) as place:
        whole = place / "whole"
        whole.mkdir()
        os.replace(_only(place, "vmlinuz*"), whole / "vmlinuz")
        for config in sorted(place.glob("config*"))[:1]:
            os.replace(config, whole / "config")
        record = {"release": kernel.release, "version": kernel.version, "flavour": kernel.flavour, "arch": kernel.arch,
                  "package": kernel.packages[0].name, "sha256": sha256_of(whole / "vmlinuz")}
        (whole / "kernel.json").write_text(json.dumps(record, indent=1) + "\n")
        if target.exists():
            shutil.rmtree(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(whole, target)
    stored = stored_kernel(folder, kernel.release, kernel.version)
    if stored is None:
        raise BadInput(f"{target}: what was just written cannot be read; is the disk full?")
    return stored


@contextmanager
def _unpacked(folder: Path, apt: Apt, packages: Sequence[Package], members: Sequence[str]) -> Iterator[Path]:
    """The members of the packages in a folder that goes away."""
    folder.mkdir(parents=True, exist_ok=True)
    with full_disk_named(folder, f"or {CACHE_REMEDY}"), tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as name:
        place = Path(name)
        for package in packages:
            deb = apt.download(package, place)
            _unpack(deb, place, members)
            deb.unlink()
        yield place


def _unpack(deb: Path, place: Path, members: Sequence[str]) -> None:
    """Each member by its last name. One that this package does not have is no fault: the next package may."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as reader:
        try:
            # Not tar(1): it ends alike where a member is missing and where the disk is full.
            with tarfile.open(fileobj=reader.stdout, mode="r|") as tar:
                for member in tar:
                    content = tar.extractfile(member) if any(fnmatch(member.name, one) for one in members) else None
                    if content is not None:
                        with (place / PurePosixPath(member.name).name).open("wb") as target:
                            shutil.copyfileobj(content, target)
            fault = ""
        except tarfile.TarError as error:
            fault = str(error)
        except BaseException:
            reader.kill()
            raise
        _, said = reader.communicate()
    if fault or reader.returncode:
        raise BadInput(f"{deb.name}: cannot be unpacked: {one_line(said.decode(errors='replace').strip() or fault)}")


def _only(place: Path, pattern: str) -> Path:
    found = [one for one in sorted(place.rglob(pattern)) if one.is_file() and not one.is_symlink()]
    if not found:
        raise BadInput(f"the package holds no {pattern.rstrip('*')}; this version of ipcmark does not know where it lies")
    return found[0]
