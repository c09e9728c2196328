"""A kernel in the cache is whole, or it is not there."""

import errno
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import cast

import pytest

from ipcmark_kernels.debian import store
from ipcmark_kernels.debian.apt import Apt
from ipcmark_kernels.debian.packages import Kernel, Package
from ipcmark_report.model import BadInput

pytestmark = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="no dpkg-deb here")
KERNEL = Kernel("6.1.0-1-cloud-amd64", "6.1.1-1", "cloud", "amd64", (Package("linux-image-6.1.0-1-cloud-amd64", "6.1.1-1", 1, "", ""),))


class OneDeb:
    """Stands in for the archive: every package is this file."""

    def __init__(self, deb: Path) -> None:
        self._deb = deb

    def download(self, package: Package, into: Path) -> Path:
        return Path(shutil.copy(self._deb, into / f"{package.name}.deb"))


@pytest.fixture
def deb(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for name, content in (("boot/vmlinuz-6.1", os.urandom(300_000)), ("boot/config-6.1", b"CONFIG_X=y\n"), ("usr/share/doc/x", b"x"),
                          ("DEBIAN/control", b"Package: linux-image\nVersion: 1\nArchitecture: amd64\nMaintainer: a <a@b>\nDescription: a\n")):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "--build", root, tmp_path / "a.deb"], check=True, capture_output=True)
    return tmp_path / "a.deb"


def fetch(tmp_path: Path, deb: Path) -> store.StoredKernel:
    return store.fetch_newest(tmp_path / "cache", cast(Apt, OneDeb(deb)), [KERNEL], lambda text: None)


def left_in(tmp_path: Path) -> list[str]:
    return sorted(one.name for one in (tmp_path / "cache").rglob("*"))


def test_a_kernel_is_kept_with_its_configuration_and_nothing_else(tmp_path: Path, deb: Path) -> None:
    found = fetch(tmp_path, deb)
    assert found.vmlinuz.read_bytes() == (tmp_path / "root/boot/vmlinuz-6.1").read_bytes()
    assert found.config is not None and found.config.read_text() == "CONFIG_X=y\n"
    assert left_in(tmp_path) == ["6.1.0-1-cloud-amd64_6.1.1-1", "config", "kernel.json", "kernels", "vmlinuz"]
    assert json.loads((found.vmlinuz.parent / "kernel.json").read_text())["sha256"] == found.sha256


def test_a_package_that_is_cut_off_leaves_no_kernel(tmp_path: Path, deb: Path) -> None:
    deb.write_bytes(deb.read_bytes()[:200_000])
    with pytest.raises(BadInput, match="linux-image-6.1.0-1-cloud-amd64.deb: cannot be unpacked: "):
        fetch(tmp_path, deb)
    assert left_in(tmp_path) == []


def test_a_disk_that_is_full_leaves_no_half_kernel(tmp_path: Path, deb: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: object, target: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store.shutil, "copyfileobj", full)
    with pytest.raises(BadInput, match="cache: the disk is full; make room, or set XDG_CACHE_HOME"):
        fetch(tmp_path, deb)
    assert left_in(tmp_path) == []
