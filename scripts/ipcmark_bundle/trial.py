"""Proves of a bundle what it promises: the same bytes again, and that it runs where nothing is installed."""

from __future__ import annotations

import filecmp
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ipcmark_report.text import flat

from .commands import ROOT, BundleError, output_of, run
from .targets import Target

MOST_BYTES = 15_000_000
# One case of each binary but limits, of which there is one for every floor; two that start ipcmark-exit.
CASES = (r"^(latency/(pipe/pipe/size:64|semaphore/futex)|throughput/pipe/pipe/size:64|contention/semaphore/futex"
         r"/hold_ns:0/processes:2|fork_cost/process/(fork|posix_spawn)/memory_mib:0)/.*placement:same_core$|^limits/system_call")
_BINFMT = Path("/usr/lib/binfmt.d")


class CheckFailed(BundleError):
    """A bundle that does not do what it promises."""

    def __init__(self, message: str) -> None:
        super().__init__(message, status=1)


def check(target: Target, archive: Path, commit: str) -> None:
    """Says what was proved; throws CheckFailed at the first thing that is not so."""
    if committed() != commit:
        raise BundleError("the checkout got another commit while it was built; run --check again")
    if archive.stat().st_size >= MOST_BYTES:
        raise CheckFailed(f"{archive} is {archive.stat().st_size} bytes, {MOST_BYTES} are too many")
    with tempfile.TemporaryDirectory(prefix="ipcmark_bundle.") as folder:
        _runs_in_a_bare_root(target, archive, Path(folder) / "root")
        _is_the_same_again(target, archive, commit, Path(folder))


def committed() -> str:
    """The commit of this checkout. Only what is committed can be built a second time elsewhere."""
    if output_of(["git", "-C", ROOT, "status", "--porcelain"], "asking git for changes").strip():
        raise BundleError("--check builds the commit a second time, from a clone; commit or stash your changes first")
    return output_of(["git", "-C", ROOT, "rev-parse", "HEAD"], "asking git for the commit").strip()


def _is_the_same_again(target: Target, archive: Path, commit: str, folder: Path) -> None:
    clone, log = folder / "another folder" / "clone", folder / "again.log"
    run(["git", "clone", "--quiet", "--shared", "--no-checkout", ROOT, clone], log, "cloning this checkout")
    run(["git", "-C", clone, "checkout", "--quiet", "--detach", commit], log, "checking out its commit")
    # Everything anew, the libraries too, and by the compiler itself.
    run([clone / "scripts" / "bundle", "--arch", target.arch, "--out", folder / "again"], log, "the second build",
        more_environment={"XDG_CACHE_HOME": str(folder / "cache"), "CCACHE_DISABLE": "1"})
    again = folder / "again" / archive.name
    if not filecmp.cmp(archive, again, shallow=False):
        kept = archive.with_name(f"{archive.name}.again")
        shutil.copyfile(again, kept)
        raise CheckFailed(f"{archive} came out otherwise from another folder: compare it with {kept}")
    print(f"{target.arch}: the same {archive.stat().st_size} bytes from a clone in another folder with an empty cache", flush=True)


def _runs_in_a_bare_root(target: Target, archive: Path, root: Path) -> None:
    root.mkdir()
    with tarfile.open(archive) as tar:
        tar.extractall(root)
    programs = f"/{archive.name.removesuffix('.tar.xz')}"
    checked = _in_root(target, root, [f"{programs}/ipcmark", "check"], (0, 1))
    listed = _in_root(target, root, [f"{programs}/ipcmark", "list"], (0,))
    _in_root(target, root, [f"{programs}/ipcmark", "run", "--preset", "quick", "--filter", CASES, "--out", "/my-run"], (0,))
    emulator = json.loads((root / "my-run" / "environment.json").read_text())["start"]["machine"]["emulator"]
    told = json.loads((root / "my-run" / "run.json").read_text())
    labels = " ".join(told["labels"])
    if len({emulator == "none", target.native, "emulated by" not in checked, "emulated by" not in labels}) != 1:
        raise CheckFailed(f"{target.arch}: its emulator is {flat(str(emulator))}, and the run's labels are: {flat(labels)}")
    if told["status"] != "complete" or not told["cases"]:
        raise CheckFailed(f"{target.arch}: the run is {told['status']}, with {len(told['cases'])} cases")
    where = "natively" if target.native else f"under {emulator}"
    print(f"{target.arch}: in a bare root, {where}: check, list ({len(listed.splitlines())} lines), and a run of "
          f"{len(told['cases'])} cases", flush=True)


def _in_root(target: Target, root: Path, command: Sequence[str], fine: Sequence[int]) -> str:
    """Runs a command where there is nothing but `root`, /proc, /dev and /tmp, in namespaces that go with it."""
    for name in ("proc", "dev", "tmp"):
        (root / name).mkdir(exist_ok=True)
    # binfmt_misc belongs to a user namespace, since Linux 6.7: what is registered there concerns nobody else.
    as_root = [] if target.native and os.geteuid() == 0 else ["--user", "--map-root-user"]
    steps = ["mount -t proc proc $ROOT/proc", "mount --rbind /dev $ROOT/dev", "mount -t tmpfs tmpfs $ROOT/dev/shm",
             "mount -t tmpfs tmpfs $ROOT/tmp"]
    if not target.native:
        steps += ["mount -t binfmt_misc none /proc/sys/fs/binfmt_misc",
                  'printf %s "$FORMAT" >/proc/sys/fs/binfmt_misc/register']
    steps.append('exec chroot $ROOT "$@"')
    environment = {"PATH": os.environ["PATH"], "ROOT": str(root), "FORMAT": "" if target.native else _format(target)}
    done = subprocess.run(["unshare", *as_root, "--mount", "--pid", "--ipc", "--fork", "--kill-child", "sh", "-euc",
                           "; ".join(steps), "sh", *command],
                          env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                          timeout=600, check=False)
    if done.returncode not in fine:
        raise CheckFailed(f"{target.arch}: `{' '.join(command)}` in a bare root ended with {done.returncode}: "
                          f"{flat(done.stderr or done.stdout)[-300:]}")
    return done.stdout


def _format(target: Target) -> str:
    """By what the kernel knows programs of that architecture, as qemu-user-static brings it."""
    return (_BINFMT / f"qemu-{target.emulator}.conf").read_text().strip()
