"""Boots one guest and waits for it, within limits; whoever ends, no QEMU is left."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from .machine import Guest, command_of

# A machine under load gives QEMU a small share of the time.
WALL_PER_CPU = 12


@dataclass(frozen=True)
class Boot:
    """What became of QEMU. `limit` names the one that ended it, empty where it ended by itself."""

    seed: int
    code: int
    limit: str
    console: str
    stderr: str
    result: bytes
    wall_s: float
    load: float


class Boots:
    """Those under way, so that all can be ended at once."""

    def __init__(self, cpu_limit_s: int) -> None:
        self._cpu_limit_s = cpu_limit_s
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._ended = False

    def boot(self, guest: Guest) -> Boot:
        load = os.getloadavg()[0]
        began = time.monotonic()
        process = self._start(guest)
        limit = ""
        try:
            _, stderr = process.communicate(timeout=self._cpu_limit_s * WALL_PER_CPU)
        except subprocess.TimeoutExpired:
            process.kill()
            _, stderr = process.communicate()
            limit = f"{self._cpu_limit_s * WALL_PER_CPU} s"
        finally:
            self._forget(process)
        if process.returncode in (-signal.SIGXCPU, 128 + signal.SIGXCPU):
            limit = f"{self._cpu_limit_s} s of CPU time"
        return Boot(guest.seed, process.returncode, limit, _text(guest.console), stderr.decode(errors="replace"),
                    _bytes(guest.result), time.monotonic() - began, load)

    def end(self) -> None:
        """Kills what runs; nothing starts any more."""
        with self._lock:
            self._ended = True
            for process in self._running:
                process.kill()

    def _start(self, guest: Guest) -> subprocess.Popen[bytes]:
        # prlimit and setpriv become QEMU; a killed parent takes it along.
        words = ["setpriv", "--pdeathsig", "KILL", "prlimit", f"--cpu={self._cpu_limit_s}:{self._cpu_limit_s + 5}", "--core=0",
                 *command_of(guest)]
        with self._lock:
            if self._ended:
                raise InterruptedError("ended")
            # Its own session: Ctrl-C is for us, who then end all of them.
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                       start_new_session=True)
            self._running.add(process)
            return process

    def _forget(self, process: subprocess.Popen[bytes]) -> None:
        with self._lock:
            self._running.discard(process)
        if process.poll() is None:
            process.kill()
            process.wait()


def _text(file: Path) -> str:
    return _bytes(file).decode(errors="replace")


def _bytes(file: Path) -> bytes:
    return file.read_bytes() if file.exists() else b""
