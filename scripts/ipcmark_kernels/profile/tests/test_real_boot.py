"""The profile of a real kernel. On demand, since it boots it: IPCMARK_BOOT_PROFILES=1 python3 -m pytest scripts/ipcmark_kernels/profile"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ipcmark_kernels.tests.test_boots import FILTER, KERNELS, SUITES, kernels, measured  # noqa: F401

ASKED = "IPCMARK_BOOT_PROFILES"
pytestmark = [pytest.mark.xdist_group("boots"), pytest.mark.skipif(ASKED not in os.environ, reason=f"boots a kernel: {ASKED}=1")]


def test_the_functions_of_a_kernel_are_together_what_its_clock_counted(measured: tuple[Path, str]) -> None:  # noqa: F811
    folder = measured[0]
    said = kernels("profile", KERNELS[0], *SUITES, "--bundle", str(folder.parent), "--filter", FILTER, "--out", str(folder))
    assert said.returncode == 0, said.stderr
    profile, = folder.glob("*/profile.json")
    cases = json.loads(profile.read_text())["cases"]
    futex = next(case for case in cases if "/notify/futex/" in case["case"])
    assert futex["functions"]["do_futex"] > 0 and futex["functions"]["__schedule"] > 0
    for case in cases:
        assert case["instructions"] == pytest.approx(case["clock"], rel=0.005), case["case"]
