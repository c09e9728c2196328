"""Packing the same files gives the same bytes, and a failure leaves nothing."""

import os
import resource
import tarfile
from pathlib import Path

import pytest

from ipcmark_bundle.archive import commit_time, pack
from ipcmark_bundle.commands import BundleError


def folder_in(base: Path, names: list[str]) -> Path:
    folder = base / "ipcmark-1-any"
    (folder / "licences").mkdir(parents=True)
    for name in names:
        (folder / name).write_text(f"this is {name}\n")
    return folder


def test_files_made_in_another_order_time_and_mode_give_the_same_bytes(tmp_path: Path) -> None:
    first = folder_in(tmp_path / "a", ["ipcmark", "LICENSE", "licences/fmt.txt"])
    second = folder_in(tmp_path / "b", ["licences/fmt.txt", "LICENSE", "ipcmark"])
    for file, mode in ((first / "ipcmark", 0o755), (second / "ipcmark", 0o700), (second / "LICENSE", 0o600)):
        file.chmod(mode)
    os.utime(second / "LICENSE", (1, 1))
    archives = [pack(folder, tmp_path / "out" / str(i), 86400) for i, folder in enumerate((first, second))]
    assert archives[0].read_bytes() == archives[1].read_bytes()


def test_other_contents_give_other_bytes(tmp_path: Path) -> None:
    folder = folder_in(tmp_path, ["ipcmark"])
    before = pack(folder, tmp_path / "1", 86400).read_bytes()
    (folder / "ipcmark").write_text("changed")
    assert pack(folder, tmp_path / "2", 86400).read_bytes() != before


def test_an_archive_names_no_user_and_no_time_of_ours(tmp_path: Path) -> None:
    with tarfile.open(pack(folder_in(tmp_path, ["ipcmark"]), tmp_path / "out", 86400)) as tar:
        entries = tar.getmembers()
    assert [entry.name for entry in entries] == ["ipcmark-1-any", "ipcmark-1-any/ipcmark", "ipcmark-1-any/licences"]
    assert {(entry.uid, entry.gid, entry.uname, entry.gname, entry.mtime) for entry in entries} == {(0, 0, "", "", 86400)}


def test_a_full_disk_leaves_the_old_archive_and_nothing_else(tmp_path: Path) -> None:
    folder, out = folder_in(tmp_path, []), tmp_path / "out"
    archive = pack(folder, out, 86400)
    before = archive.read_bytes()
    (folder / "ipcmark").write_bytes(os.urandom(1 << 20))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, limits[1]))
    try:
        with pytest.raises(OSError):
            pack(folder, out, 86400)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(out.iterdir()) == [archive] and archive.read_bytes() == before


def test_the_time_is_the_named_one_or_the_commits_or_a_fixed_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1234567890")
    assert commit_time(tmp_path) == 1234567890
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "today")
    with pytest.raises(BundleError, match="SOURCE_DATE_EPOCH"):
        commit_time(tmp_path)
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert commit_time(tmp_path) == commit_time(tmp_path / "nowhere") == 315532800
