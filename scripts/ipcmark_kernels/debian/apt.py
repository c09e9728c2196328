"""What of Debian's archive is asked for: kernels, in the suites that have any, and packages by the hash of a signed list."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from ipcmark_debian.apt import KEYRING, MIRROR, TRIES, Origin, PrivateApt
from ipcmark_report.model import BadInput

from .packages import Package, merged, packages_in

SECURITY = "http://deb.debian.org/debian-security"
SUITES = ("bullseye", "bullseye-security", "bookworm", "bookworm-security", "bookworm-backports", "trixie",
          "trixie-security", "trixie-backports", "forky", "sid", "experimental")
PAUSE_S = 1.0
_HELPER = "/usr/lib/apt/apt-helper"


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

    def origins(self) -> list[Origin]:
        parts = {uri: tuple(suite for suite in self.suites if self.base(suite) == uri) for uri in (self.mirror, self.security)}
        return [Origin("deb", uri, suites) for uri, suites in parts.items() if suites]


class Apt:
    """One architecture's view of the archive, kept below `folder`."""

    def __init__(self, folder: Path, arch: str, archive: Archive = Archive()) -> None:
        self._arch, self._archive = arch, archive
        self._apt = PrivateApt(folder, archive.origins(), arch, archive.keyring)
        if shutil.which("dpkg-deb") is None:
            raise BadInput("dpkg-deb: not here; kernels are unpacked by it, which Debian and what derives from it have")

    def update(self) -> list[str]:
        """Fetches the lists; what could not be had, a line each. Without any list: BadInput."""
        faults = self._apt.update()
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
        deb = (into / f"{package.name}.deb").absolute()
        for attempt in range(TRIES):
            said = self._apt.run(_HELPER, "download-file", package.uri, str(deb), f"SHA256:{package.sha256}")
            # It may leave a file that has another hash.
            if said.returncode == 0 and deb.exists():
                return deb
            deb.unlink(missing_ok=True)
            faults = self._apt.faults(said) or ["apt-helper download-file failed"]
            if any(" 404 " in fault or "not found" in fault.lower() for fault in faults):
                raise Missing(f"{package.name} {package.version}: the archive lists it and does not have it")
            if attempt + 1 < TRIES:
                time.sleep(PAUSE_S * (attempt + 1))
        raise BadInput(f"{package.name} {package.version}: cannot be had, tried {TRIES} times: {faults[0]}; try again later")

    def _indexes(self) -> list[tuple[Path, str]]:
        found = []
        for suite in self._archive.suites:
            found += [(one, suite)
                      for one in sorted(self._apt.lists.glob(f"*_dists_{suite}_main_binary-{self._arch}_Packages*"))]
        return found
