"""A private apt: its own sources, lists and settings below a folder, and nothing of the system's but its proxy."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ipcmark_report.model import BadInput
from ipcmark_report.text import one_line

from .folders import CACHE_REMEDY, full_disk

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
MIRROR = "http://deb.debian.org/debian"
# Mirrors behind a proxy fail now and then.
TRIES = 3
# What an administrator may have set, and would weaken or lengthen this.
_CLEARED = ("APT::Update::Pre-Invoke", "APT::Update::Post-Invoke", "APT::Update::Post-Invoke-Success",
            "Acquire::AllowInsecureRepositories", "APT::Get::AllowUnauthenticated", "APT::Architectures")


@dataclass(frozen=True)
class Origin:
    """What a place offers: `kind` is deb or deb-src."""

    kind: str
    uri: str
    suites: tuple[str, ...]

    def text(self, keyring: Path) -> str:
        return (f"Types: {self.kind}\nURIs: {self.uri}\nSuites: {' '.join(self.suites)}\nComponents: main\n"
                f"Signed-By: {keyring}\n")


class PrivateApt:
    """Lists must be signed by a key of `keyring`. `arch` is that of the packages, None for sources."""

    def __init__(self, folder: Path, origins: Sequence[Origin], arch: str | None = None, keyring: Path = KEYRING) -> None:
        self.folder, self._origins, self._arch, self._keyring = folder.absolute(), origins, arch, keyring
        if shutil.which("apt-get") is None:
            raise BadInput("apt-get: not here; what is fetched comes from Debian, by apt, which Debian and what derives from it have")
        if not keyring.exists():
            raise BadInput(f"{keyring}: not here; install it: apt-get install debian-archive-keyring")

    @property
    def lists(self) -> Path:
        return self.folder / "state/lists"

    def update(self) -> list[str]:
        """Fetches the lists; what could not be had, a line each."""
        return self.faults(self.run("apt-get", "update"))

    def run(self, tool: str, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """One of apt's tools, with these settings."""
        for part in ("state/lists/partial", "cache/archives/partial"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        (self.folder / "debian.sources").write_text("\n".join(origin.text(self._keyring) for origin in self._origins))
        (self.folder / "apt.conf").write_text(self._settings())
        return subprocess.run(
            [tool, "-q", "-c", str(self.folder / "apt.conf"), *arguments], capture_output=True, text=True, errors="replace",
            check=False, stdin=subprocess.DEVNULL, cwd=cwd, env={**os.environ, "LC_ALL": "C.UTF-8"})

    def faults(self, said: subprocess.CompletedProcess[str]) -> list[str]:
        """What apt complains of, errors first, each on one line; a full disk is BadInput."""
        lines = (said.stderr + said.stdout).splitlines()
        # Where there are older lists apt only warns.
        found = [one_line(line[2:].strip()) for start in ("E:", "W: Failed to fetch") for line in lines if line.startswith(start)]
        if any("No space left" in fault for fault in found):
            raise full_disk(self.folder, f"or {CACHE_REMEDY}")
        return found

    def _settings(self) -> str:
        values: dict[str, object] = {
            "Dir::Etc::sourcelist": self.folder / "debian.sources",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "Dir::State": self.folder / "state",
            "Dir::State::lists": self.lists,
            "Dir::State::status": "/dev/null",
            "Dir::Cache": self.folder / "cache",
            **({"APT::Architecture": self._arch, "APT::Architectures": self._arch} if self._arch else {}),
            # The folder belongs to this user, and the user _apt need not be able to enter it.
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
            "Acquire::Retries": TRIES,
            "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
            "Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled": "false",
            "Acquire::AllowInsecureRepositories": "false",
            "APT::Get::AllowUnauthenticated": "false",
        }
        return "".join(f"#clear {name};\n" for name in _CLEARED) + "".join(f'{name} "{value}";\n' for name, value in values.items())
