"""Builds the programs for one architecture, static, and lays them out as they will be unpacked."""

from __future__ import annotations

import re
from pathlib import Path

from ipcmark_debian.folders import replace_whole

from .commands import ROOT, BundleError, run
from .libraries import static_libraries, toolchain_file
from .licences import write_licences
from .targets import Target

PROGRAMS = ("ipcmark", "limits", "fork_cost", "latency", "throughput", "contention", "ipcmark-exit")
_HEADER_ONLY = ("boost", "cereal", "nlohmann", "CLI")


def work_folder(target: Target, root: Path = ROOT) -> Path:
    return root / "build" / "bundle" / target.arch


def build(target: Target, root: Path = ROOT) -> Path:
    """Builds the sources of `root`, and returns the folder to pack: its name is the archive's."""
    work = work_folder(target, root)
    log = work / "build.log"
    log.unlink(missing_ok=True)
    libraries = static_libraries(target, log)
    tree = work / "cmake"
    _configure(target, root, tree, libraries, _header_folder(work), log)
    run(["cmake", "--build", tree, "--target", *PROGRAMS], log, f"building for {target.arch}")

    def lay_out(folder: Path) -> None:
        for name in PROGRAMS:
            run([f"{target.triplet}-strip", "-o", folder / name, tree / "bin" / name], log, f"stripping {name}")
            (folder / name).chmod(0o755)
        (folder / "README.txt").write_bytes((Path(__file__).parent / "bundle_readme.txt").read_bytes())
        write_licences(folder, root, libraries / "licences", target)

    folder = work / f"ipcmark-{_version(tree)}-{target.arch}"
    replace_whole(folder, lay_out)
    return folder


def _header_folder(work: Path) -> Path:
    """The header-only libraries alone: all of /usr/include speaks of the machine that builds."""
    folder = work / "headers"
    folder.mkdir(parents=True, exist_ok=True)
    for name in _HEADER_ONLY:
        link = folder / name
        if not link.is_symlink():
            link.symlink_to(Path("/usr/include") / name)
    return folder


def _configure(target: Target, root: Path, tree: Path, libraries: Path, headers: Path, log: Path) -> None:
    here = root / "scripts" / "ipcmark_bundle"
    options = {
        "CMAKE_BUILD_TYPE": "Release",
        "CMAKE_TOOLCHAIN_FILE": here / "toolchains" / toolchain_file(target).name,
        "CMAKE_PROJECT_TOP_LEVEL_INCLUDES": here / "header_libraries.cmake",
        "CMAKE_FIND_ROOT_PATH": libraries,
        "IPCMARK_HEADERS": headers,
        "IPCMARK_STATIC": "ON",
        **{f"IPCMARK_{part}": "OFF" for part in ("TESTS", "EXAMPLES", "SOAK", "INSTALL")},
    }
    # Afresh: what was found with other libraries would stay found.
    run(["cmake", "--fresh", "-G", "Ninja", "-S", root, "-B", tree,
         *(f"-D{name}={value}" for name, value in options.items())], log, f"configuring for {target.arch}")


def _version(tree: Path) -> str:
    found = re.search(r"^CMAKE_PROJECT_VERSION:\w+=(.+)$", (tree / "CMakeCache.txt").read_text(), re.MULTILINE)
    if found is None:
        raise BundleError(f"{tree}/CMakeCache.txt names no version of the project")
    return found[1]
