"""The campaign's folder: made whole or not at all, and held by one `submit` at a time."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ipcmark_report.files import umask
from ipcmark_report.model import BadInput
from ipcmark_report.text import one_line

from .asked import CAMPAIGN, Asked, to_json
from .bundles import repack

JOBS = Path(__file__).resolve().parents[1] / "jobs"
SETTINGS, TASKS, SUBMITTED = "plan/settings", "plan/tasks.tsv", "plan/submitted"
# A result is a small fraction of it, but many arrive.
RESULT_MIB = 16


def make(folder: Path, asked: Asked, archives: Sequence[Path]) -> None:
    """`archives` are the files of asked.bundles."""
    name = one_line(str(folder))
    partial: Path | None = None
    try:
        partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        _fill(partial, asked, archives)
        partial.chmod(0o777 & ~umask())
        partial.rename(folder)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise BadInput(f"{name}: another `submit` has just made it; run it again to go on with that one") from error
        raise unwritable(name, error) from error
    finally:
        if partial is not None and partial.exists():
            shutil.rmtree(partial, ignore_errors=True)


def _fill(folder: Path, asked: Asked, archives: Sequence[Path]) -> None:
    for one in ("bundles", "plan", "logs", "attempts", "results", "runs"):
        (folder / one).mkdir()
    # The checkout may change, and nodes may not see it.
    (folder / "jobs").mkdir()
    for script in JOBS.iterdir():
        shutil.copy(script, folder / "jobs")
    hashes = {one.arch: repack(archive, folder / "bundles" / f"{one.arch}.tar.gz")
              for one, archive in zip(asked.bundles, archives, strict=True)}
    (folder / SETTINGS).write_text(settings(asked, hashes))
    (folder / TASKS).write_text("".join(f"{one.name}\t{one.set_up.name}\t{one.repeat}\n" for one in asked.tasks()))
    (folder / SUBMITTED).touch()
    (folder / CAMPAIGN).write_bytes(to_json(asked))


def settings(asked: Asked, hashes: Mapping[str, str]) -> str:
    """What the jobs read with bash alone."""
    pairs = [("id", asked.id), ("allow_blocked", "yes" if asked.allow_blocked else "no"), ("settle_s", asked.settle_s),
             ("lock_wait_s", asked.lock_wait_s), ("local", asked.local or ""), ("local_mib", asked.local_mib),
             ("result_mib", RESULT_MIB), *((f"sha256_{arch}", sha) for arch, sha in hashes.items()),
             *(("argument", word) for word in asked.run_arguments())]
    return "".join(f"{key}\t{value}\n" for key, value in pairs)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Against another `submit`; the kernel lets go of it however the holder ends."""
    name = one_line(str(folder))
    try:
        handle = os.open(folder / ".submit.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise unwritable(name, error) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise BadInput(f"{name}: another `submit` is at work on it; wait for that, then run this again") from error
    finally:
        os.close(handle)


def note_submitted(folder: Path, indices: Sequence[int], job: str) -> None:
    try:
        with (folder / SUBMITTED).open("a") as file:
            file.write("".join(f"{index} {job}\n" for index in indices))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise unwritable(one_line(str(folder)), error) from error


def unwritable(name: str, error: OSError) -> BadInput:
    remedy = {errno.ENOSPC: "make room there, and run this again", errno.EDQUOT: "make room there, and run this again"}
    return BadInput(f"{name}: cannot be written: {error.strerror}; "
                    f"{remedy.get(error.errno or 0, 'name a folder that you can write and that all nodes see')}")
