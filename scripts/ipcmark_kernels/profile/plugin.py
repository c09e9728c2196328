"""Makes the plugin of QEMU that counts: compiled on the spot, since it belongs to the machine that boots."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from ipcmark_report.model import BadInput
from ipcmark_report.text import one_line

SOURCE = Path(__file__).resolve().parent / "count_functions.c"
FLAGS = ("-O2", "-shared", "-fPIC", "-std=gnu11")
DEADLINE_S = 120
# Of QEMU: from 9.0 on it takes only plugins of another interface.
OLDEST, NEWEST = (4, 2), (8, 2)


def demand_counting(arch: str, qemu: str) -> None:
    """BadInput where functions cannot be counted: on another architecture, or by a QEMU that takes no such plugin."""
    if arch != "amd64":
        raise BadInput(f"--arch {arch}: functions are counted on amd64 only; leave the profile out")
    numbers = tuple(map(int, re.findall(r"\d+", qemu)[:2]))
    if numbers and not OLDEST <= numbers <= NEWEST:
        raise BadInput(f"QEMU {one_line(qemu)}: functions are counted by a plugin for QEMU 4.2 to 8.2; leave the profile out, "
                       "or count where such a QEMU is")


def build(folder: Path) -> Path:
    """The plugin, in that folder; BadInput where this machine has no compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise BadInput("cc: there is no C compiler, and the profile is made by a plugin that is compiled here; "
                       "apt-get install gcc libc6-dev")
    target = folder / "count_functions.so"
    done = subprocess.run([compiler, *FLAGS, "-o", str(target), str(SOURCE)], capture_output=True, text=True,
                          errors="replace", timeout=DEADLINE_S)
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["no message"])[0]
        raise BadInput(f"{SOURCE.name}: cannot be compiled: {one_line(said)}; apt-get install gcc libc6-dev")
    return target


def option(plugin: Path, counts: Path) -> list[str]:
    """What QEMU is told. A comma ends a value for QEMU; doubled it is one."""
    def escaped(path: Path) -> str:
        return str(path).replace(",", ",,")

    return ["-plugin", f"file={escaped(plugin)},out={escaped(counts)}"]
