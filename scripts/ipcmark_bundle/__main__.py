"""The command scripts/bundle."""

from __future__ import annotations

import argparse
import errno
import signal
import subprocess
import sys
import time
from pathlib import Path

from ipcmark_debian.folders import held
from ipcmark_report.command_line import BAD_INPUT, Parser
from ipcmark_report.model import BadInput

from .archive import commit_time, pack
from .commands import ROOT, BundleError
from .programs import build, work_folder
from .targets import TARGETS, Target, native_arch
from .trial import check, committed

_TOOLS = ("git", "cmake", "ninja-build", "libboost-dev", "libcereal-dev", "nlohmann-json3-dev", "libcli11-dev")


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    wish = _parse(arguments)
    try:
        commit = committed() if wish.check else ""
        for target in [TARGETS[arch] for arch in wish.arch]:
            _install(target, wish.check)
            archive = make(target, wish.out)
            if wish.check:
                check(target, archive, commit)
    except BadInput as error:
        print(f"bundle: {error}", file=sys.stderr)
        return error.status if isinstance(error, BundleError) else BAD_INPUT
    except OSError as error:
        remedy = "; make room and run it again" if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
        print(f"bundle: {error.filename or wish.out}: {error.strerror}{remedy}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("bundle: interrupted; no archive was written, and what is whole in the cache stays", file=sys.stderr)
        return 130
    return 0


def make(target: Target, out: Path) -> Path:
    """Builds and packs one architecture, and says what came of it."""
    print(f"{target.arch}: building (the first time takes some minutes)", flush=True)
    start = time.monotonic()
    with held(work_folder(target), "make it one that you can write"):
        folder = build(target)
        archive = pack(folder, out, commit_time())
    unpacked = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print(f"{target.arch}: {archive}, {archive.stat().st_size / 1e6:.1f} MB ({unpacked / 1e6:.1f} MB unpacked), "
          f"made in {time.monotonic() - start:.0f} s", flush=True)
    return archive


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = Parser(
        prog="bundle", description="Makes an archive of static programs that run on any Linux from 4.19 on.")
    here = native_arch()
    parser.add_argument("--arch", action="append", choices=sorted(TARGETS), help=f"may be repeated (default: {here})")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bundle", metavar="DIR",
                        help="where the archives go (default: build/bundle)")
    parser.add_argument("--check", action="store_true",
                        help="also build it a second time elsewhere and compare, and run it in a bare root")
    wish = parser.parse_args(arguments)
    if wish.arch is None:
        if here is None:
            parser.error(f"this machine is none of {', '.join(sorted(TARGETS))}; name one with --arch")
        wish.arch = [here]
    wish.arch = list(dict.fromkeys(wish.arch))
    wish.out = wish.out.resolve()
    if wish.out.exists() and not wish.out.is_dir():
        parser.error(f"--out: {wish.out} is no folder")
    return wish


def _install(target: Target, to_check: bool) -> None:
    emulator = ["qemu-user-static"] if to_check and not target.native else []
    # Not in a group of its own: it asks on the terminal.
    done = subprocess.run([ROOT / "scripts" / "install_packages", *_TOOLS, target.compiler_package, *emulator], check=False)
    if done.returncode != 0:
        raise BundleError(f"{target.arch} needs the packages named above; install them, then run this again")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
