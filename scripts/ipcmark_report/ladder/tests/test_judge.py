"""What `git bisect run` is told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from ipcmark_kernels.__main__ import main

from .made import FUTEX, PIPE, write_kernel


def _judge(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = main(["judge", *arguments])
    return status, capsys.readouterr().out


def _kernel(folder: Path, pipe: Sequence[float], futex: Sequence[float] = (8600, 8610, 8620), **more: object) -> str:
    return str(write_kernel(folder, "6.12", "own", {PIPE: pipe, FUTEX: futex}, **more))  # type: ignore[arg-type]


@pytest.fixture
def base(tmp_path: Path) -> str:
    return _kernel(tmp_path / "base", [10000, 10010, 10020])


def test_a_longer_path_fails_and_is_named(base: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, said = _judge(capsys, base, _kernel(tmp_path / "new", [10500, 10510, 10520]), "--fail-on", "2%")
    assert status == 1 and f"{PIPE}: 10010.0 -> 10510.0" in said and "+5.0" in said


def test_the_same_and_the_shorter_do_not_fail(base: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _judge(capsys, base, base)[0] == 0
    assert _judge(capsys, base, _kernel(tmp_path / "new", [9500, 9510, 9520]))[0] == 0


def test_growth_within_the_limit_or_within_the_seeds_does_not_fail(base: str, tmp_path: Path,
                                                                   capsys: pytest.CaptureFixture[str]) -> None:
    assert _judge(capsys, base, _kernel(tmp_path / "less", [10500, 10510, 10520]), "--fail-on", "6")[0] == 0
    assert _judge(capsys, base, _kernel(tmp_path / "wide", [10015, 10510, 10900]))[0] == 0


def test_only_the_cases_that_the_filter_finds_are_judged(base: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = _kernel(tmp_path / "new", [10500, 10510, 10520])
    assert _judge(capsys, base, new, "--filter", "/futex/")[0] == 0
    assert _judge(capsys, base, new, "--filter", "/pipe/")[0] == 1


def test_what_could_not_be_measured_is_skipped(base: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few = _kernel(tmp_path / "few", [10500, 10510], (8600, 8600))
    off = _kernel(tmp_path / "off", [10500, 10510, 10520], loop=[5.0, 9.09, 5.0])
    lacks = str(write_kernel(tmp_path / "lacks", "6.12", "own", {PIPE: [10000, 10010, 10020]}))
    other = _kernel(tmp_path / "other", [10500, 10510, 10520], sha="4567")
    for new, why in ((other, "two builds"), (few, "2 boots"), (off, "self-check"), (lacks, "has no result"), (str(tmp_path / "none"), "no such directory")):
        status, said = _judge(capsys, base, new)
        assert status == 125 and why in said
    assert _judge(capsys, base, base, "--filter", "nothing")[0] == 125


@pytest.mark.parametrize("arguments", [("--fail-on", "much"), ("--fail-on", "-2%"), ("--filter", "("), ("--fail-on", "\x1b")])
def test_a_wrong_option_is_one_line_and_status_2(arguments: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["judge", "a", "b", *arguments])
    said = capsys.readouterr().err
    assert ended.value.code == 2 and said.count("\n") == 1 and said[:-1].isprintable()
