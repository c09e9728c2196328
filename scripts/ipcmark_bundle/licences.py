"""Writes under which licences a bundle is given on: ours, and those of all that is linked into it."""

from __future__ import annotations

import shutil
from pathlib import Path

from .commands import BundleError
from .targets import Target

# What Debian says of the libraries that its packages bring, by the name it gets in the bundle.
_DEBIAN_TEXTS = {
    "nlohmann-json.txt": "/usr/share/doc/nlohmann-json3-dev/copyright",
    "cli11.txt": "/usr/share/doc/libcli11-dev/copyright",
    "cereal.txt": "/usr/share/doc/libcereal-dev/copyright",
    "glibc.txt": "/usr/share/doc/libc6/copyright",
    "libstdc++.txt": "/usr/share/doc/gcc-12-base/copyright",
    "LGPL-2.1.txt": "/usr/share/common-licenses/LGPL-2.1",
}

_LINKED_IN = """
What is linked into these programs, and the file that tells its licence:

  Google Benchmark   Apache-2.0                       licences/benchmark.txt
  fmt                MIT                              licences/fmtlib.txt
  nlohmann JSON      MIT                              licences/nlohmann-json.txt
  CLI11              BSD, three clauses               licences/cli11.txt
  cereal             BSD, three clauses               licences/cereal.txt
  Boost              Boost Software License 1.0       asks for no text beside programs
  GNU libstdc++      GPL-3 with the exception for     licences/libstdc++.txt
                     programs made with GCC
  GNU C library      LGPL-2.1 or later                licences/glibc.txt, licences/LGPL-2.1.txt

The C library is linked statically. Whoever wants these programs with another version of it makes them
again from the sources of ipcmark, of the commit that `./ipcmark --version` names, with
`scripts/bundle --arch {arch}` there; that command takes the C library of the machine it runs on, and its
sources are Debian's package glibc.
"""


def write_licences(folder: Path, root: Path, library_texts: Path, target: Target) -> None:
    """LICENSE and licences/ of the bundle in `folder`."""
    (folder / "LICENSE").write_text((root / "LICENSE").read_text() + _LINKED_IN.format(arch=target.arch))
    licences = folder / "licences"
    licences.mkdir()
    for text in sorted(library_texts.iterdir()):
        shutil.copyfile(text, licences / text.name)
    for name, text in _DEBIAN_TEXTS.items():
        try:
            shutil.copyfile(text, licences / name)
        except FileNotFoundError:
            raise BundleError(f"no {text}, the licence of what is linked in; install its package again, "
                              "without an option of dpkg that leaves out documentation") from None
