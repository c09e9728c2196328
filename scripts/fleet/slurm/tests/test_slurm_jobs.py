"""What the scripts of the jobs do where one need not wait for a cluster: they run as Slurm would start them, beside stand-ins
for its commands."""

import json
import os
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ipcmark_slurm.__main__ import main as submit
from ipcmark_slurm.asked import Asked, Bundle
from ipcmark_slurm.folder import make
from slurm_cluster import node_lock, until

# They take the lock of this machine, as those on the cluster do.
pytestmark = pytest.mark.xdist_group("slurm")
FINE = """#!/bin/sh
[ "$1" = check ] && exit 0
while [ "$1" != --out ]; do shift; done
mkdir "$2" && echo '{"status": "complete"}' >"$2/run.json"
"""


class Campaign:
    """One task on a node named n1, whose `ipcmark` is a script."""

    def __init__(self, folder: Path, ipcmark: str = FINE, local_mib: int = 1) -> None:
        self.folder = folder / "campaign"
        self.local = folder / "local"
        self.tools = folder / "tools"
        self.local.mkdir()
        self.tools.mkdir()
        self.tool("squeue", "exit 0")
        self.tool("sacct", "exit 1")
        self.tool("scontrol", "exit 1")
        program = folder / "ipcmark"
        program.write_text(ipcmark)
        program.chmod(0o755)
        archive = folder / "bundle.tar.gz"
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(program, "ipcmark-0/ipcmark")
        bundles = (Bundle(os.uname().machine, archive.name, "0"),)
        make(self.folder, Asked("0" * 12, bundles, (), (), (), 1, "quick", None, (), False, False, 0, 60, None, local_mib, False, None, ()),
             [archive])

    def tool(self, name: str, script: str) -> None:
        (self.tools / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.tools / name).chmod(0o755)

    def start_task(self, **more: str) -> subprocess.Popen[bytes]:
        environment = {"PATH": os.environ["PATH"], "TMPDIR": str(self.local), "SLURM_JOB_ID": "7", "SLURM_ARRAY_JOB_ID": "6",
                       "SLURM_ARRAY_TASK_ID": "0", "SLURMD_NODENAME": "n1", **more}
        return subprocess.Popen(["bash", self.folder / "jobs/task.sbatch", self.folder], env=environment, stdin=subprocess.DEVNULL,
                                stdout=(self.folder / "logs/task").open("wb"), stderr=subprocess.STDOUT)

    def run_task(self, **more: str) -> int:
        return self.start_task(**more).wait(timeout=60)

    def gather(self, submitted: bool = True) -> dict[str, Any]:
        """What the summary says of the task."""
        if submitted:
            (self.folder / "plan/submitted").write_text("0 6\n")
        subprocess.run([self.folder / "jobs/gather", self.folder], env={"PATH": f"{self.tools}:{os.environ['PATH']}"},
                       capture_output=True, timeout=60, check=False)
        return json.loads((self.folder / "summary.json").read_text())["tasks"][0]


@pytest.fixture
def campaign(tmp_path: Path) -> Campaign:
    return Campaign(tmp_path)


def test_a_task_delivers_its_run_with_its_hash_and_leaves_nothing_on_the_node(campaign: Campaign) -> None:
    assert campaign.run_task() == 0 and not list(campaign.local.iterdir())
    one = campaign.gather()
    assert (one["state"], one["node"], one["job"], one["tries"]) == ("finished", "n1", "7", 1)
    assert (campaign.folder / "runs/default.1/run.json").read_text() == '{"status": "complete"}\n'


def test_a_task_whose_result_is_there_does_not_measure_again(campaign: Campaign) -> None:
    campaign.run_task()
    before = (campaign.folder / "results/default.1/run.tar.gz").stat().st_mtime_ns
    assert campaign.run_task(SLURM_JOB_ID="8") == 0
    assert (campaign.folder / "results/default.1/run.tar.gz").stat().st_mtime_ns == before
    assert campaign.gather()["tries"] == 2


def no_bundle(one: Campaign) -> None:
    next((one.folder / "bundles").iterdir()).rename(one.folder / "bundles/sparc.tar.gz")


def another_bundle(one: Campaign) -> None:
    next((one.folder / "bundles").iterdir()).write_bytes(b"other")


@pytest.mark.parametrize(("spoil", "code", "state", "reason"), [
    (no_bundle, 3, "refused", "in this campaign, only for: sparc"),
    (another_bundle, 4, "failed", "is not what was submitted; make a new campaign"),
    (lambda one: one.local.rmdir(), 0, "finished", None),
])
def test_what_a_node_cannot_use_is_named(campaign: Campaign, spoil: Callable[[Campaign], None], code: int, state: str,
                                         reason: str | None) -> None:
    spoil(campaign)
    assert campaign.run_task() == code
    one = campaign.gather()
    assert one["state"] == state and (reason is None or reason in one["reason"]), one
    assert not campaign.local.exists() or not list(campaign.local.iterdir())


def test_a_node_without_room_refuses(tmp_path: Path) -> None:
    campaign = Campaign(tmp_path, local_mib=1 << 29)
    assert campaign.run_task() == 3
    assert f"MiB free, {1 << 29} are needed" in campaign.gather()["reason"]


