"""What a campaign asks for: written once, as campaign.json, and read by every later `submit`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ipcmark_report.model import BadInput
from ipcmark_report.text import one_line

CAMPAIGN = "campaign.json"
_SCHEMA = 1


@dataclass(frozen=True)
class SetUp:
    """Where to measure. None: whatever Slurm chooses."""

    name: str
    partition: str | None
    constraint: str | None
    node: str | None


@dataclass(frozen=True)
class Task:
    """One repeat of one set-up; `index` is its index in Slurm's job arrays, `name` that of its run directory."""

    index: int
    name: str
    set_up: SetUp
    repeat: int


@dataclass(frozen=True)
class Bundle:
    """`sha256` is that of the archive that was named."""

    arch: str
    name: str
    sha256: str


@dataclass(frozen=True)
class Asked:
    """Empty axes (no partition, constraint or node named) leave the choice to Slurm."""

    id: str
    bundles: tuple[Bundle, ...]
    partitions: tuple[str, ...]
    constraints: tuple[str, ...]
    nodes: tuple[str, ...]
    repeats: int
    preset: str
    filter: str | None
    arguments: tuple[str, ...]
    reboot: bool
    allow_blocked: bool
    settle_s: int
    lock_wait_s: int
    local: str | None
    local_mib: int
    in_order: bool
    time: str | None
    sbatch: tuple[str, ...]

    def set_ups(self) -> list[SetUp]:
        """The product of the axes; of one partition and node, all constraints stand together."""
        found = [SetUp(_name(partition, constraint, node), partition, constraint, node)
                 for partition in self.partitions or (None,) for node in self.nodes or (None,)
                 for constraint in self.constraints or (None,)]
        by_name: dict[str, SetUp] = {}
        for one in found:
            if one.name in by_name:
                raise BadInput(f"two set-ups would both be named {one.name}; leave one out, or ask for it in another campaign")
            by_name[one.name] = one
        return found

    def tasks(self) -> list[Task]:
        pairs = [(set_up, repeat) for set_up in self.set_ups() for repeat in range(1, self.repeats + 1)]
        return [Task(index, f"{set_up.name}.{repeat}", set_up, repeat) for index, (set_up, repeat) in enumerate(pairs)]

    def run_arguments(self) -> list[str]:
        """The words after `ipcmark run`."""
        chosen = ["--filter", self.filter] if self.filter is not None else []
        return ["--preset", self.preset, *chosen, *self.arguments]


def _name(*parts: str | None) -> str:
    words = [re.sub(r"[^A-Za-z0-9.]+", "-", part).strip("-.") for part in parts if part is not None]
    return "_".join(word or "x" for word in words) or "default"


def to_json(asked: Asked) -> bytes:
    return (json.dumps({"schema_version": _SCHEMA, **asdict(asked)}, indent=1) + "\n").encode()


def read_asked(folder: Path) -> Asked:
    """What campaign.json of the folder says, or BadInput."""
    file = folder / CAMPAIGN
    name = one_line(str(file))
    try:
        values = json.loads(file.read_bytes())
    except OSError as error:
        raise BadInput(f"{name}: cannot be read: {error.strerror}; name a new folder, or one that `submit` made") from error
    except ValueError as error:
        raise BadInput(f"{name}: is no JSON; make a new campaign") from error
    if not isinstance(values, dict) or values.pop("schema_version", None) != _SCHEMA:
        raise BadInput(f"{name}: is of another version of ipcmark; go on with that, or make a new campaign")
    try:
        return _typed(values)
    except (TypeError, ValueError) as error:
        raise BadInput(f"{name}: is not what `submit` wrote: {one_line(str(error))}; make a new campaign") from error


_TEXT_OR_NONE = (str, type(None))
_KINDS: dict[str, Any] = {
    "id": str, "repeats": int, "preset": str, "filter": _TEXT_OR_NONE, "reboot": bool, "allow_blocked": bool, "settle_s": int,
    "lock_wait_s": int, "local": _TEXT_OR_NONE, "local_mib": int, "in_order": bool, "time": _TEXT_OR_NONE}


def _typed(values: Mapping[str, Any]) -> Asked:
    for key, kind in _KINDS.items():
        if not isinstance(values.get(key), kind):
            raise ValueError(f"{key} has not the right kind")
    if not re.fullmatch(r"[0-9a-f]{12}", values["id"]):
        raise ValueError("id names no campaign")
    lists: dict[str, Any] = {key: _texts(values.get(key)) for key in ("partitions", "constraints", "nodes", "arguments", "sbatch")}
    bundles = tuple(Bundle(**one) for one in values.get("bundles", ()))
    fields: dict[str, Any] = {**values, **lists, "bundles": bundles}
    return Asked(**fields)


def _texts(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        raise ValueError("a list holds other than texts")
    return tuple(values)
