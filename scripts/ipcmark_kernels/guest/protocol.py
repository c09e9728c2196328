"""What the guest says on its console, and the run that it sends."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import re
import tarfile
from dataclasses import dataclass

from ipcmark_report.text import one_line

_WORD = re.compile(r"^@@ipcmark (started|settled|status ([0-9]{1,3})|sha256 ([0-9a-f]{64})|archive|end)$")
_FILE = re.compile(r"run/([a-z][a-z0-9_.]*\.json)")
# Terminals are told colours and places by these.
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
LAST_LINES = 8


@dataclass(frozen=True)
class Said:
    """How far the guest came; `archive` only where it was sent on the console."""

    started: bool = False
    settled: bool = False
    status: int | None = None
    sha256: str | None = None
    archive: bytes | None = None


def read_console(text: str) -> Said:
    """The guest's words among the kernel's."""
    words: dict[str, re.Match[str]] = {}
    encoded: list[str] = []
    for line in text.replace("\r", "").split("\n"):
        match = _WORD.match(line)
        if match:
            words[match[1].split()[0]] = match
        elif "archive" in words and "end" not in words:
            encoded.append(line)
    return Said("started" in words, "settled" in words,
                int(words["status"][2]) if "status" in words else None,
                words["sha256"][3] if "sha256" in words else None,
                _decoded("".join(encoded)) if "end" in words else None)


def files_of(archive: bytes, sha256: str | None) -> dict[str, bytes] | None:
    """The files of the run by name; None where not all of it arrived."""
    if sha256 is None or hashlib.sha256(archive).hexdigest() != sha256:
        return None
    found = {}
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        for member in tar:
            name = _FILE.fullmatch(member.name)
            stream = tar.extractfile(member) if name and member.isfile() else None
            if name and stream:
                found[name[1]] = stream.read()
    return found


def last_lines(console: str, count: int = LAST_LINES) -> list[str]:
    """What was last to be read there, without what would act on a terminal."""
    lines = (one_line(_ESCAPE.sub("", line).strip()) for line in console.replace("\r", "\n").split("\n"))
    return [line for line in lines if line and not _WORD.match(line)][-count:]


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
