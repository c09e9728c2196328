"""Which packages hold a kernel: read from the lists of an archive."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from .versions import series_of, version_key

FLAVOURS = ("generic", "cloud", "rt")
OLDEST = "5.10"
# From 6.19 on linux-image only depends on linux-binary, which holds the kernel.
_LEAST_KERNEL = 1_000_000
_WANTED = re.compile(rb"(?m)^Package: (?:linux-(?:image|binary|base)-[0-9][^\n]*|busybox-static)$")
_NAME = re.compile(r"linux-(image|binary|base)-([0-9].*?)-(?:(cloud|rt)-)?(amd64|arm64)(-unsigned)?")
_FIELD = re.compile(r"(?m)^(Package|Version|Size|SHA256|Filename): (.*)$")


@dataclass(frozen=True)
class Package:
    """One package in one version; `suites` are those that offer it, `uri` the place that one of them names."""

    name: str
    version: str
    size: int
    sha256: str
    uri: str
    suites: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kernel:
    """A kernel as Debian builds it; `release` is what uname(1) will say."""

    release: str
    version: str
    flavour: str
    arch: str
    packages: tuple[Package, ...]

    @property
    def series(self) -> str:
        return series_of(self.version)

    @property
    def suites(self) -> tuple[str, ...]:
        return self.packages[0].suites

    @property
    def size(self) -> int:
        return sum(package.size for package in self.packages)


def packages_in(index: bytes, suite: str, base: str) -> list[Package]:
    """The packages of an archive's list that matter here; `base` is where its file names start from."""
    found = []
    for match in _WANTED.finditer(index):
        end = index.find(b"\n\n", match.start())
        stanza = index[match.start(): end if end != -1 else len(index)].decode(errors="replace")
        fields = dict(_FIELD.findall(stanza))
        if len(fields) == 5 and fields["Size"].isdigit():
            found.append(Package(fields["Package"], fields["Version"], int(fields["Size"]), fields["SHA256"],
                                 f"{base}/{fields['Filename']}", (suite,)))
    return found


def merged(packages: Iterable[Package]) -> list[Package]:
    """Each name and version once, with all suites that have it."""
    found: dict[tuple[str, str], Package] = {}
    for package in packages:
        key = package.name, package.version
        known = found.get(key)
        suites = tuple(dict.fromkeys((*(known.suites if known else ()), *package.suites)))
        found[key] = replace(known or package, suites=suites)
    return list(found.values())


def kernels_of(packages: Sequence[Package], arch: str) -> list[Kernel]:
    """All kernels, the oldest first; of one release that is there signed and unsigned, the signed one."""
    bases = {(p.name, p.version): p for p in packages if p.name.startswith("linux-base-")}
    found: dict[tuple[str, str], Kernel] = {}
    for package in sorted(packages, key=lambda p: p.name.endswith("-unsigned")):
        match = _NAME.fullmatch(package.name)
        if match is None or match[1] == "base" or package.size < _LEAST_KERNEL or match[4] != arch:
            continue
        flavour = match[3] or "generic"
        release = "-".join(part for part in (match[2], match[3], arch) if part)
        base = bases.get((f"linux-base-{release}", package.version))
        kernel = Kernel(release, package.version, flavour, arch, (package, base) if base else (package,))
        if version_key(kernel.series) >= version_key(OLDEST):
            found.setdefault((release, package.version), kernel)
    return sorted(found.values(), key=lambda k: (version_key(k.version), FLAVOURS.index(k.flavour)))


def newest_first(kernels: Sequence[Kernel], wanted: str) -> list[Kernel]:
    """Those that `6.12`, `6.12-rt`, `6.12.117+deb12-cloud` or a whole release can mean; empty where none."""
    series, _, flavour = wanted.partition("-")
    found = [k for k in kernels if (k.series, k.flavour) == (series, flavour or "generic")]
    # A release candidate is called like its series.
    return (found or [k for k in kernels if wanted in (k.release, k.release.removesuffix(f"-{k.arch}"))])[::-1]


def newest(packages: Iterable[Package], name: str) -> Package | None:
    return max((p for p in packages if p.name == name), key=lambda p: version_key(p.version), default=None)
