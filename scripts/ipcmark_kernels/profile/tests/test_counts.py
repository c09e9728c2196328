"""The plugin's file, whole or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from ipcmark_kernels.profile.counts import read_counts, together
from ipcmark_report.model import BadInput


def test_the_windows_of_a_case_follow_one_another(tmp_path: Path) -> None:
    file = tmp_path / "counts"
    file.write_text("window 3\nff 10\n100 2\nff 1\nwindow 4\nff 7\nwindow 3\nff 5\nend\n")
    counts = read_counts(file)
    assert counts == {3: [{0xff: 11, 0x100: 2}, {0xff: 5}], 4: [{0xff: 7}]}
    assert together(counts[3]) == {0xff: 16, 0x100: 2}


@pytest.mark.parametrize("text", ["", "window 1\nff 10\n", "ff\nend\n", "window x\nend\n", "window 1\nff \x1b\nend\n"])
def test_what_is_not_whole_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "counts"
    file.write_text(text)
    with pytest.raises(BadInput) as refused:
        read_counts(file)
    assert "boot the kernel again" in str(refused.value) and str(refused.value).isprintable()
