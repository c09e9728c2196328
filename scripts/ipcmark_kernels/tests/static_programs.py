"""Links the programs of a release build once more, statically: the objects are the same, so nothing is compiled but the
libraries that Debian has not as archives, and they are kept."""

import re
import shlex
import subprocess
from pathlib import Path

from ipcmark_bundle.libraries import static_libraries
from ipcmark_bundle.targets import TARGETS

_SHARED = re.compile(r"\S*/lib(fmt|benchmark)\.so[.0-9]*")


def link(build: Path, programs: tuple[str, ...], into: Path) -> None:
    """Writes each of the programs of the build folder, static, into a folder."""
    libraries = static_libraries(TARGETS["x86_64"], into / "libraries.log") / "lib"
    for program in programs:
        said = subprocess.run(["ninja", "-C", build, "-t", "commands", program], capture_output=True, text=True, check=True).stdout
        command = static_command(said.splitlines()[-1], libraries, into / program)
        subprocess.run(command, cwd=build, shell=True, check=True)


def static_command(shared: str, libraries: Path, target: Path) -> str:
    """Ninja's command that links a program, as one that links it statically to another place."""
    static = _SHARED.sub(lambda match: shlex.quote(str(libraries / f"lib{match[1]}.a")), shared)
    return re.sub(r" -o \S+ ", f" -static -s -o {shlex.quote(str(target))} ", static)
