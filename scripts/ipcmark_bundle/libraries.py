"""Builds the libraries that are linked in, once for each architecture and compiler, and keeps them in the cache."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
from pathlib import Path

from ipcmark_debian.folders import cache_folder, cached

from .commands import BundleError, output_of, run
from .sources import SOURCES, Source, fetch
from .targets import Target

_COMMON_OPTIONS = ("-DCMAKE_BUILD_TYPE=Release", "-DBUILD_SHARED_LIBS=OFF", "-DCMAKE_INSTALL_LIBDIR=lib")


def toolchain_file(target: Target) -> Path:
    return Path(__file__).parent / "toolchains" / f"{target.arch}.cmake"


def static_libraries(target: Target, log: Path) -> Path:
    """A folder with include/ and lib/ of every library, and their licences."""
    cache = cache_folder("bundle")
    tarballs = [(source, fetch(source, cache)) for source in SOURCES]

    def make(prefix: Path) -> None:
        for source, tarball in tarballs:
            _build(source, tarball, target, prefix, log)

    return cached(cache, f"libraries-{target.arch}-{_key(target)}", make)


def _key(target: Target) -> str:
    """Another compiler, other sources or other options make other libraries."""
    compiler = output_of([f"{target.triplet}-g++", "--version"], f"asking the compiler for {target.arch}")
    parts = (compiler, toolchain_file(target).read_text(), repr(SOURCES), repr(_COMMON_OPTIONS),
             Path(__file__).read_text())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def _build(source: Source, tarball: Path, target: Target, prefix: Path, log: Path) -> None:
    work = prefix / "work"
    with tarfile.open(tarball) as archive:
        archive.extractall(work / "unpacked")
    folders = list((work / "unpacked").iterdir())
    if len(folders) != 1:
        raise BundleError(f"{tarball} holds {len(folders)} folders, not one")
    # What they print of themselves when they fail should not tell where they were built.
    flags = {"CXXFLAGS": f"-ffile-prefix-map={folders[0]}={source.package}"}
    what = f"building {source.package} for {target.arch}"
    run(["cmake", "-G", "Ninja", "-S", folders[0], "-B", work / "build", f"-DCMAKE_INSTALL_PREFIX={prefix}",
         f"-DCMAKE_TOOLCHAIN_FILE={toolchain_file(target)}", *_COMMON_OPTIONS, *source.options],
        log, what, more_environment=flags)
    run(["cmake", "--build", work / "build"], log, what)
    run(["cmake", "--install", work / "build"], log, what)
    licences = prefix / "licences"
    licences.mkdir(exist_ok=True)
    shutil.copyfile(folders[0] / source.licence, licences / f"{source.package}.txt")
    shutil.rmtree(work)
