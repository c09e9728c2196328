"""A real Slurm of two nodes on this machine, in namespaces of its own, and what tests do with it."""

from __future__ import annotations

import fcntl
import io
import json
import os
import shutil
import signal
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

SLURM = Path(__file__).resolve().parents[1]
BUILD = SLURM.parents[2] / "build/release/bin"
PROGRAMS = ("ipcmark", "limits", "fork_cost", "latency", "throughput", "contention", "ipcmark-exit")
TOOLS = {"slurmctld": "slurmctld", "slurmd": "slurmd", "sbatch": "slurm-client", "munged": "munge", "unshare": "util-linux",
         "nsenter": "util-linux", "ip": "iproute2"}
NAMESPACES = ("--net", "--pid", "--mount", "--ipc", "--uts", "--fork", "--kill-child", "--mount-proc")
DEADLINE_S = 60


def skip_without_cluster() -> None:
    for tool, package in TOOLS.items():
        if shutil.which(tool, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None:
            pytest.skip(f"no {tool} here: apt-get install {package}")
    if os.geteuid() != 0:
        pytest.skip("a cluster of its own needs root: slurmd starts jobs as their users")
    tried = subprocess.run(["unshare", *NAMESPACES, "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"no namespaces here: {tried.stderr.strip()}")
    missing = [program for program in PROGRAMS if not (BUILD / program).exists()]
    if missing:
        pytest.skip(f"no {missing[0]} in {BUILD}: scripts/build release")


in_vain: list[str] = []
"""What was waited for and did not come: after that nobody waits as long again."""


def until(what: str, true: Callable[[], Any]) -> Any:
    """Waits for it, and fails with what it was."""
    end = time.monotonic() + DEADLINE_S
    while not (found := true()):
        if time.monotonic() > end:
            in_vain.append(what)
            pytest.fail(f"not within {DEADLINE_S} s: {what}")
        time.sleep(0.05)
    return found


def make_bundle(folder: Path) -> Path:
    """The release build's programs as scripts/bundle would pack them, but linked dynamically."""
    archive = folder / "ipcmark-0.1.0-x86_64.tar.xz"
    stripped = folder / "stripped"
    with tarfile.open(archive, "w:xz", preset=0) as tar:  # type: ignore[call-arg]
        for program in PROGRAMS:
            subprocess.run(["strip", "-o", stripped, BUILD / program], check=True)
            tar.add(stripped, f"ipcmark-0.1.0-x86_64/{program}")
    stripped.unlink()
    return archive


@contextmanager
def node_lock(folder: str = "/sys/devices/system/cpu") -> Iterator[None]:
    """As if another measurement ran: tasks begin, and wait."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        until("nobody measures here", lambda: _locked(handle))
        yield
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class Cluster:
    """Two nodes, n1 with the feature `old` and n2 with `new`, each with a disk of its own below local/."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.inner = "none"
        folder.mkdir()
        # The default temporary folder is not what the jobs get.
        self.environment = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf"), "TMPDIR": str(folder / "of the login node"),
                            "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
        self.said = (folder / "said").open("w+")
        self.outer = subprocess.Popen(["unshare", *NAMESPACES, "bash", Path(__file__).with_name("cluster.sh"), folder],
                                      stdin=subprocess.DEVNULL, stdout=self.said, stderr=self.said, env=self.environment)

    def wait_until_up(self) -> None:
        until("the daemons are started", lambda: (self.folder / "up").exists() or self.outer.poll() is not None)
        assert self.outer.poll() is None, (self.folder / "said").read_text()
        children = Path(f"/proc/{self.outer.pid}/task/{self.outer.pid}/children").read_text().split()
        self.inner = children[0]
        until("both nodes are idle", lambda: self.ask("sinfo", "--noheader", "--format=%T %D") == "idle 2\n")

    def run(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.inside(*words), stdin=subprocess.DEVNULL, capture_output=True, text=True, env=self.environment,
                              check=False)

    def inside(self, *words: str | Path) -> list[str | Path]:
        return ["nsenter", f"--target={self.inner}", "--all", *words]

    def ask(self, *words: str | Path) -> str:
        done = self.run(*words)
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout

    def submit(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        return self.run(SLURM / "submit", *words)

    def submitted(self, *words: str | Path) -> str:
        done = self.submit(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def queue(self, job_format: str = "%j %K %T") -> list[str]:
        return self.ask("squeue", "--noheader", "--array", f"--format={job_format}").splitlines()

    def wait_until_idle(self) -> None:
        until("no job is queued", lambda: not self.queue())

    def processes(self) -> dict[int, str]:
        """Their numbers as they are outside, and their command lines."""
        namespace = os.readlink(f"/proc/{self.inner}/ns/pid")
        found = {}
        for one in Path("/proc").glob("[0-9]*"):
            try:
                if os.readlink(one / "ns/pid") == namespace:
                    words = (one / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                    found[int(one.name)] = words or (one / "comm").read_text().strip()
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
        return found

    def processes_of(self, job: str) -> list[int]:
        """Those that the job started."""
        return [pid for pid in self.processes() if f"SLURM_JOB_ID={job}" in _environment(pid)]

    def keepers_of(self, job: str) -> list[int]:
        """Those of Slurm that watch over it."""
        return [pid for pid, words in self.processes().items() if words.startswith(f"slurmstepd: [{job}.")]

    def kill(self, pids: Sequence[int]) -> None:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def measuring(self) -> list[int]:
        return [pid for pid, words in self.processes().items() if "/programs/ipcmark run " in words]

    def left_behind(self) -> list[str]:
        """Files on the nodes' disks and in /dev/shm, and processes that are no daemon's."""
        files = [*(self.folder / "local").glob("*/*"), *Path(f"/proc/{self.inner}/root/dev/shm").iterdir()]
        daemons = ("sleep infinity", "cluster.sh", "munged", "slurmctld", "slurmscriptd", "slurmd -N")
        return [str(one) for one in files] + [
            words for words in self.processes().values() if not any(one in words for one in daemons)]

    def wait_until_nothing_is_left(self) -> None:
        end = time.monotonic() + DEADLINE_S
        while left := self.left_behind():
            if time.monotonic() > end:
                in_vain.append(f"that these go: {left}")
                pytest.fail(f"left behind: {left}")
            time.sleep(0.05)

    def end(self) -> None:
        self.outer.send_signal(signal.SIGKILL)
        self.outer.wait()
        self.said.close()
        # Its end ends all within, but a moment later.
        until("the namespaces are empty", lambda: not Path(f"/proc/{self.inner}").exists())


def _environment(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return []


def summary(campaign: Path) -> dict[str, dict[str, Any]]:
    """Of each task, by its name."""
    return {one["task"]: one for one in json.loads((campaign / "summary.json").read_text())["tasks"]}


def crafted_bundle(file: Path, machines: Sequence[int], top: str) -> Path:
    """An archive with one program for each number of e_machine, and nothing in them but that."""
    names = PROGRAMS[: len(machines)]
    with tarfile.open(file, "w:gz") as tar:
        for name, machine in zip(names, machines, strict=True):
            member = tarfile.TarInfo(f"{top}/{name}")
            member.mode = 0o755
            content = b"\x7fELF\x02\x01\x01" + bytes(11) + machine.to_bytes(2, "little") + bytes(44)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return file
