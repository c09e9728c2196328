"""Campaigns on a real Slurm of two nodes; needs its programs, root and a release build."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ipcmark_report.load import load_run
from slurm_cluster import SLURM, Cluster, in_vain, make_bundle, node_lock, skip_without_cluster, summary, until

pytestmark = pytest.mark.xdist_group("slurm")
CASE = "^limits/system_call/getppid"
SHORT = ("--filter", CASE, "--", "--rounds", "1", "--repetitions", "1", "--window-ms", "2", "--warmup-ms", "1", "--anchor-us", "0")
# Long enough to be ended in the middle.
LONG = (*SHORT[:7], "--window-ms", "1000", *SHORT[9:])


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    skip_without_cluster()
    one = Cluster(tmp_path_factory.mktemp("slurm") / "cluster")
    try:
        one.wait_until_up()
        yield one
    finally:
        one.end()


@pytest.fixture(scope="module")
def bundle(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(autouse=True)
def nothing_is_left(cluster: Cluster) -> Iterator[None]:
    # A stuck cluster should not cost a deadline a test.
    if in_vain:
        pytest.fail(f"not tried, since the cluster is stuck: an earlier test waited for this: {in_vain[0]}")
    yield
    if in_vain:
        return
    cluster.wait_until_idle()
    # Slurm says that a job has ended before its last process is reaped.
    cluster.wait_until_nothing_is_left()


def measured_once(campaign: Path, names: set[str]) -> None:
    """Every task has one result, one run, and nothing half done lies beside."""
    assert {one.name for one in (campaign / "results").iterdir()} == names
    assert {one.name for one in (campaign / "runs").iterdir()} == names
    for name in names:
        run = load_run(campaign / "runs" / name)
        assert run.info.complete and [row.case.text for row in run.rows if row.error is None]


def test_set_ups_are_measured_where_they_ask_and_gathered_by_the_last_job(cluster: Cluster, bundle: Path, tmp_path: Path) -> None:
    campaign = tmp_path / "my campaign"
    said = cluster.submitted(campaign, "--bundle", bundle, "--partition", "all", "--constraint", "old", "--constraint", "new",
                             "--repeats", "2", *SHORT)
    assert "submitted 4: all_old.1 all_old.2 all_new.1 all_new.2" in said
    cluster.wait_until_idle()
    found = summary(campaign)
    assert {name: (one["state"], one["node"]) for name, one in found.items()} == {
        "all_old.1": ("finished", "n1"), "all_old.2": ("finished", "n1"),
        "all_new.1": ("finished", "n2"), "all_new.2": ("finished", "n2")}
    assert {one["kernel"] for one in found.values()} == {os.uname().release}
    measured_once(campaign, set(found))
    before = {one: one.stat().st_ino for one in (campaign / "results").iterdir()}
    assert "4 finished, 0 queued or running before; nothing to submit" in cluster.submitted(campaign)
    assert {one: one.stat().st_ino for one in (campaign / "results").iterdir()} == before
    damage(campaign, "all_new.1")
    said = cluster.submitted(campaign)
    assert "its result was damaged" in said and "submitted 1: all_new.1" in said
    cluster.wait_until_idle()
    measured_once(campaign, set(found))


def damage(campaign: Path, task: str) -> None:
    """As it would be before it was gathered."""
    shutil.rmtree(campaign / "runs" / task)
    archive = campaign / "results" / task / "run.tar.gz"
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 1
    archive.write_bytes(content)


def test_a_drained_node_keeps_its_tasks_waiting_and_cancelled_ones_are_submitted_again(
        cluster: Cluster, bundle: Path, tmp_path: Path) -> None:
    campaign = tmp_path / "campaign"
    with node_lock():
        cluster.submitted(campaign, "--bundle", bundle, "--node", "n1", "--node", "n2", "--repeats", "2", *SHORT)
        until("a task on each node waits for the other measurement", lambda: cluster.queue("%T").count("RUNNING") == 2)
        cluster.ask("scontrol", "update", "nodename=n2", "state=drain", "reason=a fan is broken")
        assert "0 finished, 4 queued or running before; nothing to submit" in cluster.submitted(campaign)
    until("all but the last on n2 are done", lambda: len(list((campaign / "results").glob("n*"))) == 3)
    assert "3 finished, 1 queued or running before; nothing to submit" in cluster.submitted(campaign)
    assert summary(campaign)["n2.2"]["state"] == "queued" and "n2.2" in (campaign / "summary.txt").read_text()
    assert "ReqNodeNotAvail" in summary(campaign)["n2.2"]["reason"]
    waiting = [one.split()[0] for one in cluster.queue("%i %K") if not one.endswith("N/A")]
    cluster.ask("scancel", *waiting)
    cluster.ask("scontrol", "update", "nodename=n2", "state=resume")
    cluster.wait_until_idle()
    said = cluster.submitted(campaign)
    assert "submitted 1: n2.2" in said
    assert "ended before it began (Slurm: CANCELLED" in said
    cluster.wait_until_idle()
    measured_once(campaign, {"n1.1", "n1.2", "n2.1", "n2.2"})


def test_a_killed_and_a_cancelled_task_are_named_cleaned_and_measured_again(cluster: Cluster, bundle: Path, tmp_path: Path) -> None:
    campaign = tmp_path / "campaign"
    cluster.submitted(campaign, "--bundle", bundle, "--node", "n1", "--node", "n2", "--repeats", "1", *LONG)
    job, node = until("one measures", lambda: measuring_job(cluster, campaign))
    cluster.kill(cluster.processes_of(job))
    other, _ = until("the other measures", lambda: next((one for one in [measuring_job(cluster, campaign)] if one and one[0] != job), None))
    cluster.ask("scancel", other)
    cluster.wait_until_idle()
    assert [one for one in cluster.left_behind() if f"ipcmark-slurm.{node}.{job}." in one], "a killed task cannot tidy up"
    said = cluster.submitted(campaign)
    found = summary(campaign)
    assert "killed before it could say why (Slurm: " in found[f"{node}.1"]["reason"] and found[f"{node}.1"]["node"] == node
    stopped = next(one for name, one in found.items() if name != f"{node}.1")
    assert stopped["state"] == "stopped" and "SIGTERM" in stopped["reason"] and "CANCELLED" in stopped["reason"]
    assert f"to be cleaned of what killed tasks left: {node}" in said and "submitted 2: n1.1 n2.1" in said
    cluster.wait_until_idle()
    measured_once(campaign, {"n1.1", "n2.1"})
    assert "left on" not in cluster.submitted(campaign)


def measuring_job(cluster: Cluster, campaign: Path) -> tuple[str, str] | None:
    """The number of the job that measures, and its node."""
    if not cluster.measuring():
        return None
    for record in campaign.glob("attempts/*/*"):
        text = record.read_text()
        if "folder=" in text and "ended=" not in text:
            facts = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
            if (campaign / "results" / record.parent.name).exists() or not cluster.processes_of(facts["job"]):
                continue
            return facts["job"], facts["node"]
    return None


def test_a_task_of_a_node_that_fails_is_measured_again_by_slurm_itself(cluster: Cluster, bundle: Path, tmp_path: Path) -> None:
    campaign = tmp_path / "campaign"
    cluster.submitted(campaign, "--bundle", bundle, "--node", "n2", "--repeats", "1", *LONG)
    job, _ = until("it measures", lambda: measuring_job(cluster, campaign))
    daemon = [pid for pid, words in cluster.processes().items() if "slurmd -N n2" in words]
    cluster.kill([*daemon, *cluster.keepers_of(job), *cluster.processes_of(job)])
    cluster.ask("scontrol", "update", "nodename=n2", "state=down", "reason=power")
    cluster.ask("slurmd", "-N", "n2")
    cluster.ask("scontrol", "update", "nodename=n2", "state=resume")
    # Slurm would let two minutes go by, lest what it still has to tell the node hit the second try.
    until("n2 is back", lambda: cluster.ask("sinfo", "--noheader", "--nodes=n2", "--format=%t") == "idle\n")
    until("Slurm has told it all", lambda: set(re.findall(r"^Agent .*:\s*(\d+)$", cluster.ask("sdiag"), re.MULTILINE)) == {"0"})
    cluster.ask("scontrol", "update", f"jobid={job}", "starttime=now")
    cluster.wait_until_idle()
    assert summary(campaign)["n2.1"]["state"] == "finished" and summary(campaign)["n2.1"]["tries"] == 2
    measured_once(campaign, {"n2.1"})


def test_a_node_that_blocks_a_verdict_is_refused_by_name_unless_allowed(cluster: Cluster, bundle: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.gz"
    subprocess.run(f"echo CONFIG_PROVE_LOCKING=y | gzip >{config}", shell=True, check=True)
    covered = cover_config(cluster, config)
    refused, allowed = tmp_path / "refused", tmp_path / "allowed"
    cluster.submitted(refused, "--bundle", bundle, "--node", "n1", "--repeats", "1", *SHORT)
    cluster.submitted(allowed, "--bundle", bundle, "--node", "n2", "--repeats", "1", "--allow-blocked", *SHORT)
    cluster.wait_until_idle()
    assert summary(refused)["n1.1"]["state"] == "refused" and summary(refused)["n1.1"]["node"] == "n1"
    assert "debug kernel: CONFIG_PROVE_LOCKING" in summary(refused)["n1.1"]["reason"]
    assert summary(allowed)["n2.1"]["state"] == "finished" and "allowed although: debug kernel" in summary(allowed)["n2.1"]["note"]
    cluster.ask("umount", covered)
    assert "submitted 1: n1.1" in cluster.submitted(refused)
    cluster.wait_until_idle()
    measured_once(refused, {"n1.1"})


def cover_config(cluster: Cluster, config: Path) -> str:
    """Another kernel configuration, within the cluster's namespaces; gives what to unmount."""
    if not Path("/proc/config.gz").exists():
        cluster.ask("mount", "-t", "tmpfs", "tmpfs", "/boot")
        cluster.ask("sh", "-c", f"gzip -dc {config} >/boot/config-$(uname -r)")
        return "/boot"
    cluster.ask("mount", "--bind", config, "/proc/config.gz")
    return "/proc/config.gz"


