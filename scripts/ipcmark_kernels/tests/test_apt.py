"""What is not signed, or not what was signed, is refused. The archive is a folder of this disk."""

import hashlib
import shutil
from pathlib import Path

import pytest

from ipcmark_kernels.debian import apt as apt_module
from ipcmark_kernels.debian.apt import KEYRING, Apt, Archive, Missing
from ipcmark_kernels.debian.packages import Package
from ipcmark_report.model import BadInput

pytestmark = pytest.mark.skipif(shutil.which("apt-get") is None or not KEYRING.exists(), reason="no apt with Debian's keys here")


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Apt:
    monkeypatch.setattr(apt_module, "PAUSE_S", 0)
    lists = tmp_path / "archive/dists/bookworm/main/binary-amd64"
    lists.mkdir(parents=True)
    (lists / "Packages").write_text("Package: linux-image-6.1.0-1-amd64\nVersion: 6.1\nSize: 9\nSHA256: 0\nFilename: a.deb\n")
    (lists.parents[1] / "Release").write_text("Suite: bookworm\n")
    return Apt(tmp_path / "apt", "amd64", Archive(("bookworm",), mirror=f"file:{tmp_path}/archive"))


def package(tmp_path: Path, sha256: str) -> Package:
    return Package("busybox-static", "1", 5, sha256, f"file:{tmp_path}/archive/busybox.deb")


def test_lists_without_a_signature_are_refused(apt: Apt) -> None:
    with pytest.raises(BadInput, match="not signed|signature|Release"):
        apt.update()
    assert apt.packages() == []


def test_a_package_with_another_hash_is_refused_and_removed(apt: Apt, tmp_path: Path) -> None:
    (tmp_path / "archive/busybox.deb").write_bytes(b"other")
    (tmp_path / "got").mkdir()
    with pytest.raises(BadInput, match="busybox-static 1: cannot be had, tried 3 times: .*Hash"):
        apt.download(package(tmp_path, hashlib.sha256(b"bytes").hexdigest()), tmp_path / "got")
    assert not list((tmp_path / "got").iterdir())


def test_a_package_with_its_hash_is_taken(apt: Apt, tmp_path: Path) -> None:
    (tmp_path / "archive/busybox.deb").write_bytes(b"bytes")
    (tmp_path / "got").mkdir()
    got = apt.download(package(tmp_path, hashlib.sha256(b"bytes").hexdigest()), tmp_path / "got")
    assert got.read_bytes() == b"bytes"


def test_a_package_that_is_listed_and_gone_is_told_apart(apt: Apt, tmp_path: Path) -> None:
    with pytest.raises(Missing, match="busybox-static 1"):
        apt.download(package(tmp_path, "0" * 64), tmp_path)
