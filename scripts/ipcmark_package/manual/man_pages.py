"""Man pages of the commands, by help2man: from their help, and from pages/*.h2m what no help can say."""

from __future__ import annotations

import gzip
import re
import subprocess
import tempfile
from pathlib import Path

from help_texts import Help

_PAGES = Path(__file__).parent / "pages"
# Headings of argparse, as help2man looks for them.
_HEADINGS = ((r"^options:$", "Options:"), (r"^positional arguments:$", "Arguments:"), (r"^exit status: *", "*Exit status*\n\n"))
# Those of a sub-command need none.
_BARE = (r"^[Oo]ptions:\n", r"^positional arguments:\n")
# argparse lists sub-commands below a word that stands for them.
_COMMANDS = re.compile(r"^positional arguments:\n  \S+\n((?:    .*\n)+)", re.MULTILINE)


def write(command: Help, folder: Path, version: str, epoch: str) -> None:
    """NAME.1.gz in the folder; the same help gives the same bytes."""
    name = command.words[0]
    with tempfile.TemporaryDirectory() as room:
        # help2man wants a program to ask.
        program = Path(room) / name
        (Path(room) / "help").write_text(_text(command))
        program.write_text('#!/bin/sh\nexec cat "$(dirname "$0")/help"\n')
        program.chmod(0o755)
        page = subprocess.run(["help2man", "--no-info", f"--version-string={version}", f"--source=ipcmark {version}",
                               f"--include={_PAGES / name}.h2m", program],
                              env={"PATH": "/usr/bin:/bin", "SOURCE_DATE_EPOCH": epoch, "LC_ALL": "C.UTF-8"},
                              capture_output=True, check=True).stdout
    (folder / f"{name}.1.gz").write_bytes(gzip.compress(page, 9, mtime=0))


def _text(command: Help) -> str:
    """The help of a command and of its sub-commands, as one that help2man reads: a section each."""
    usages = [command.usage, *(one.usage for one in command.below)]
    text = _COMMANDS.sub(lambda found: "Commands:\n" + re.sub("^  ", "", found[1], flags=re.MULTILINE), command.text)
    for pattern, heading in _HEADINGS:
        text = re.sub(pattern, heading, text, flags=re.MULTILINE)
    parts = ["Usage: " + "\n  or:  ".join(usages), text]
    for one in command.below:
        own = one.text
        for pattern in _BARE:
            own = re.sub(pattern, "", own, flags=re.MULTILINE)
        parts.append(f"*{' '.join(one.words)}*\n\n{own}")
    return "\n\n".join(part.strip() for part in parts) + "\n"
