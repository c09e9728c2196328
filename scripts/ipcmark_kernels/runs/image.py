"""What a file says of itself that is to be a kernel, by the kernel's Documentation/arch: pure functions."""

from __future__ import annotations

from ipcmark_report.text import one_line

_GZIP, _ELF = b"\x1f\x8b", b"\x7fELF"
_NAMES = {"amd64": "arch/x86/boot/bzImage", "arm64": "arch/arm64/boot/Image"}


def fault_of(image: bytes, arch: str) -> str | None:
    """Why QEMU cannot boot it, in words; None where it may."""
    if arch == "amd64" and _is_bzimage(image):
        if len(image) < (needed := _length(image)):
            return f"is cut off: {len(image)} of {needed} bytes; copy it again"
        return None
    if _is_arm64(image) or image.startswith(_GZIP):
        return None if arch == "arm64" else f"is a kernel for arm64, or compressed; name {_NAMES[arch]}"
    # A whole vmlinux with its notes is one that QEMU takes too.
    return None if image.startswith(_ELF) and arch == "amd64" else f"is no kernel for {arch}; name {_NAMES[arch]}"


def release_in(head: bytes) -> str | None:
    """The release in a bzImage's header; None for anything else."""
    if not _is_bzimage(head):
        return None
    offset = int.from_bytes(head[0x20E:0x210], "little") + 0x200
    text = head[offset: offset + 256].split(b"\0")[0].split(b" ")[0].decode(errors="replace")
    return one_line(text) or None


def _is_bzimage(image: bytes) -> bool:
    return image[0x202:0x206] == b"HdrS"


def _length(image: bytes) -> int:
    """The sectors that set up, and after them so many paragraphs of 16 bytes."""
    return ((image[0x1F1] or 4) + 1) * 512 + 16 * int.from_bytes(image[0x1F4:0x1F8], "little")


def _is_arm64(image: bytes) -> bool:
    return image[0x38:0x3C] == b"ARM\x64"
