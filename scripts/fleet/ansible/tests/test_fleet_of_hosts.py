"""The real playbook on three hosts, each in namespaces of its own: whatever happens to one, the others are not lost, every
finished run comes home once, and nothing stays on a host."""

from __future__ import annotations

import json
import os
import signal
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from ansible_lab import PLACE, Host, Lab, Played, kill, lacking, wait_until

ROOT = Path(__file__).resolve().parents[4]
BINARIES = ROOT / "build/release/bin"
PROGRAMS = ("ipcmark", "ipcmark-exit", "limits", "fork_cost", "latency", "throughput", "contention")
NAMES = ("n1", "n2", "n3")
# Long enough to be met on its way.
LONG = {"ipcmark_rounds": 6}


def _reason() -> str | None:
    missing = [program for program in PROGRAMS if not (BINARIES / program).exists()]
    return f"not built: {', '.join(missing)} in {BINARIES}" if missing else lacking()


_WHY = _reason()
pytestmark = [pytest.mark.xdist_group("fleet of hosts"), pytest.mark.skipif(_WHY is not None, reason=str(_WHY))]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with tempfile.TemporaryDirectory(prefix="ipcmark_fleet.") as name:
        folder = Path(name)
        bundles = folder / "bundle"
        bundles.mkdir()
        # The release build's programs do, since these hosts have the libraries of this machine.
        with tarfile.open(bundles / f"ipcmark-0.1.0-{os.uname().machine}.tar.xz", "w:xz", preset=0) as tar:
            for program in PROGRAMS:
                tar.add(BINARIES / program, f"ipcmark-0.1.0-{os.uname().machine}/{program}")
        (folder / "n3.config").write_text("CONFIG_PROVE_LOCKING=y\n")
        with Lab(folder, NAMES, bundles) as lab:
            yield lab


@pytest.fixture(autouse=True)
def nothing_of_a_test_meets_the_next(lab: Lab, request: pytest.FixtureRequest) -> Iterator[None]:
    failed = request.session.testsfailed
    yield
    if request.session.testsfailed != failed:
        lab.restore()


def fill(host: Host) -> None:
    """Leaves no byte on its disk."""
    # Without a buffer, whose rest would be written when the file is closed.
    with (host.root / PLACE / "filler").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 65536)


def empty(host: Host) -> None:
    (host.root / PLACE / "filler").unlink()


def assert_left_clean(*hosts: Host) -> None:
    for host in hosts:
        # A connection lives on for a moment.
        wait_until(lambda: not host.left(), f"nothing left on {host.name}: {host.left()}")


def runs(played: Played) -> list[str]:
    """All that is in the campaign's folder besides fleet.json."""
    return sorted(path.name for path in played.folder.iterdir() if path.name != "fleet.json")


def test_one_runs_while_one_is_down_and_one_is_full(lab: Lab) -> None:
    lab.network("link", "set", "veth-n2", "down")
    fill(lab.hosts["n3"])
    played = lab.play("troubles")
    empty(lab.hosts["n3"])
    lab.network("link", "set", "veth-n2", "up")
    assert played.outcomes == {"n1": "ran", "n2": "unreachable", "n3": "refused"}
    assert "0 MiB free in /var/tmp" in str(played.fleet["n3"]["reason"])
    assert "3 hosts: 1 ran, 1 refused, 1 unreachable" in played.said
    assert played.status != 0
    assert runs(played) == ["n1-01"]
    assert_left_clean(*lab.hosts.values())


def stop_runs(lab: Lab, *names: str) -> None:
    """Waits until ipcmark measures on each host, and stops it there."""
    for name in names:
        host = lab.hosts[name]
        wait_until(lambda: measuring(host) and list((host.root / PLACE).glob("ipcmark-fleet.*/runs/*/run/run.json")), f"a run on {name}")
        os.kill(measuring(host)[0], signal.SIGSTOP)


def go_on(host: Host) -> None:
    os.kill(measuring(host)[0], signal.SIGCONT)


def measuring(host: Host) -> list[int]:
    """The processes of `ipcmark run`."""
    return [pid for pid, words in host.processes().items() if words.split()[0].endswith("/ipcmark") and words.split()[1:2] == ["run"]]


def waiting(host: Host) -> int:
    """How many controllers wait for the run there: beside the process that measures, each has one."""
    return len([words for words in host.processes().values() if " run /var/tmp/ipcmark-fleet." in words]) - 1


def test_a_killed_run_a_disk_that_fills_and_a_lost_connection(lab: Lab) -> None:
    n1, n2, n3 = lab.hosts.values()
    playing = lab.start("midway", **LONG)
    stop_runs(lab, *NAMES)
    wait_until(lambda: all(waiting(host) == 1 for host in (n1, n2, n3)), "the controller waits for the three")
    os.kill(measuring(n1)[0], signal.SIGKILL)
    fill(n2)
    go_on(n2)
    lab.network("link", "set", "veth-n3", "down")
    wait_until(lambda: not lab.ssh_to(n3), "the controller lost n3")
    lab.network("link", "set", "veth-n3", "up")
    go_on(n3)
    played = lab.finish("midway", playing)
    empty(n2)
    assert played.outcomes == {"n1": "failed", "n2": "failed", "n3": "ran"}
    assert "killed by SIGKILL" in str(played.fleet["n1"]["reason"])
    assert "No space left on device" in str(played.fleet["n2"]["reason"])
    assert "3 hosts: 2 failed, 1 ran" in played.said
    assert played.status != 0
    assert runs(played) == ["n3-01"]
    assert_left_clean(n1, n2, n3)


