"""What a call of `submit` does: make the campaign, gather what is there, submit what is missing."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ipcmark_report.model import BadInput
from ipcmark_report.text import one_line

from . import folder as campaign_folder
from . import slurm
from .asked import CAMPAIGN, Asked, Task, read_asked
from .options import Wish, asked_by, check_unchanged
from .order import Batch, batches, groups, in_turns

_BUSY = ("finished", "running", "queued")


@dataclass(frozen=True)
class Gathered:
    """`missing` are to be submitted; `left` are (node, name of the task) where a killed task left its folder."""

    states: tuple[str, ...]
    missing: tuple[Task, ...]
    left: tuple[tuple[str, str], ...]


def carry_out(wish: Wish) -> int:
    new = not (wish.folder / CAMPAIGN).exists()
    if new:
        _begin(wish)
        if wish.dry_run:
            return 0
    with campaign_folder.held(wish.folder):
        asked = read_asked(wish.folder)
        if not new:
            check_unchanged(wish, asked)
        found = _nothing_yet(asked) if new else gather(wish.folder, asked, to_submit=not wish.gather_only)
        if wish.gather_only:
            return 0 if set(found.states) == {"finished"} else 1
        _submit(wish, asked, found)
    return 0


def _begin(wish: Wish) -> None:
    """Makes the folder; at --dry-run only says what would be submitted."""
    if wish.gather_only:
        raise BadInput(f"{one_line(str(wish.folder))}: is no campaign; name a folder that `submit` made")
    if wish.folder.exists() and not (wish.folder.is_dir() and not any(wish.folder.iterdir())):
        raise BadInput(f"{one_line(str(wish.folder))}: exists already and is no campaign; name a new folder")
    asked = asked_by(wish)
    tasks = asked.tasks()
    _check_architectures(asked)
    if len(tasks) > (most := slurm.most_tasks()):
        raise BadInput(f"{len(tasks)} runs are more than this cluster's MaxArraySize, {most}; make several campaigns of them")
    if wish.dry_run:
        for batch in (one for group in groups(tasks) for one in batches(in_turns(group))):
            print(shlex.join(slurm.submit_tasks(batch, asked, wish.folder, None, _more(wish, asked))))
    else:
        campaign_folder.make(wish.folder, asked, wish.archives)


def _check_architectures(asked: Asked) -> None:
    """A node without a bundle refuses later; where none has one, nothing would come of it."""
    have = {one.arch for one in asked.bundles}
    for partition, node in {(one.partition, one.node) for one in asked.set_ups()}:
        nodes = slurm.architectures(partition, node)
        known = {"armhf" if arch in ("armv7l", "armv8l") else arch for arch in nodes.values()}
        if known and not known & have:
            where = node or (f"partition {partition}" if partition else "this cluster")
            raise BadInput(f"--bundle: only for {', '.join(sorted(have))}, but {one_line(where)} has {', '.join(sorted(known))}; "
                           f"make one by scripts/bundle --arch {sorted(known)[0]}")


def _nothing_yet(asked: Asked) -> Gathered:
    tasks = tuple(asked.tasks())
    return Gathered(("missing",) * len(tasks), tasks, ())


def gather(folder: Path, asked: Asked, to_submit: bool) -> Gathered:
    """Runs the campaign's own `gather`, which prints the table, and reads what it found. BadInput where something is `to_submit`
    and Slurm does not answer."""
    # By bash, as a shared file system may forbid programs.
    done = subprocess.run(["bash", folder / "jobs" / "gather", folder], stdin=subprocess.DEVNULL, check=False)
    if done.returncode not in (0, 1):
        raise BadInput(f"{one_line(str(folder))}: could not be gathered; nothing was submitted")
    told = json.loads((folder / "summary.json").read_bytes())
    if to_submit and not told["slurm_answers"]:
        raise BadInput("Slurm does not answer; nothing was submitted; run this again when `squeue` works")
    tasks = asked.tasks()
    states = tuple(one["state"] for one in told["tasks"])
    left = tuple(dict.fromkeys((one["node"], one["task"]) for one in told["left"]))
    return Gathered(states, tuple(task for task, state in zip(tasks, states, strict=True) if state not in _BUSY), left)


def _submit(wish: Wish, asked: Asked, found: Gathered) -> None:
    jobs: list[str] = []
    for batch, command in _commands(wish, asked, found, jobs):
        if wish.dry_run:
            print(shlex.join(command))
            continue
        jobs.append(_submit_batch(wish.folder, batch, command))
    if wish.dry_run:
        return
    cleaned = _submit_cleaning(asked, found, wish.folder)
    queued = [one for one in slurm.queue(asked) if one.name != f"ipcmark-{asked.id}-gather"]
    gathering = _submit_gathering(asked, queued, wish.folder) if jobs or cleaned else None
    print(_told(found, jobs, cleaned, gathering))


def _commands(wish: Wish, asked: Asked, found: Gathered, jobs: Sequence[str]) -> Iterator[tuple[Batch, list[str]]]:
    """`jobs` grows meanwhile by what was submitted."""
    busy = sorted({one.job for one in slurm.queue(asked) if one.name == f"ipcmark-{asked.id}"}, key=int) if asked.in_order else []
    for group in groups(found.missing):
        after = ":".join(busy) or None
        for batch in batches(in_turns(group)):
            yield batch, slurm.submit_tasks(batch, asked, wish.folder, after, _more(wish, asked))
            after = jobs[-1] if jobs and asked.in_order else None


def _more(wish: Wish, asked: Asked) -> list[str]:
    return [*asked.sbatch, *([f"--exclude={wish.exclude}"] if wish.exclude else [])]


def _submit_batch(folder: Path, batch: Batch, command: Sequence[str]) -> str:
    job = slurm.sbatch(command)
    try:
        campaign_folder.note_submitted(folder, [task.index for task in batch.tasks], job)
    except BadInput:
        # What cannot be recorded cannot deliver either.
        slurm.ask(["scancel", job])
        raise
    return job


def _submit_cleaning(asked: Asked, found: Gathered, folder: Path) -> list[str]:
    """For each node where something lies; gives the nodes."""
    name = f"ipcmark-{asked.id}-clean"
    waiting = {one.asked_node for one in slurm.queue(asked) if one.name == name}
    partitions = {task.name: task.set_up.partition for task in asked.tasks()}
    by_node = {node: partitions.get(task) for node, task in found.left if node not in waiting}
    for node, partition in by_node.items():
        slurm.sbatch(slurm.submit_cleaning(node, partition, asked, folder))
    return list(by_node)


def _submit_gathering(asked: Asked, queued: Sequence[slurm.Queued], folder: Path) -> str | None:
    """One that waits for all that is queued now takes the place of those that wait for less."""
    if not queued:
        return None
    slurm.cancel_waiting(f"ipcmark-{asked.id}-gather")
    jobs = sorted({one.job for one in queued}, key=int)
    return slurm.sbatch(slurm.submit_gathering(jobs, asked.set_ups()[0].partition, asked, folder))


def _told(found: Gathered, jobs: Sequence[str], cleaned: Sequence[str], gathering: str | None) -> str:
    busy = sum(state in ("running", "queued") for state in found.states)
    words = [f"{found.states.count('finished')} finished, {busy} queued or running before"]
    if found.missing:
        words.append(f"submitted {len(found.missing)}: {' '.join(task.name for task in found.missing)} (jobs {', '.join(jobs)})")
    else:
        words.append("nothing to submit")
    if cleaned:
        words.append(f"to be cleaned of what killed tasks left: {' '.join(map(one_line, cleaned))}")
    if gathering is not None:
        words.append(f"job {gathering} gathers when all have ended")
    return "; ".join(words)
