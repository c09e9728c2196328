"""Writes man1/*.1.gz and completions/ into a folder, from what the commands say of themselves."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import completion
import help_texts
import man_pages


def main() -> int:
    parser = argparse.ArgumentParser(prog="manual", description=__doc__)
    parser.add_argument("--program", type=Path, required=True, help="ipcmark")
    parser.add_argument("--reporting", type=Path, required=True, help="the folder of the Python packages")
    parser.add_argument("--version", required=True, help="of ipcmark")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write")
    options = parser.parse_args()
    commands, left_out = help_texts.all_of(options.program, options.reporting)
    pages = options.out / "man1"
    shutil.rmtree(pages, ignore_errors=True)
    pages.mkdir(parents=True)
    if shutil.which("help2man"):
        for one in commands:
            man_pages.write(one, pages, options.version, _epoch())
    else:
        print("no man pages: they need help2man (apt-get install help2man)", file=sys.stderr)
    completion.write(commands, options.out / "completions")
    if left_out:
        print(f"no man pages and no completion of the reporting commands: {left_out}", file=sys.stderr)
    return 0


def _epoch() -> str:
    """The date of the pages: that of the commit, so that the same sources give the same bytes."""
    if "SOURCE_DATE_EPOCH" in os.environ:
        return os.environ["SOURCE_DATE_EPOCH"]
    try:
        said = subprocess.run(["git", "-C", Path(__file__).parent, "log", "-1", "--format=%ct"], capture_output=True, text=True,
                              check=True)
    except (OSError, subprocess.CalledProcessError):
        return str(int(time.time()))
    return said.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
