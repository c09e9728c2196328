"""Fetches the sources of libraries that Debian has no static build of, by an apt of our own beside the system's."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .cache import cached
from .commands import BundleError, output_of, run

SUITE = "bookworm"
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
# Mirrors behind a proxy fail now and then.
_RETRIES = 3
_USUAL_MIRROR = "http://deb.debian.org/debian"


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


def fetch(source: Source, cache: Path, log: Path) -> Path:
    """The tarball, from the cache or from Debian, with the bytes that this project was tried with."""
    entry = cached(cache, f"source-{source.package}-{source.sha256[:12]}",
                   lambda folder: _download(source, folder, log))
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


def _download(source: Source, folder: Path, log: Path) -> None:
    work = folder / "apt"
    options = _private_apt(work)
    what = f"fetching the sources of {source.package} {source.version}"
    # Without --error-on a network that is down is only a warning.
    run(["apt-get", *options, "update", "--error-on=any"], log, what)
    run(["apt-get", *options, "source", "--download-only", f"{source.package}={source.version}"], log, what, cwd=work)
    check_sum(work / source.tarball, source.sha256)
    (work / source.tarball).rename(folder / source.tarball)
    shutil.rmtree(work)


def _private_apt(work: Path) -> Sequence[str]:
    """Options by which apt-get reads and writes only below `work`, and still checks Debian's signatures."""
    if not _KEYRING.exists():
        raise BundleError(f"no {_KEYRING} to check Debian's sources by; install debian-archive-keyring")
    for folder in ("lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True)
    list_file = work / "debian.sources"
    list_file.write_text(f"Types: deb-src\nURIs: {_mirror()}\nSuites: {SUITE}\nComponents: main\nSigned-By: {_KEYRING}\n")
    settings = {
        "Dir::Etc::sourcelist": list_file, "Dir::Etc::sourceparts": "/dev/null", "Dir::State::lists": work / "lists",
        "Dir::Cache": work / "cache", "Dir::State::status": "/dev/null", "Acquire::Languages": "none",
        "Acquire::Retries": str(_RETRIES),
        # The user that apt downloads as may not look into this folder.
        "APT::Sandbox::User": "root",
    }
    return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]


def _mirror() -> str:
    """Where this system gets Debian's packages from, or the usual place."""
    uris = output_of(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", f"Codename: {SUITE}",
                      "Origin: Debian", "Component: main"], "asking apt for Debian's mirror").split()
    return uris[0] if uris else _USUAL_MIRROR
