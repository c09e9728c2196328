"""`run --baseline --fail-on`: what a kernel is held against, and what `git bisect run` is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from ipcmark_kernels.__main__ import main
from ipcmark_kernels.runs.judging import baseline_folder, judge_all
from ipcmark_report.ladder.tests.made import FUTEX, write_kernel
from ipcmark_report.model import BadInput


def _run(folder: Path, count: float) -> Path:
    return write_kernel(folder, "6.12", "own", {FUTEX: [count, count, count]})


def test_a_baseline_is_a_run_or_the_only_one_in_a_folder_or_a_kernel_to_boot(tmp_path: Path) -> None:
    run = _run(tmp_path / "all" / "good", 8600)
    assert baseline_folder(str(run)) == run
    assert baseline_folder(str(tmp_path / "all")) == run
    assert baseline_folder("6.1-cloud") is None
    _run(tmp_path / "all" / "other", 8600)
    with pytest.raises(BadInput, match="2: good, other"):
        baseline_folder(str(tmp_path / "all"))


@pytest.mark.parametrize(("counts", "status"), [((8600, 8610), 0), ((8600, 9000), 1), ((9000, None), 1), ((8600, None), 125), ((), 125)])
def test_one_kernel_that_grew_fails_and_one_that_is_missing_is_skipped(
        counts: tuple[float | None, ...], status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = _run(tmp_path / "base", 8600)
    runs = [_run(tmp_path / str(at), count) if count else tmp_path / "none" for at, count in enumerate(counts)]
    assert judge_all(base, runs, 0.02, "") == status


def test_what_cannot_be_measured_is_a_commit_to_skip(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = _run(tmp_path / "base", 8600)
    options = ["run", "--kernel", str(tmp_path / "bzImage"), "--out", str(tmp_path / "out"), "--baseline", str(base)]
    assert main([*options, "--fail-on", "2%"]) == 125
    assert capsys.readouterr().err.count("\n") == 1 and not (tmp_path / "out").exists()


def test_a_baseline_alone_is_a_wrong_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "6.1-cloud", "--out", str(tmp_path / "out"), "--baseline", "6.1-cloud"]) == 2
    assert "give both" in capsys.readouterr().err
