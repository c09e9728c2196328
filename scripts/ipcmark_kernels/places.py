"""Where this package keeps things: below the user's cache, nowhere else."""

from __future__ import annotations

from pathlib import Path

from ipcmark_debian.folders import cache_folder as cache_of
from ipcmark_report.model import BadInput

_TARGETS = {"amd64": "x86_64", "arm64": "aarch64"}


def cache_folder() -> Path:
    """What was fetched, and what was learnt of it."""
    return cache_of("kernels")


def default_bundle(arch: str) -> Path:
    """What scripts/bundle made last for that architecture."""
    build = Path(__file__).resolve().parents[2] / "build"
    found = sorted(build.glob(f"bundle/ipcmark-*-{_TARGETS[arch]}.tar.xz"), key=lambda file: file.stat().st_mtime)
    if not found:
        raise BadInput(f"no bundle for {arch} below {build}; make one: scripts/bundle --arch {_TARGETS[arch]}, or give --bundle")
    return found[-1]