def test_a_full_disk_loses_no_more_than_the_result_and_is_named(cluster: Cluster, bundle: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    cluster.ask("mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", disk)
    try:
        with node_lock():
            cluster.submitted(disk / "campaign", "--bundle", bundle, "--node", "n1", "--repeats", "1", *SHORT)
            seen = Path(f"/proc/{cluster.inner}/root{disk}/campaign")
            until("the task waits for the other measurement",
                  lambda: [one for one in seen.glob("logs/*_0.txt") if "waits for another" in one.read_text()])
            cluster.run("sh", "-c", f"cat /dev/zero >{disk}/filler")
        until("the task has ended", lambda: not [one for one in cluster.queue("%K") if one != "N/A"])
        full = cluster.submit(disk / "campaign")
        assert full.returncode == 2 and "make room there" in full.stderr
        none = cluster.submit(disk / "another", "--bundle", bundle, *SHORT)
        assert none.returncode == 2 and none.stderr.count("\n") == 1 and "No space left on device; make room there" in none.stderr
        assert cluster.ask("ls", "-A", disk).split() == ["campaign", "filler"]
        cluster.ask("rm", disk / "filler")
        said = cluster.submitted(disk / "campaign")
        assert "n1.1  failed" in said and "No space left on device" in said and "submitted 1: n1.1" in said
        cluster.wait_until_idle()
        assert "1 of 1 finished" in cluster.ask("cat", disk / "campaign/summary.txt")
        assert cluster.ask("ls", "-A", disk / "campaign/results").split() == ["n1.1"]
    finally:
        cluster.ask("umount", disk)


def test_two_submits_at_once_submit_every_task_once(cluster: Cluster, bundle: Path, tmp_path: Path) -> None:
    campaign = tmp_path / "campaign"
    words = cluster.inside(SLURM / "submit", campaign, "--bundle", bundle, "--repeats", "2", *SHORT)
    with node_lock():
        both = [subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                 env=cluster.environment) for _ in range(2)]
        ended = [(*one.communicate(), one.returncode) for one in both]
        assert 0 in [code for _, _, code in ended]
        for _, errors, code in ended:
            assert code == 0 or (code == 2 and errors.count("\n") == 1 and "another `submit`" in errors), errors
        assert sorted(one.split()[1] for one in cluster.queue("%j %K") if "gather" not in one) == ["0", "1"]
        assert sum("gather" in one for one in cluster.queue()) == 1
    cluster.wait_until_idle()
    measured_once(campaign, {"default.1", "default.2"})
