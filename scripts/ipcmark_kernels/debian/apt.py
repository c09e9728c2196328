"""A private apt: its own sources, lists and settings below a folder, and nothing of the system's."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from ipcmark_report.model import BadInput
from ipcmark_report.text import one_line

from ..lock import full_disk
from ..places import CACHE_REMEDY
from .packages import Package, merged, packages_in

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
MIRROR = "http://deb.debian.org/debian"
SECURITY = "http://deb.debian.org/debian-security"
SUITES = ("bullseye", "bullseye-security", "bookworm", "bookworm-security", "bookworm-backports", "trixie",
          "trixie-security", "trixie-backports", "forky", "sid", "experimental")
TRIES = 3
PAUSE_S = 1.0
_HELPER = "/usr/lib/apt/apt-helper"
_HOOKS = ("APT::Update::Pre-Invoke", "APT::Update::Post-Invoke", "APT::Update::Post-Invoke-Success",
          "Acquire::AllowInsecureRepositories", "APT::Get::AllowUnauthenticated")


class Missing(Exception):
    """The archive lists the package and does not have it."""


@dataclass(frozen=True)
class Archive:
    """What to ask, and by whose keys its lists must be signed."""

    suites: tuple[str, ...] = SUITES
    mirror: str = MIRROR
    security: str = SECURITY
    keyring: Path = KEYRING

    def folder(self, cache: Path, arch: str) -> Path:
        """Of this archive's lists; of fewer suites another one, as apt removes lists that it is not asked for."""
        what = hashlib.sha256(repr((self.suites, self.mirror, self.security)).encode()).hexdigest()[:8]
        return cache / "apt" / f"{arch}-{what}"

    def base(self, suite: str) -> str:
        return self.security if suite.endswith("-security") else self.mirror

    def sources(self, arch: str) -> str:
        parts = {uri: [suite for suite in self.suites if self.base(suite) == uri] for uri in (self.mirror, self.security)}
        return "\n".join(
            f"Types: deb\nURIs: {uri}\nSuites: {' '.join(suites)}\nComponents: main\n"
            f"Architectures: {arch}\nSigned-By: {self.keyring}\n"
            for uri, suites in parts.items() if suites)


class Apt:
    """One architecture's view of the archive, kept below `folder`."""

    def __init__(self, folder: Path, arch: str, archive: Archive = Archive()) -> None:
        self._folder, self._arch, self._archive = folder, arch, archive
        for tool in ("apt-get", "dpkg-deb"):
            if shutil.which(tool) is None:
                raise BadInput(f"{tool}: not here; kernels are fetched with apt, which Debian and what derives from it have")
        if not archive.keyring.exists():
            raise BadInput(f"{archive.keyring}: not here; install it: apt-get install debian-archive-keyring")

    def update(self) -> list[str]:
        """Fetches the lists; what could not be had, a line each. Without any list: BadInput."""
        self._prepare()
        said = self._run("apt-get", "update")
        faults = _faults(said)
        self._demand_room(faults)
        if not self._indexes():
            raise BadInput(f"the lists of Debian's archive cannot be had: {faults[0] if faults else 'apt-get update failed'}; "
                           "try again with a network, or name suites that exist with --suites")
        return faults

    def packages(self) -> list[Package]:
        """What the lists that were fetched say of kernels."""
        found: list[Package] = []
        for index, suite in self._indexes():
            text = subprocess.run([_HELPER, "cat-file", index], capture_output=True, check=False).stdout
            found += packages_in(text, suite, self._archive.base(suite))
        return merged(found)

    def download(self, package: Package, into: Path) -> Path:
        """The .deb, whose hash the signed lists confirm. Tried three times; Missing where the archive has it not."""
        self._prepare()
        deb = into / f"{package.name}.deb"
        for attempt in range(TRIES):
            said = self._run(_HELPER, "download-file", package.uri, str(deb), f"SHA256:{package.sha256}")
            # It may leave a file that has another hash.
            if said.returncode == 0 and deb.exists():
                return deb
            deb.unlink(missing_ok=True)
            faults = _faults(said) or ["apt-helper download-file failed"]
            self._demand_room(faults)
            if any(" 404 " in fault or "not found" in fault.lower() for fault in faults):
                raise Missing(f"{package.name} {package.version}: the archive lists it and does not have it")
            if attempt + 1 < TRIES:
                time.sleep(PAUSE_S * (attempt + 1))
        raise BadInput(f"{package.name} {package.version}: cannot be had, tried {TRIES} times: {faults[0]}; try again later")

    def _demand_room(self, faults: list[str]) -> None:
        if any("No space left" in fault for fault in faults):
            raise full_disk(self._folder, f"or {CACHE_REMEDY}")

    def _prepare(self) -> None:
        for part in ("state/lists/partial", "cache/archives/partial"):
            (self._folder / part).mkdir(parents=True, exist_ok=True)
        (self._folder / "debian.sources").write_text(self._archive.sources(self._arch))
        (self._folder / "apt.conf").write_text(self._settings())

    def _settings(self) -> str:
        values = {
            "Dir::Etc::sourcelist": self._folder / "debian.sources",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "Dir::State": self._folder / "state",
            "Dir::State::lists": self._folder / "state/lists",
            "Dir::State::status": "/dev/null",
            "Dir::Cache": self._folder / "cache",
            "APT::Architecture": self._arch,
            "APT::Architectures": self._arch,
            # The folder belongs to this user, and the user _apt need not be able to enter it.
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
            "Acquire::Retries": TRIES,
            "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
            "Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled": "false",
            "Acquire::AllowInsecureRepositories": "false",
            "APT::Get::AllowUnauthenticated": "false",
        }
        cleared = "".join(f"#clear {name};\n" for name in (*_HOOKS, "APT::Architectures"))
        return cleared + "".join(f'{name} "{value}";\n' for name, value in values.items())

    def _indexes(self) -> list[tuple[Path, str]]:
        lists = self._folder / "state/lists"
        found = []
        for suite in self._archive.suites:
            found += [(one, suite) for one in sorted(lists.glob(f"*_dists_{suite}_main_binary-{self._arch}_Packages*"))]
        return found

    def _run(self, tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [tool, "-q", "-c", str(self._folder / "apt.conf"), *arguments], capture_output=True, text=True,
            errors="replace", check=False, stdin=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C.UTF-8"})


def _faults(said: subprocess.CompletedProcess[str]) -> list[str]:
    """What apt complains of, errors first, each on one line."""
    lines = (said.stderr + said.stdout).splitlines()
    errors = [one_line(line[2:].strip()) for line in lines if line.startswith("E:")]
    # Where there are older lists apt only warns.
    return errors + [one_line(line[2:].strip()) for line in lines if line.startswith("W: Failed to fetch")]
