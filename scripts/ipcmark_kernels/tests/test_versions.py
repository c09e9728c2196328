"""Debian's versions sort as dpkg sorts them."""

import itertools
import shutil
import subprocess

import pytest

from ipcmark_kernels.debian.versions import series_of, version_key

RISING = ["5.10.251-5", "6.1.192-3", "6.12.69-1~bpo12+1", "6.12.117-1~deb12u1", "6.12.117-1", "6.12.118-1",
          "7.3~rc7-1~exp1", "7.3-1", "7.3.4-1~bpo13+1", "1:1.35.0-4+b3", "1:1.38.0-3+b1"]


def test_versions_sort_by_numbers_with_a_tilde_before_the_end() -> None:
    assert sorted(reversed(RISING), key=version_key) == RISING


@pytest.mark.skipif(shutil.which("dpkg") is None, reason="no dpkg here")
def test_dpkg_agrees() -> None:
    for older, newer in itertools.pairwise(RISING):
        assert subprocess.run(["dpkg", "--compare-versions", older, "lt", newer], check=False).returncode == 0


def test_a_series_is_the_first_two_numbers() -> None:
    assert [series_of(v) for v in ("6.12.117-1~deb12u1", "7.3~rc7-1~exp1", "5.10.262-1")] == ["6.12", "7.3", "5.10"]
