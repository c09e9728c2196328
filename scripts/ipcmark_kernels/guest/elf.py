"""For which processor a program was built, and whether it needs anything beside itself."""

from __future__ import annotations

import struct

_MACHINES = {3: "i386", 40: "armhf", 62: "amd64", 183: "arm64", 243: "riscv64"}
_PT_INTERP = 3


def machine_of(program: bytes) -> str | None:
    """Debian's name of the architecture; None for what is no ELF program of Linux."""
    if program[:4] != b"\x7fELF" or len(program) < 64:
        return None
    (machine,) = struct.unpack_from("<H", program, 18)
    return _MACHINES.get(machine, f"machine {machine}")


def is_static(program: bytes) -> bool:
    """Whether a 64-bit program names no loader."""
    (offset,) = struct.unpack_from("<Q", program, 32)
    size, count = struct.unpack_from("<HH", program, 54)
    types = (struct.unpack_from("<I", program, offset + index * size)[0] for index in range(count)
             if offset + index * size + 4 <= len(program))
    return _PT_INTERP not in types
