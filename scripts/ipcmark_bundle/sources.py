"""Fetches the sources of libraries that Debian has no static build of, by an apt of our own beside the system's."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from ipcmark_debian.apt import MIRROR, Origin, PrivateApt
from ipcmark_debian.folders import cached

from .commands import BundleError, output_of

SUITE = "bookworm"


@dataclass(frozen=True)
class Source:
    """The untouched sources of a Debian package: its patches ask for shared libraries."""

    package: str
    version: str
    tarball: str
    sha256: str
    options: tuple[str, ...]
    """What CMake is told besides what all are told."""
    licence: str
    """The name of the licence's file in the tarball."""


SOURCES = (
    Source("benchmark", "1.7.1-1", "benchmark_1.7.1.orig.tar.gz",
           "6430e4092653380d9dc4ccb45a1e2dc9259d581f4866dc0759713126056bc1d7",
           ("-DBENCHMARK_ENABLE_TESTING=OFF", "-DBENCHMARK_ENABLE_WERROR=OFF", "-DBENCHMARK_INSTALL_DOCS=OFF",
            "-DCMAKE_DISABLE_FIND_PACKAGE_Git=ON"),
           "LICENSE"),
    Source("fmtlib", "9.1.0+ds1-2", "fmtlib_9.1.0+ds1.orig.tar.gz", "84ce1c2d0be3a9863935137969dcec6970125caac032f82474640bfc81463583",
           ("-DFMT_TEST=OFF", "-DFMT_DOC=OFF"), "LICENSE.rst"),
)


def fetch(source: Source, cache: Path) -> Path:
    """The tarball, from the cache or from Debian, with the bytes that this project was tried with."""
    entry = cached(cache, f"source-{source.package}-{source.sha256[:12]}",
                   lambda folder: _download(source, folder))
    tarball = entry / source.tarball
    check_sum(tarball, source.sha256)
    return tarball


def check_sum(file: Path, sha256: str) -> None:
    try:
        found = hashlib.sha256(file.read_bytes()).hexdigest()
    except FileNotFoundError:
        raise BundleError(f"{file} is missing from the cache; remove the folder {file.parent} and try again") from None
    if found != sha256:
        raise BundleError(f"{file} has not the SHA-256 {sha256}, but {found}; remove the folder {file.parent} and try again")


def _download(source: Source, folder: Path) -> None:
    work = folder / "apt"
    apt = PrivateApt(work, [Origin("deb-src", _mirror(), (SUITE,))])
    what = f"fetching the sources of {source.package} {source.version}"
    # A network that is down is only a warning to apt.
    faults = apt.update()
    if not faults:
        said = apt.run("apt-get", "source", "--download-only", f"{source.package}={source.version}", cwd=work)
        faults = apt.faults(said) or ([f"apt-get ended with {said.returncode}"] if said.returncode else [])
    if faults:
        raise BundleError(f"{what} failed: {faults[0]}; try again with a network")
    check_sum(work / source.tarball, source.sha256)
    (work / source.tarball).rename(folder / source.tarball)
    shutil.rmtree(work)


def _mirror() -> str:
    """Where this system gets Debian's packages from, or the usual place."""
    uris = output_of(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", f"Codename: {SUITE}",
                      "Origin: Debian", "Component: main"], "asking apt for Debian's mirror").split()
    return uris[0] if uris else MIRROR
