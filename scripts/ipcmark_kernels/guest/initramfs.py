"""The guest's root file system, as the kernel unpacks it: the same bytes from the same files."""

from __future__ import annotations

import errno
import os
import shlex
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from ipcmark_report.model import BadInput
from ipcmark_report.text import one_line

_INIT = Path(__file__).with_name("init.sh")
_EPOCH = 1_767_225_600  # 2026-01-01, as the guest's clock


def write_initramfs(target: Path, programs: Mapping[str, bytes], busybox: Path, arguments: Sequence[str]) -> None:
    """What measures: the script, the programs and what `ipcmark run` is told."""
    write_archive(target, {"init": _INIT.read_bytes(), "bin/busybox": busybox.read_bytes(),
                           "ipcmark/arguments": (shlex.join(arguments) + "\n").encode(),
                           **{f"ipcmark/{program}": content for program, content in programs.items()}})


def write_archive(target: Path, files: Mapping[str, bytes]) -> None:
    """Not compressed: the guest would count the unpacking, which takes longer than reading it."""
    with tempfile.TemporaryDirectory(prefix=".root-", dir=target.parent) as name:
        root = Path(name)
        for path, content in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(content)
            (root / path).chmod(0o755)
        listed = sorted(str(one.relative_to(root)) for one in root.rglob("*"))
        for path in [*listed, "."]:
            os.utime(root / path, (_EPOCH, _EPOCH))
        for folder in {root / path.split("/")[0] for path in files if "/" in path}:
            folder.chmod(0o755)
        with target.open("wb") as archive:
            done = subprocess.run(["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0", "--reproducible"], cwd=root,
                                  input="\n".join(listed).encode(), stdout=archive, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        if "No space left" in said:
            raise OSError(errno.ENOSPC, "No space left on device", str(target))
        raise BadInput(f"{target}: cpio could not write it: {one_line(said)}")
