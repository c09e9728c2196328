"""The packages as the build makes them, and what they hold once unpacked."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("IPCMARK_BUILD", "build/release")


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each .deb by the name of its package."""
    config = BUILD / "CPackConfig.cmake"
    if not config.exists():
        pytest.skip(f"{BUILD} makes no packages: build it first, with dpkg-dev and gzip here")
    if not (BUILD / "bin/ipcmark").exists():
        pytest.skip(f"{BUILD} has no programs yet: scripts/build release")
    folder = tmp_path_factory.mktemp("packages")
    # The same content whatever the umask.
    done = subprocess.run(["cpack", "--config", config, "-B", folder], capture_output=True, text=True, check=False, umask=0o077)
    assert done.returncode == 0, done.stdout + done.stderr
    return {file.name.split("_")[0]: file for file in folder.glob("*.deb")}


@pytest.fixture(scope="session")
def unpacked(packages: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all of them in it, as if it were /."""
    root = tmp_path_factory.mktemp("root")
    for file in packages.values():
        subprocess.run(["dpkg-deb", "-x", file, root], check=True)
    return root
