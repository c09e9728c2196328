"""The scripts that a person starts find a Python with all that their package imports."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", ["report", "compare", "export", "history", "publish", "kernels"])
def test_each_script_finds_a_python_that_can_run_it(name: str, tmp_path: Path) -> None:
    # One that lacks every package comes first.
    bare = tmp_path / "python3"
    bare.write_text('#!/bin/sh\nexec /usr/bin/python3 -S "$@"\n')
    bare.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    environment.pop("IPCMARK_PYTHON", None)
    result = subprocess.run([SCRIPTS / name, "--help"], env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert name in result.stdout


@pytest.mark.parametrize(("name", "packages"), [("compare", "python3-numpy python3-scipy"), ("bundle", "python3")])
def test_without_a_python_that_fits_the_packages_are_named(name: str, packages: str) -> None:
    result = subprocess.run([SCRIPTS / name], env={**os.environ, "IPCMARK_PYTHON": "/nowhere"}, capture_output=True,
                            text=True, check=False)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1 and result.stderr.endswith(f"; install it: apt-get install {packages}\n")
