"""A run that was fetched is put into place whole or not at all, and once."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

TAKE_HOME = Path(__file__).resolve().parents[1] / "roles/ipcmark/files/take_home.py"


def packed(folder: Path, *names: str) -> Path:
    archive = folder / ".arriving.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name in names:
            entry = tarfile.TarInfo(name.rstrip("/"))
            if name.endswith("/"):
                entry.type = tarfile.DIRTYPE
                tar.addfile(entry)
            else:
                entry.size = 3
                tar.addfile(entry, io.BytesIO(b"{}\n"))
    return archive


def take_home(archive: Path, target: Path, sha256: str | None = None) -> subprocess.CompletedProcess[str]:
    digest = sha256 or hashlib.sha256(archive.read_bytes()).hexdigest()
    return subprocess.run([sys.executable, TAKE_HOME, archive, digest, target], capture_output=True, text=True, timeout=60, check=False)


def test_it_is_there_with_its_files_and_the_archive_is_gone(tmp_path: Path) -> None:
    done = take_home(packed(tmp_path, "n1-01/", "n1-01/run.json"), tmp_path / "n1-01")
    assert (done.returncode, done.stdout) == (0, "new\n")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["n1-01", "run.json"]


def test_what_is_there_already_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "n1-01").mkdir()
    done = take_home(packed(tmp_path, "n1-01/", "n1-01/run.json"), tmp_path / "n1-01")
    assert (done.returncode, done.stdout) == (0, "here already\n")
    assert list(tmp_path.rglob("*")) == [tmp_path / "n1-01"]


def test_another_hash_is_refused(tmp_path: Path) -> None:
    done = take_home(packed(tmp_path, "n1-01/"), tmp_path / "n1-01", "0" * 64)
    assert done.returncode == 2
    assert "did not arrive as it was sent" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../escape", "/etc/escape", "n1-01/../escape", "n1-01/deep/file", "other/file"])
def test_an_archive_writes_nowhere_else(tmp_path: Path, name: str) -> None:
    done = take_home(packed(tmp_path, "n1-01/", name), tmp_path / "n1-01")
    assert done.returncode == 2
    assert "has no place in a run" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_controller_left_half_unpacked_is_taken_away(tmp_path: Path) -> None:
    (tmp_path / ".unpacking.x").mkdir()
    take_home(packed(tmp_path, "n1-01/", "n1-01/run.json"), tmp_path / "n1-01")
    assert [path.name for path in tmp_path.iterdir()] == ["n1-01"]
