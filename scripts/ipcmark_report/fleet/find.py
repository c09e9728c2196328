"""Which runs lie in a folder, and of which host each is."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..load import RESULT_FILE
from ..model import BadInput
from ..text import one_line

SIDES = ("base", "versus")
# What a campaign over many hosts keeps beside its runs.
RECORD = "fleet.json"


@dataclass(frozen=True)
class Found:
    """`host` is what the folders call it; empty where only the run's own record can say. `side` is that of a run that took
    turns with another."""

    path: Path
    host: str = ""
    side: str = ""


def is_run(folder: Path) -> bool:
    """Whether it is a run, or what is left of one."""
    try:
        names = os.listdir(folder)
    except OSError:
        return False
    return "run.json" in names or any(RESULT_FILE.fullmatch(name) for name in names)


def is_folder_of_runs(folder: Path) -> bool:
    """Neither a run nor the two of one `--versus`, but runs lie in it, or in folders of it."""
    return not is_run(folder) and next(_below(folder), None) is not None


def found(paths: Iterable[Path], remarks: list[str] | None = None) -> list[Found]:
    """Of each path the run that it is, or all that lie below it, in the order of their names; what lies in a folder that cannot
    be listed is left out with a line in `remarks`."""
    result: list[Found] = []
    recorded: dict[Path, Mapping[str, str]] = {}
    for path in paths:
        if is_run(path) or not path.is_dir():
            # What is no directory is refused when it is read, like any run.
            result.append(Found(path))
            continue
        below = [_found(path, run, recorded) for run in sorted(_below(path, remarks))]
        if not below:
            raise BadInput(f"{one_line(str(path))}: no run lies in it; name a directory written by `ipcmark run`, or a folder "
                           "of such directories")
        result += below
    return result


def listed(file: Path) -> list[Path]:
    """The paths that a file has, a line each; empty lines and those that begin with # are none."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "is not UTF-8"
        raise BadInput(f"--runs-from {one_line(str(file))}: cannot be read: {why}; name a text file with a path a line") from error
    paths = [Path(line.strip()) for line in lines if line.strip() and not line.strip().startswith("#")]
    if not paths:
        raise BadInput(f"--runs-from {one_line(str(file))}: names no run; write a path a line")
    return paths


def _below(folder: Path, remarks: list[str] | None = None) -> Iterator[Path]:
    def left_out(error: OSError) -> None:
        if remarks is not None:
            remarks.append(f"left out: {one_line(str(error.filename))}: cannot be listed: {error.strerror}; make the folder readable")

    for at, folders, _ in os.walk(folder, onerror=left_out):
        # Hidden ones are half-written.
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if Path(at) != folder and is_run(Path(at)):
            folders.clear()
            yield Path(at)
        # os.walk() goes behind no link, which may lead round or anywhere.
        yield from (link for name in folders if (link := Path(at, name)).is_symlink() and is_run(link))


def _found(folder: Path, run: Path, recorded: dict[Path, Mapping[str, str]]) -> Found:
    """results/HOST/RUN is of HOST, and so are the two in results/HOST/RUN of one that took turns. Who is in the record beside it is
    of that host: machines may be alike, and have one name."""
    parts: Sequence[str] = run.relative_to(folder).parts
    side = parts[-1] if parts[-1] in SIDES and all((run.parent / one / "run.json").exists() for one in SIDES) else ""
    above = parts[:-2] if side else parts[:-1]
    whole = run.parent if side else run
    if whole.parent not in recorded:
        recorded[whole.parent] = _hosts_of_runs(whole.parent / RECORD)
    return Found(run, recorded[whole.parent].get(whole.name) or (one_line(above[-1]) if above else ""), side)


def _hosts_of_runs(record: Path) -> Mapping[str, str]:
    """By the name of the run; nothing where there is no such record."""
    try:
        hosts = json.loads(record.read_bytes())["hosts"]
        return {run["run"]: one_line(str(host["host"])) for host in hosts for run in host["runs"]}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
