"""What a kernel's image says of itself, and what is none."""

from __future__ import annotations

import pytest

from ipcmark_kernels.runs.image import fault_of, release_in


def bzimage(paragraphs: int = 96) -> bytes:
    """One sector that sets up beside the first, and so many times 16 bytes."""
    image = bytearray(1024 + 16 * paragraphs)
    image[0x1F1] = 1
    image[0x1F4:0x1F8] = paragraphs.to_bytes(4, "little")
    image[0x202:0x206] = b"HdrS"
    image[0x20E:0x210] = (0x400).to_bytes(2, "little")
    image[0x600:0x614] = b"6.18.0-own (me@here)"
    return bytes(image)


ARM64 = bytes(0x38) + b"ARM\x64" + bytes(64)


def test_a_kernel_image_says_its_release() -> None:
    assert release_in(bzimage()) == "6.18.0-own" and release_in(bytes(4096)) is None


def test_a_whole_image_of_the_architecture_has_no_fault() -> None:
    assert fault_of(bzimage(), "amd64") is None and fault_of(bzimage() + b"signature", "amd64") is None
    assert fault_of(ARM64, "arm64") is None and fault_of(b"\x1f\x8b\x08", "arm64") is None
    assert fault_of(b"\x7fELF" + bytes(60), "amd64") is None


@pytest.mark.parametrize(("image", "arch", "fault"), [
    (bzimage()[:-1], "amd64", "is cut off: 2559 of 2560 bytes"), (b"", "amd64", "is no kernel for amd64; name arch/x86/boot/bzImage"),
    (b"no kernel\n", "arm64", "is no kernel for arm64"), (ARM64, "amd64", "is a kernel for arm64"), (bzimage(), "arm64", "is no kernel for arm64")])
def test_what_cannot_be_booted_is_said(image: bytes, arch: str, fault: str) -> None:
    assert fault in (fault_of(image, arch) or "")