@pytest.mark.parametrize(("ipcmark", "reason"), [
    ('#!/bin/sh\n[ "$1" = check ] && exit 0\necho "no such \\033[31mcase" >&2; exit 2\n', "ipcmark run ended with 2: no such  [31mcase"),
    ("#!/bin/sh\necho cannot start; exit 126\n", "ipcmark check ended with 126: cannot start"),
    (FINE.replace("complete", "partial"), "ipcmark run ended with 0: it said nothing"),
])
def test_a_program_that_fails_says_why_in_one_printable_line(tmp_path: Path, ipcmark: str, reason: str) -> None:
    campaign = Campaign(tmp_path, ipcmark)
    assert campaign.run_task() == 4 and not list(campaign.local.iterdir())
    one = campaign.gather()
    assert one["state"] == "failed" and one["reason"].startswith(reason)


@pytest.mark.parametrize("folder", ["/sys/devices/system/cpu", "/dev/shm"])
def test_sigterm_while_it_waits_for_the_node_ends_a_task_at_once(campaign: Campaign, folder: str) -> None:
    with node_lock(folder):
        task = campaign.start_task()
        until("it waits", lambda: b"waits for another" in (campaign.folder / "logs/task").read_bytes())
        task.terminate()
        assert task.wait(timeout=60) == 143
    one = campaign.gather()
    assert one["state"] == "stopped" and one["reason"].startswith("SIGTERM after ")


def test_sigterm_while_it_measures_ends_the_programs_and_tidies_up(tmp_path: Path) -> None:
    campaign = Campaign(tmp_path, '#!/bin/sh\n[ "$1" = check ] && exit 0\ntouch "$0.runs"; exec sleep 600\n')
    task = campaign.start_task()
    until("it measures", lambda: list(campaign.local.glob("*/programs/ipcmark.runs")))
    # As Slurm does before the time limit: the script alone is told.
    task.terminate()
    assert task.wait(timeout=60) == 143 and not list(campaign.local.iterdir())
    assert campaign.gather()["state"] == "stopped"
    # The lock of the node has gone with the last process that held it.
    with node_lock():
        pass


def test_what_a_killed_task_left_is_removed_by_the_next_one_and_not_that_of_another_node(campaign: Campaign) -> None:
    left, elsewhere = (campaign.local / f"ipcmark-slurm.{node}.5.abcdef" for node in ("n1", "n2"))
    for one in (left, elsewhere):
        one.mkdir()
    record = campaign.folder / "attempts/default.1/5.0"
    record.parent.mkdir()
    record.write_text(f"node=n1\njob=5\narray=6\nfolder={left}\n")
    assert campaign.gather()["reason"] == "killed before it could say why"
    assert str(left) in (campaign.folder / "summary.txt").read_text()
    assert campaign.run_task() == 0
    assert [one.name for one in campaign.local.iterdir()] == [elsewhere.name]
    assert campaign.gather()["state"] == "finished" and "left on" not in (campaign.folder / "summary.txt").read_text()


def test_accounting_tells_why_a_task_said_nothing(campaign: Campaign) -> None:
    campaign.tool("sacct", "[ \"$4\" = --jobs=6_0 ] && echo 'NODE_FAIL|1:0|n7'")
    one = campaign.gather()
    assert (one["state"], one["reason"], one["node"]) == (
        "missing", "ended before it began (Slurm: NODE_FAIL, exit code 1:0, on n7)", "n7")


def test_without_accounting_slurms_memory_tells(campaign: Campaign) -> None:
    campaign.tool("scontrol", "echo 'JobId=7 JobName=x JobState=TIMEOUT Reason=TimeLimit ExitCode=0:15 ReqNodeList=(null) NodeList=n3 X=y'")
    assert campaign.gather()["reason"] == "ended before it began (Slurm: TIMEOUT, exit code 0:15, on n3)"


def test_what_was_never_submitted_and_what_is_queued_are_told_apart(campaign: Campaign) -> None:
    assert campaign.gather(submitted=False)["reason"] == "not submitted"
    campaign.tool("squeue", "echo '0|PENDING||Priority|7'")
    one = campaign.gather()
    assert (one["state"], one["reason"]) == ("queued", "Priority")


def test_an_array_that_slurm_cannot_be_asked_about_is_said_in_the_summary(campaign: Campaign) -> None:
    campaign.tool("squeue", "exit 1")
    record = campaign.folder / "attempts/default.1/5.0"
    record.parent.mkdir()
    record.write_text("node=n1\njob=5\narray=6\nfolder=/tmp/ipcmark-slurm.n1.5.abcdef\n")
    assert campaign.gather()["reason"] == "not known: Slurm does not answer"
    whole = json.loads((campaign.folder / "summary.json").read_text())
    assert (whole["slurm_answers"], whole["left"]) == (False, []), "it may be at work there"


def test_what_is_there_is_gathered_though_slurm_does_not_answer(campaign: Campaign, monkeypatch: pytest.MonkeyPatch,
                                                               capsys: pytest.CaptureFixture[str]) -> None:
    campaign.tool("squeue", "exit 1")
    monkeypatch.setenv("PATH", f"{campaign.tools}:{os.environ['PATH']}")
    assert submit([str(campaign.folder), "--gather"]) == 1
    assert campaign.run_task() == 0
    assert submit([str(campaign.folder), "--gather"]) == 0
    assert submit([str(campaign.folder)]) == 2 and "Slurm does not answer; nothing was submitted" in capsys.readouterr().err
