"""Runs the tools that do the work, keeps what they say, and ends them with us."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from ipcmark_report.model import BadInput
from ipcmark_report.text import flat

ROOT = Path(__file__).resolve().parents[2]
_ENDING = (signal.SIGINT, signal.SIGTERM)
# These would get into the programs, and the same commit would give other bytes.
_CHANGES_THE_BUILD = ("CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "CPATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH",
                      "CMAKE_TOOLCHAIN_FILE", "CMAKE_PREFIX_PATH", "CMAKE_BUILD_TYPE", "DESTDIR", "CXX", "CC")


class BundleError(BadInput):
    """What went wrong and what to do, in one line."""

    def __init__(self, message: str, status: int = 2) -> None:
        super().__init__(message)
        self.status = status


def build_environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _CHANGES_THE_BUILD}
    return kept | {"LC_ALL": "C"} | dict(more or {})


def run(command: Sequence[str | Path], log: Path, what: str, *, cwd: Path | None = None,
        more_environment: Mapping[str, str] | None = None) -> None:
    """Runs a command to its end, its words appended to `log`; a failure is a BundleError that says `what`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as words:
        words.write(f"$ {' '.join(map(str, command))}\n".encode())
        words.flush()
        start = words.tell()
        # One that comes while the child is being made would leave it without anybody who knows of it.
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        try:
            # A group of its own: a compiler that is left behind would go on writing.
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=words, stderr=words, cwd=cwd,
                                     env=build_environment(more_environment), start_new_session=True, preexec_fn=_let_end)
            try:
                _let_end()
                status = child.wait()
            except BaseException:
                _end_group(child)
                raise
        except FileNotFoundError as missing:
            raise BundleError(f"{what}: no program {missing.filename}") from None
        finally:
            _let_end()
    if status != 0:
        raise BundleError(f"{what} failed: {_reason(log, start, status)}; all of it is in {log}")


def output_of(command: Sequence[str | Path], what: str) -> str:
    """What a quick command prints."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=build_environment(),
                              check=False)
    except FileNotFoundError as missing:
        raise BundleError(f"{what}: no program {missing.filename}") from None
    if done.returncode != 0:
        raise BundleError(f"{what} failed: {flat(done.stderr)[-200:]}")
    return done.stdout


def _let_end() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)


def _end_group(child: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, number)
        except ProcessLookupError:
            break
        try:
            child.wait(timeout=5)
        except subprocess.TimeoutExpired:
            continue
    child.wait()


def _reason(log: Path, start: int, status: int) -> str:
    with log.open("rb") as words:
        words.seek(start)
        lines = [flat(line) for line in words.read().decode(errors="replace").splitlines()]
    telling = [line for line in lines if re.search(r"^E: |\berror\b|\bfatal\b|No space left", line, re.IGNORECASE)]
    if telling:
        return telling[0][:200]
    return next((line[:200] for line in reversed(lines) if line), f"exit status {status}")
