"""The plugin in QEMU, over a guest of which every instruction is known."""

from __future__ import annotations

import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from ipcmark_kernels.profile import plugin
from ipcmark_kernels.profile.counts import Counts, read_counts, together
from ipcmark_kernels.profile.symbols import by_function, read_symbols

GUEST = Path(__file__).resolve().parent / "guest.S"
QEMU = "qemu-system-x86_64"
ENDED = 43
TWICE, THRICE = 1 + 2 * 1000 + 1, 1 + 3 * 500 + 1


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Counts]:
    """The guest's symbols, and what was counted of it."""
    if shutil.which(QEMU) is None:
        pytest.skip(f"no {QEMU}: apt-get install qemu-system-x86")
    if platform.machine() != "x86_64":
        pytest.skip("the guest's compiler is that of x86_64")
    # A comma in a name is one that QEMU has to be told of.
    folder = tmp_path_factory.mktemp("plugin") / "a, b"
    folder.mkdir()
    guest, counts, symbols = folder / "guest.elf", folder / "counts", folder / "System.map"
    subprocess.run(["gcc", "-m32", "-nostdlib", "-static", "-no-pie", "-Wl,-Ttext=0x100000", "-Wl,--build-id=none", "-o",
                    guest, GUEST], check=True)
    symbols.write_text(subprocess.run(["nm", guest], capture_output=True, text=True, check=True).stdout)
    done = subprocess.run(
        [QEMU, "-accel", "tcg", "-icount", "shift=0,sleep=off", "-m", "16", "-nodefaults", "-display", "none", "-no-reboot",
         "-kernel", guest, "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04",
         *plugin.option(plugin.build(folder), counts)], timeout=120)
    assert done.returncode == ENDED
    return symbols, read_counts(counts)


def test_counts_each_instruction_of_a_function_inside_its_case_s_windows(counted: tuple[Path, Counts]) -> None:
    symbols, counts = read_symbols(counted[0]), counted[1]
    assert set(counts) == {1, 2}
    # The calls themselves stand in _start; the first case measured twice.
    assert by_function(together(counts[1]), symbols) == {"twice": 2 * TWICE, "thrice": THRICE, "_start": 3}
    assert by_function(together(counts[2]), symbols) == {"thrice": THRICE, "_start": 1}
