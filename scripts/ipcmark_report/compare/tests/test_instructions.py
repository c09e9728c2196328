"""Runs whose clock counts instructions: nothing is claimed by tests of chance, and the reader is told where to go."""

from __future__ import annotations

from pathlib import Path

import pytest

from ...ladder.tests.made import FUTEX, PIPE, write_kernel
from ..__main__ import main

COUNTS = [10000.0, 10010.0, 10000.0, 10020.0, 10010.0, 10000.0, 10010.0]


def _said(capsys: pytest.CaptureFixture[str], *folders: Path) -> str:
    assert main([*map(str, folders), "--fail-on", "regression"]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("boots", [3, 7])
def test_no_verdict_by_chance_and_no_word_of_drift(boots: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    counts = COUNTS[:boots]
    base = write_kernel(tmp_path / "base", "6.1", "cloud", {PIPE: counts, FUTEX: counts})
    new = write_kernel(tmp_path / "new", "6.12", "cloud", {PIPE: [1.1 * count for count in counts], FUTEX: counts})
    said = _said(capsys, base, new)
    assert "scripts/kernels judge" in said and "+10.0 %" in said and "0 regressions" in said
    assert "NOT INTERLEAVED" not in said and "1 boot a side" not in said
