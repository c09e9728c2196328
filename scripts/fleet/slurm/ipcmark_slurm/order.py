"""In which order tasks go to Slurm, so that no set-up has all the early or all the late ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .asked import SetUp, Task


@dataclass(frozen=True)
class Batch:
    """Tasks of one set-up that follow each other: one job array."""

    set_up: SetUp
    tasks: tuple[Task, ...]

    @property
    def indices(self) -> str:
        return ",".join(str(task.index) for task in self.tasks)


def groups(tasks: Iterable[Task]) -> list[list[Task]]:
    """Tasks that ask for the same partition and node compete for the same machines; others do not."""
    found: dict[tuple[str | None, str | None], list[Task]] = {}
    for task in tasks:
        found.setdefault((task.set_up.partition, task.set_up.node), []).append(task)
    return list(found.values())


def in_turns(group: Iterable[Task]) -> list[Task]:
    """Repeat by repeat, every second one backwards: A B, B A, A B. A drift then meets all set-ups alike."""
    turns: dict[int, list[Task]] = {}
    for task in sorted(group, key=lambda one: one.index):
        turns.setdefault(task.repeat, []).append(task)
    return [task for repeat, turn in sorted(turns.items()) for task in (turn if repeat % 2 else reversed(turn))]


def batches(tasks: Sequence[Task]) -> list[Batch]:
    """What follows each other of one set-up becomes one array."""
    found: list[Batch] = []
    for task in tasks:
        if found and found[-1].set_up == task.set_up:
            found[-1] = Batch(task.set_up, (*found[-1].tasks, task))
        else:
            found.append(Batch(task.set_up, (task,)))
    return found
