"""Publishing runs: the page, the data beside it, and the index."""

import io
import tarfile
from pathlib import Path

import pytest

from ipcmark_kernels.__main__ import main as kernels
from ipcmark_report.ladder.tests.made import PIPE, write_kernel, write_kernels
from ipcmark_report.load import load_run
from ipcmark_report.publish.__main__ import main
from ipcmark_report.publish.archive import folders_of_runs, pack
from ipcmark_report.publish.index import entries_of
from ipcmark_report.tests.synthetic import Synthetic

REPORTS = Path(__file__).resolve().parents[4] / "reports"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return Synthetic(rounds=1, measures=("limits",), binaries=("limits",)).write(tmp_path / "run")


def test_a_published_run_can_be_read_again(run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    assert main(["--folder", str(folder), "2026-01-02-box", str(run)]) == 0
    assert sorted(file.name for file in folder.iterdir()) == ["2026-01-02-box.html", "2026-01-02-box.tar.xz", "index.html"]
    with tarfile.open(folder / "2026-01-02-box.tar.xz") as archive:
        archive.extractall(tmp_path / "again")
    again = load_run(tmp_path / "again" / "2026-01-02-box")
    assert again.rows == load_run(run).rows
    index = (folder / "index.html").read_text()
    assert '<a href="2026-01-02-box.html">ipcmark run on testbox' in index
    assert '<a href="2026-01-02-box.tar.xz">' in index


def test_published_kernels_give_the_same_page_again(tmp_path: Path) -> None:
    made, folder = write_kernels(tmp_path / "made"), tmp_path / "reports"
    folder.mkdir()
    (made / ".boot-left").mkdir()
    (made / ".boot-left" / "kernel.json").write_text("{}")
    assert main(["--folder", str(folder), "2026-01-02-kernels", str(made), "--threshold", "2%"]) == 0
    with tarfile.open(folder / "2026-01-02-kernels.tar.xz") as archive:
        assert not any("/." in name for name in archive.getnames())
        archive.extractall(tmp_path / "again")
    page = tmp_path / "page.html"
    assert kernels(["report", str(tmp_path / "again" / "2026-01-02-kernels"), "--threshold", "2%", "--out", str(page)]) == 0
    assert page.read_bytes() == (folder / "2026-01-02-kernels.html").read_bytes()
    index = (folder / "index.html").read_text()
    assert "Linux 5.10.223-1 to 7.3-1" in index and "13 kernels, 2 cases, counted in executed instructions" in index
    assert '<a href="2026-01-02-kernels.tar.xz">' in index


def test_kernels_by_the_wall_clock_are_refused_and_leave_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_kernel(tmp_path / "made" / "a", "6.1", "cloud", {PIPE: [10000.0] * 3}, clock="wall")
    folder = tmp_path / "reports"
    folder.mkdir()
    assert main(["--folder", str(folder), "name", str(tmp_path / "made")]) == 2
    errors = capsys.readouterr().err
    assert "wall clock" in errors and errors.count("\n") == 1 and list(folder.iterdir()) == []


def test_the_same_runs_give_the_same_bytes(run: Path) -> None:
    first = pack(folders_of_runs([run, run], "two"))
    (run / "run.json").touch()
    assert pack(folders_of_runs([run, run], "two")) == first
    with tarfile.open(fileobj=io.BytesIO(first)) as archive:
        assert {name.rpartition("/")[0] for name in archive.getnames()} == {"two/1", "two/2"}


def test_the_index_takes_titles_and_what_is_said_first(tmp_path: Path) -> None:
    (tmp_path / "2026-01-02-b.html").write_text(
        '<head><title>Runs &amp; more</title><meta name="description" content="Said \x1b[31mfirst"></head>'
        "<svg><title>no</title></svg>")
    (tmp_path / "2026-01-01-a.md").write_text("# A text\n\nWhat **really\nis**, *and* `it`\n[says](else.where) of 2 * 3 * 4.\n\nMore.\n")
    for name in ("2026-01-01-a.json", "2026-01-01-a-part.json", "2026-01-01-ab.json", "README.md", "index.html"):
        (tmp_path / name).write_text("{}")
    page, text = entries_of(tmp_path)
    assert (page.file, page.title) == ("2026-01-02-b.html", "Runs & more")
    assert page.description.startswith("Said") and "\x1b" not in page.description
    assert (text.title, text.description) == ("A text", "What really is, and it says of 2 * 3 * 4.")
    assert text.data == ("2026-01-01-a-part.json", "2026-01-01-a.json")


def test_the_index_of_the_repository_is_up_to_date(tmp_path: Path) -> None:
    listed = (REPORTS / "index.html").read_text(encoding="utf-8")
    for entry in entries_of(REPORTS):
        for file in (entry.file, *entry.data):
            assert f'href="{file}"' in listed, "make it anew: scripts/publish"


@pytest.mark.parametrize("arguments, word", [
    (["a/b", "run"], "NAME may hold"), (["name"], "name the run directories"), (["--charts=x"], "option of report"),
    (["--folder", "/no/where", "name", "run"], "not a directory")])
def test_bad_arguments_get_one_line(arguments: list[str], word: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    errors = capsys.readouterr().err
    assert word in errors and errors.count("\n") == 1


def test_a_run_that_cannot_be_read_leaves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--folder", str(tmp_path), "name", str(tmp_path / "none")]) == 2
    assert "no such directory" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
