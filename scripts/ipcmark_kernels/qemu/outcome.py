"""Names what went wrong with a boot."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..guest.protocol import files_of, last_lines, read_console
from .boot import Boot

_PANIC = re.compile(r"Kernel panic - not syncing: .*")
_NO_ROOM = re.compile(r"No space left on device|Initramfs unpacking failed|out of memory|Out of memory|write error", re.IGNORECASE)
# 1: some cases failed, which the run itself says.
_USABLE = (0, 1)


@dataclass(frozen=True)
class Outcome:
    """The run's files, or what went wrong and the last lines of the console."""

    files: dict[str, bytes]
    fault: str = ""
    lines: tuple[str, ...] = ()


def outcome_of(boot: Boot) -> Outcome:
    said = read_console(boot.console)
    archive = said.archive if said.archive is not None else boot.result
    files = files_of(archive, said.sha256)
    if files and said.status in _USABLE:
        return Outcome(files)
    return Outcome({}, _fault(boot), tuple(last_lines(boot.console) or last_lines(boot.stderr)))


def _fault(boot: Boot) -> str:
    said = read_console(boot.console)
    panic = _PANIC.search(boot.console)
    room = _NO_ROOM.search(boot.console)
    if panic and not room:
        return f"panics: {last_lines(panic[0])[0]}"
    if room:
        return f"has no room: {room[0]}; give it more with --memory"
    if boot.limit:
        where = "while measuring" if said.settled else "after it booted" if said.started else "before it started /init"
        return f"hangs {where}: ended after {boot.limit}"
    if not said.started:
        told = last_lines(boot.stderr, 1)
        what = f" ({told[0]})" if told else "" if boot.console.strip() else ", and the console is empty"
        return f"does not boot: QEMU ended with status {boot.code}{what}"
    if said.status is None:
        return f"stopped before ipcmark had ended; QEMU ended with status {boot.code}"
    if said.status not in _USABLE:
        return f"ipcmark ended with status {said.status}"
    return "the run did not arrive whole"
