"""Asks Slurm's own commands, each with a deadline, and in an environment that holds little."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ipcmark_report.model import BadInput
from ipcmark_report.text import one_line

from .asked import Asked
from .order import Batch

_DEADLINE_S = 120
# Between SIGTERM and the end at the time limit: to end the run and to tidy up.
_WARNING_S = 60
_KEPT = re.compile(r"PATH|HOME|USER|LOGNAME|SHELL|LANG|SLURM_CONF|SLURM_CLUSTERS|SBATCH_\w+")


@dataclass(frozen=True)
class Queued:
    """A job, or one task of an array, that Slurm has not ended yet."""

    job: str
    name: str
    asked_node: str


def submit_tasks(batch: Batch, asked: Asked, folder: Path, after: str | None, more: Sequence[str]) -> list[str]:
    """The command."""
    where = batch.set_up
    own = [("partition", where.partition), ("constraint", where.constraint), ("nodelist", where.node), ("time", asked.time),
           ("dependency", f"afterany:{after}" if after else None)]
    in_order = "%1" if asked.in_order else ""
    # Signalled too: the script alone knows how to end the rest in order.
    return [*_sbatch(f"ipcmark-{asked.id}", folder / "logs" / "%A_%a.txt"), f"--array={batch.indices}{in_order}", *_whole_node(asked),
            *(["--reboot"] if asked.reboot else []), *(f"--{key}={value}" for key, value in own if value is not None), *more,
            str(folder / "jobs" / "task.sbatch"), str(folder)]


def submit_cleaning(node: str, partition: str | None, asked: Asked, folder: Path) -> list[str]:
    """The command that takes away what killed tasks left on a node."""
    where = [f"--partition={partition}"] if partition is not None else []
    return [*_sbatch(f"ipcmark-{asked.id}-clean", folder / "logs" / "clean.%j.txt"), *_whole_node(asked), f"--nodelist={node}",
            *where, *asked.sbatch, str(folder / "jobs" / "task.sbatch"), str(folder), "clean"]


def submit_gathering(jobs: Sequence[str], partition: str | None, asked: Asked, folder: Path) -> list[str]:
    """The command."""
    where = [f"--partition={partition}"] if partition is not None else []
    return [*_sbatch(f"ipcmark-{asked.id}-gather", folder / "logs" / "gather.%j.txt"), "--ntasks=1",
            f"--dependency=afterany:{':'.join(jobs)}", *where, *asked.sbatch, str(folder / "jobs" / "gather"), str(folder)]


def _sbatch(name: str, log: Path) -> list[str]:
    return ["sbatch", "--parsable", f"--job-name={name}", f"--output={log}", "--open-mode=append", "--chdir=/", "--requeue"]


def _whole_node(asked: Asked) -> list[str]:
    return ["--exclusive", "--nodes=1", "--ntasks=1", "--mem=0", f"--signal=B:TERM@{_WARNING_S}"]


def sbatch(command: Sequence[str]) -> str:
    """The number of the new job."""
    said = ask(command).strip().split(";")[0]
    if not said.isdecimal():
        raise BadInput(f"sbatch answered {one_line(said)!r}, which is no number of a job")
    return said


def queue(asked: Asked) -> list[Queued]:
    """All jobs of the campaign; of an array the number of the array, once for each task."""
    names = [f"ipcmark-{asked.id}{suffix}" for suffix in ("", "-gather", "-clean")]
    said = ask(["squeue", "--noheader", "--array", f"--name={','.join(names)}", "--format=%F|%j|%n"])
    return [Queued(*line.split("|")) for line in said.splitlines() if line.count("|") == 2]


def cancel_waiting(name: str) -> None:
    ask(["scancel", "--state=PENDING", f"--name={name}"])


def architectures(partition: str | None, node: str | None) -> dict[str, str]:
    """Of the nodes, as far as Slurm has heard from them, by uname(2)."""
    said = ask(["scontrol", "--oneliner", "show", "nodes", *([node] if node is not None else [])])
    found = {}
    for line in said.splitlines():
        facts = dict(word.split("=", 1) for word in line.split() if "=" in word)
        if "Arch" in facts and (partition is None or set(partition.split(",")) & set(facts.get("Partitions", "").split(","))):
            found[facts.get("NodeName", "?")] = facts["Arch"]
    return found


def most_tasks() -> int:
    """How many indices of arrays this cluster allows."""
    found = re.search(r"^MaxArraySize\s*=\s*(\d+)", ask(["scontrol", "show", "config"]), re.MULTILINE)
    return int(found[1]) if found else 1001


def ask(command: Sequence[str]) -> str:
    """What the command prints, or BadInput with what it complains of."""
    environment = {key: value for key, value in os.environ.items() if _KEPT.fullmatch(key)} | {"LC_ALL": "C"}
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", env=environment,
                              timeout=_DEADLINE_S, check=False)
    except FileNotFoundError:
        raise BadInput(f"no program {command[0]} here; run this where Slurm's commands are (Debian: slurm-client)") from None
    except subprocess.TimeoutExpired:
        raise BadInput(f"{command[0]} did not answer in {_DEADLINE_S} s; run this again when slurmctld does") from None
    if done.returncode != 0:
        words = [line.removeprefix(f"{command[0]}: ").removeprefix("error: ") for line in done.stderr.splitlines() if line.strip()]
        raise BadInput(f"{command[0]}: {one_line('; '.join(words[-2:])) or f'exit status {done.returncode}'}")
    return done.stdout
