"""What the role works out on the controller: which runs there are, what became of a host, and the table at the end."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_OUTCOMES = ("unreachable", "refused")
_MENU_ENTRY = re.compile(r"^\s*(submenu|menuentry)\s.*?\s(?:\$menuentry_id_option|--id[ =])\s*'([^']*)'", re.MULTILINE)


def planned_runs(home: str, host: str, kernels: Sequence[str], repeats: int) -> list[dict[str, str]]:
    """The runs of a host in their order; over kernels there and back, A B B A, so that a drift hits all alike."""
    order = [kernel for turn in range(int(repeats)) for kernel in (kernels if turn % 2 == 0 else reversed(kernels))]
    if not kernels:
        order = [""] * int(repeats)
    names = [f"{host}-{number:02}" + (f"-{kernel}" if kernel else "") for number, kernel in enumerate(order, 1)]
    return [{"name": name, "kernel": kernel, "path": f"{home}/{name}"} for name, kernel in zip(names, order)]


def grub_entry(config: str, release: str) -> str:
    """What grub-reboot calls the ordinary menu entry of a kernel; empty where there is none."""
    submenu = ""
    for kind, name in _MENU_ENTRY.findall(config):
        if kind == "submenu":
            submenu = name
        elif name.startswith(f"gnulinux-{release}-advanced-"):
            return f"{submenu}>{name}" if submenu else name
    return ""


def kernels_without_entry(kernels: Sequence[str], config: str) -> list[str]:
    return [kernel for kernel in kernels if not grub_entry(config, kernel)]


def what_happened(failure: Mapping[str, Any]) -> dict[str, str]:
    """The outcome of a host and its reason, from the result of the task that failed."""
    trace = str(failure.get("module_stderr") or failure.get("exception") or "").strip().splitlines()
    said = printable(failure.get("stderr") or (trace[-1] if trace else "") or failure.get("msg") or "no reason given")
    for outcome in _OUTCOMES:
        if said.startswith(f"{outcome}: "):
            return {"outcome": outcome, "reason": said[len(outcome) + 2:]}
    return {"outcome": "failed", "reason": said}


def printable(text: object) -> str:
    """One line without control characters, of a length that fits a table."""
    line = re.sub(r"[^ -~]+", " ", str(text)).strip()
    return line if len(line) <= 400 else line[:397] + "..."


def blocking(findings: Sequence[Mapping[str, str]]) -> str:
    """What `ipcmark check` says forbids a verdict."""
    return "; ".join(printable(f"{one['found']} ({one['remedy']})") for one in findings if one["grade"] == "block")


def fleet_record(hosts: Mapping[str, Mapping[str, Any]], before: Mapping[str, Any] | None) -> dict[str, Any]:
    """fleet.json: the hosts of this playbook run, and of earlier ones those that this one left out, with every run that is here."""
    known = {one["host"]: one for one in (before or {}).get("hosts", [])}
    known.update({host: _host_record(host, said, known.get(host, {})) for host, said in hosts.items()})
    return {"schema_version": 1, "hosts": [known[host] for host in sorted(known)]}


def _host_record(host: str, said: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    runs = {one["run"]: one for one in [*before.get("runs", []), *said["fetched"]]}
    here = [run["name"] for run in said["planned"] if Path(run["path"]).is_dir()]
    kept = [runs.get(name, {"run": name, "exit": None, "reason": ""}) for name in here]
    outcome = {"outcome": said["outcome"], "reason": said["reason"]}
    unsound = [run for run in kept if run["exit"]]
    if unsound and outcome["outcome"] == "ran":
        outcome = {"outcome": "failed", "reason": "; ".join(f"{run['run']} is here, but {run['reason']}" for run in unsound)}
    # Of the runs that are here, not of a later wish that was refused for being another.
    arguments = before["arguments"] if before.get("runs") else said["arguments"]
    return {"host": host, **outcome, "architecture": said["architecture"], "arguments": arguments,
            "planned": len(said["planned"]), "runs": kept}


def fleet_table(record: Mapping[str, Any], hosts: Sequence[str]) -> list[str]:
    """A line a host, and one that counts them."""
    shown = [one for one in record["hosts"] if one["host"] in hosts]
    rows = [("host", "outcome", "runs", "reason")]
    rows += [(one["host"], one["outcome"], f"{len(one['runs'])} of {one['planned']}", one["reason"]) for one in shown]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = ["  ".join([*(cell.ljust(width) for cell, width in zip(row, widths)), row[3]]).rstrip() for row in rows]
    counts = {outcome: sum(one["outcome"] == outcome for one in shown) for outcome in sorted({one["outcome"] for one in shown})}
    return [*lines, f"{len(shown)} host{'s' if len(shown) != 1 else ''}: " + ", ".join(f"{count} {outcome}" for outcome, count in counts.items())]


def sha256(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


class FilterModule:
    """As Ansible looks for filters."""

    def filters(self) -> dict[str, Any]:
        return {f"ipcmark_{call.__name__}": call for call in
                (planned_runs, grub_entry, kernels_without_entry, what_happened, blocking, fleet_record, fleet_table, sha256)}