def test_an_interrupted_controller_collects_resumes_and_repeats_nothing(lab: Lab) -> None:
    n1, n2, n3 = lab.hosts.values()
    playing = lab.start("interrupted", **LONG)
    stop_runs(lab, *NAMES)
    lab.interrupt(playing, signal.SIGINT)
    # One run ends while nobody waits, another dies as when the power goes, and the third goes on.
    go_on(n1)
    wait_until(lambda: not measuring(n1), "the end of the run on n1")
    begun = run_on(n2, "interrupted")["seed"]
    for pid, words in n2.processes().items():
        if " run /var/tmp/" in words or "/bundle/" in words.split()[0]:
            kill(pid)
    playing = lab.start("interrupted", **LONG)
    wait_until(lambda: waiting(n3) == 2 and measuring(n2), "the controller waits for n3, and n2 measures again")
    lab.interrupt(playing, signal.SIGKILL)
    go_on(n3)
    played = lab.play("interrupted", **LONG)
    assert played.outcomes == {"n1": "ran", "n2": "ran", "n3": "ran"}
    assert played.status == 0
    assert runs(played) == ["n1-01", "n2-01", "n3-01"]
    assert json.loads((played.folder / "n2-01/run.json").read_text())["seed"] == begun, "resumed, not begun anew"
    assert_left_clean(n1, n2, n3)


def run_on(host: Host, campaign: str) -> dict[str, object]:
    return json.loads((host.root / PLACE / f"ipcmark-fleet.{campaign}/runs/{host.name}-01/run/run.json").read_text())


def test_two_controllers_never_run_two_benchmarks_on_a_host(lab: Lab) -> None:
    n1 = lab.hosts["n1"]
    first = lab.start("shared", "--limit", "n1", **LONG)
    stop_runs(lab, "n1")
    wait_until(lambda: waiting(n1) == 1, "the first controller waits")
    second = lab.start("shared", "--limit", "n1", **LONG)
    other = lab.play("other", "--limit", "n1")
    assert other.outcomes == {"n1": "refused"}
    assert "another run is under way on this host: process" in str(other.fleet["n1"]["reason"])
    assert other.status != 0
    wait_until(lambda: waiting(n1) == 2, "the second one waits, too")
    assert len(measuring(n1)) == 1
    go_on(n1)
    for playing in (first, second):
        played = lab.finish("shared", playing)
        assert played.status == 0
    assert played.outcomes == {"n1": "ran"}
    assert runs(played) == ["n1-01"]
    assert_left_clean(n1)


def test_a_preflight_names_what_is_in_the_way_and_leaves_nothing(lab: Lab) -> None:
    played = lab.play(
        "preflight", "--tags", "preflight",
        ipcmark_architectures="{{ {} if inventory_hostname == 'n1' else {ansible_facts.architecture: 'x86_64'} }}",
        ipcmark_bundles=f"{{{{ '/nowhere' if inventory_hostname == 'n2' else '{lab.bundles}' }}}}",
        ipcmark_allow_blocked=False)
    reasons = {host: str(one["reason"]) for host, one in played.fleet.items()}
    assert played.outcomes == {"n1": "failed", "n2": "failed", "n3": "refused"}
    assert "no bundle for the architecture" in reasons["n1"]
    assert "scripts/bundle --arch x86_64" in reasons["n2"]
    assert "CONFIG_PROVE_LOCKING=y" in reasons["n3"]
    assert runs(played) == []
    assert_left_clean(*lab.hosts.values())


def test_kernels_are_booted_there_and_back_and_then_the_own_one(lab: Lab) -> None:
    """Grub and the reboot are played by stand_ins; all else is real."""
    (lab.folder / "n2.deaf").touch()
    old, new = "6.1.0-31-amd64", "6.12.9-amd64"
    played = lab.play(
        "kernels", ipcmark_kernels=[old, new], ipcmark_repeats="{{ 2 if inventory_hostname == 'n1' else 1 }}", ipcmark_settle_s=0,
        ipcmark_boot_s=100,
        ipcmark_grub_config="/run/lab/stand_ins/grub.cfg",
        ipcmark_extra="{{ ['--window-ms', 'none'] if inventory_hostname == 'n3' else [] }}")
    boots = {name: (lab.folder / f"{name}.boots").read_text().split() for name in NAMES}
    assert boots == {"n1": [old, new, new, old, "own-kernel"], "n2": ["own-kernel", "own-kernel"], "n3": [old, "own-kernel"]}
    assert played.outcomes == {"n1": "ran", "n2": "failed", "n3": "failed"}
    assert f"{old} was to be booted, but own-kernel runs" in str(played.fleet["n2"]["reason"])
    assert "--window-ms" in str(played.fleet["n3"]["reason"])
    assert runs(played) == [f"n1-01-{old}", f"n1-02-{new}", f"n1-03-{new}", f"n1-04-{old}"]
    assert_left_clean(*lab.hosts.values())
