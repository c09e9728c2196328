"""What the history keeps of a run, and how it comes from a run directory."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from ..estimates import Estimate, select
from ..load import RESULT_FILE, load_run
from ..machines import Machine, machine_of
from ..model import WALL, BadInput, Run
from ..text import one_line


@dataclass(frozen=True)
class RunFacts:
    """A run without its figures. `digest` is of the content of its files; `kernel_build` is the build-id; texts that
    were not recorded are empty."""

    digest: str
    machine: Machine
    kernel: str
    kernel_version: str
    kernel_build: str
    boot: str
    started_at: str
    version: str
    git: str
    preset: str
    labels: int
    complete: bool
    path: str


@dataclass(frozen=True)
class Record:
    facts: RunFacts
    estimates: tuple[Estimate, ...]
    left_out: str


def record_of(path: Path) -> Record:
    """The record of a run directory, or BadInput."""
    run = load_run(path)
    if run.info.clock != WALL:
        raise BadInput(f"{one_line(str(path))}: counts {run.info.clock}, and a history is of times; leave it out")
    selection = select(run)
    if not selection.estimates:
        why = f" ({selection.says})" if selection.says else ""
        raise BadInput(f"{one_line(str(path))}: has no results to keep{why}; measure the run again, or leave it out")
    return Record(_facts(run), selection.estimates, selection.says)


def _facts(run: Run) -> RunFacts:
    def fact(group: str, key: str) -> str:
        return one_line(run.environment.start_text(group, key) or "")

    return RunFacts(
        digest=digest(run.path),
        machine=machine_of(run.environment),
        kernel=fact("kernel", "release"),
        kernel_version=fact("kernel", "version"),
        kernel_build=fact("kernel", "build_id"),
        # Runs from before there was a group `boot` have it among the kernel's facts.
        boot=fact("boot", "boot_id") or fact("kernel", "boot_id"),
        started_at=one_line(run.info.started_at),
        version=one_line(run.info.version),
        git=one_line(run.info.git),
        preset=one_line(run.info.preset),
        labels=len(run.info.labels),
        complete=run.info.complete,
        path=one_line(str(run.path.resolve())),
    )


def digest(path: Path) -> str:
    """SHA-256 over the names and contents of run.json and the result files: the same run, wherever it lies."""
    whole = hashlib.sha256()
    try:
        names = sorted(file.name for file in path.iterdir() if RESULT_FILE.fullmatch(file.name))
        for name in ("run.json", *names):
            content = hashlib.sha256((path / name).read_bytes()).hexdigest()
            whole.update(f"{name} {content}\n".encode())
    except OSError as error:
        raise BadInput(f"{one_line(str(path))}: cannot be read: {error.strerror}; "
                       "make its files readable") from error
    return whole.hexdigest()
