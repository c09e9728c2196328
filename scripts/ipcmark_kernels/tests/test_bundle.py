"""The programs are found in a folder and in an archive, and nothing is run of an archive's paths."""

import io
import tarfile
from pathlib import Path

import pytest

from ipcmark_kernels.guest.bundle import PROGRAMS, programs_of
from ipcmark_report.model import BadInput

from .test_run import program


def packed(file: Path, names: list[str]) -> Path:
    with tarfile.open(file, "w:xz") as tar:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.size = len(program())
            tar.addfile(entry, io.BytesIO(program()))
    return file


def test_an_archive_holds_its_programs_in_a_folder(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.tar.xz", [*(f"ipcmark-0.1.0-x86_64/{name}" for name in PROGRAMS), "../../etc/passwd"])
    assert set(programs_of(archive, "amd64")) == set(PROGRAMS)


def test_what_lacks_a_program_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds no program ipcmark-exit"):
        programs_of(packed(tmp_path / "a.tar.xz", list(PROGRAMS[:-1])), "amd64")


def test_what_is_cut_short_is_no_bundle(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.tar.xz", list(PROGRAMS))
    archive.write_bytes(archive.read_bytes()[:60])
    with pytest.raises(BadInput, match="cannot be read as a bundle"):
        programs_of(archive, "amd64")
