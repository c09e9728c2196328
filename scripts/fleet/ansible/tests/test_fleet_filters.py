"""What the playbook works out on the controller, on literals."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROLE = Path(__file__).resolve().parents[1] / "roles/ipcmark"
MENU = (Path(__file__).parent / "stand_ins/grub.cfg").read_text()


def _loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"of_the_role_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(shutil.which("ansible-playbook") is None, reason="no ansible-playbook: apt-get install ansible-core")
def test_ansible_reads_every_file_of_the_playbook(tmp_path: Path) -> None:
    playbook = ROLE.parents[1]
    tasks = [{"import_tasks": str(file)} for file in sorted((ROLE / "tasks").glob("*.yml"))]
    (tmp_path / "all.yml").write_text(json.dumps([{"hosts": "all", "tasks": tasks}]))
    for file in (playbook / "campaign.yml", tmp_path / "all.yml"):
        done = subprocess.run(["ansible-playbook", "--syntax-check", "-i", playbook / "inventory.example.ini", file], cwd=playbook,
                              env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"},
                              capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 0, done.stderr


fleet = _loaded(ROLE / "filter_plugins/fleet.py")


def said(**more: Any) -> dict[str, Any]:
    return {"outcome": "ran", "reason": "", "planned": [], "fetched": [], "arguments": [], "architecture": "x86_64", **more}


def test_kernels_go_there_and_back() -> None:
    runs = fleet.planned_runs("/home", "n1", ["A", "B", "C"], 3)
    assert [run["kernel"] for run in runs] == ["A", "B", "C", "C", "B", "A", "A", "B", "C"]
    assert runs[3] == {"name": "n1-04-C", "kernel": "C", "path": "/home/n1-04-C"}


def test_without_kernels_there_are_only_repeats() -> None:
    assert [run["name"] for run in fleet.planned_runs("/home", "n1", [], 2)] == ["n1-01", "n1-02"]


def test_the_menu_entry_of_a_kernel_is_the_ordinary_one() -> None:
    assert fleet.grub_entry(MENU, "6.1.0-31-amd64") == "gnulinux-advanced-11aa>gnulinux-6.1.0-31-amd64-advanced-11aa"
    assert fleet.kernels_without_entry(["6.12.9-amd64", "6.12.9", "7.0"], MENU) == ["6.12.9", "7.0"]


def test_an_outcome_is_named_by_the_task_that_failed() -> None:
    assert fleet.what_happened({"msg": "refused: no room"}) == {"outcome": "refused", "reason": "no room"}
    assert fleet.what_happened({"msg": "unreachable: away"}) == {"outcome": "unreachable", "reason": "away"}
    assert fleet.what_happened({"msg": "non-zero return code", "stderr": "n1-01: full\n"})["reason"] == "n1-01: full"
    assert fleet.what_happened({"msg": "MODULE FAILURE", "module_stderr": "Traceback\n  x\nOSError: No space\n"})["reason"] == "OSError: No space"


def test_what_a_host_says_prints_no_control_characters() -> None:
    assert fleet.what_happened({"msg": "a\x1b[31mb\nc"})["reason"] == "a [31mb c"
    assert fleet.blocking([{"grade": "block", "found": "a\x07b", "remedy": "b"}, {"grade": "warn", "found": "c", "remedy": ""}]) == "a b (b)"


def test_the_record_keeps_hosts_that_were_left_out_and_runs_that_came_earlier(tmp_path: Path) -> None:
    (tmp_path / "n1-01").mkdir()
    planned = [{"name": "n1-01", "path": str(tmp_path / "n1-01")}, {"name": "n1-02", "path": str(tmp_path / "n1-02")}]
    fetched = {"run": "n1-01", "exit": 0, "reason": "", "sha256": "ab"}
    before = fleet.fleet_record({"n1": said(planned=planned, fetched=[fetched]), "n2": said()}, None)
    record = fleet.fleet_record({"n1": said(planned=planned, outcome="unreachable", reason="away", arguments=["--rounds", "9"])}, before)
    assert [(one["host"], one["outcome"]) for one in record["hosts"]] == [("n1", "unreachable"), ("n2", "ran")]
    assert record["hosts"][0]["runs"] == [fetched]
    assert record["hosts"][0]["planned"] == 2
    assert record["hosts"][0]["arguments"] == [], "those of the run that is here"


def test_a_host_whose_cases_failed_has_failed_though_its_run_is_here(tmp_path: Path) -> None:
    (tmp_path / "n1-01").mkdir()
    planned = [{"name": "n1-01", "path": str(tmp_path / "n1-01")}]
    fetched = [{"run": "n1-01", "exit": 1, "reason": "1 case failed: latency/pipe", "sha256": "ab"}]
    (one,) = fleet.fleet_record({"n1": said(planned=planned, fetched=fetched)}, None)["hosts"]
    assert (one["outcome"], one["reason"]) == ("failed", "n1-01 is here, but 1 case failed: latency/pipe")


def test_the_table_has_a_line_for_each_host_of_this_playbook_run() -> None:
    record = fleet.fleet_record({"n1": said(), "n22": said(outcome="refused", reason="no room")}, {"hosts": [{"host": "n9", "outcome": "ran"}]})
    assert fleet.fleet_table(record, ["n1", "n22"]) == [
        "host  outcome  runs    reason", "n1    ran      0 of 0", "n22   refused  0 of 0  no room", "2 hosts: 1 ran, 1 refused"]
