"""What happens on a host, with a shell script for ipcmark: which runs stay, which go, and that there is one at a time."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ON_HOST = Path(__file__).resolve().parents[1] / "roles/ipcmark/files/on_host.py"
# Measures once; the second time it is only asked to go on. Says where it was told to fail.
_IPCMARK = """#!/bin/sh
[ "$1" = run ] || exit 0
if [ "$2" = --resume ]; then echo resumed >>"$3/words"; printf '{"status": "complete"}' >"$3/run.json"; exit 0; fi
mkdir "$3"
case "$5" in
  whole) printf '{"status": "complete"}' >"$3/run.json" ;;
  cases) printf '{"status": "complete"}' >"$3/run.json"; echo "1 case failed:"; echo "  latency/pipe"; exit 1 ;;
  full) printf '{"status": "partial"}' >"$3/run.json"; echo "error: No space left on device"; echo "continue"; exit 1 ;;
  *) printf '{"status": "partial"}' >"$3/run.json"; kill -KILL $$ ;;
esac
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As the playbook makes it, with the programs in it."""
    (tmp_path / "lock").mkdir()
    folder = tmp_path / "ipcmark-fleet.test"
    called("look", folder)
    (folder / "bundle").mkdir()
    (folder / "bundle/ipcmark").write_text(_IPCMARK)
    (folder / "bundle/ipcmark").chmod(0o755)
    return folder


def called(command: str, folder: Path, *arguments: str) -> dict[str, Any]:
    done = _call(command, folder, *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _call(command: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-", command, folder, *arguments], input=ON_HOST.read_text(), capture_output=True,
                          text=True, timeout=60, check=False)


def run(folder: Path, preset: str) -> dict[str, Any]:
    return called("run", folder, "n1-01", str(folder.parent / "lock"), "0", "false", "60", "--preset", preset)


def test_a_whole_run_is_packed_and_stays_until_it_is_at_home(folder: Path) -> None:
    ended = run(folder, "whole")
    assert (ended["state"], ended["exit"], ended["reason"]) == ("finished", 0, "")
    assert Path(ended["archive"]).stat().st_size == ended["bytes"]
    assert run(folder, "whole") == ended, "it is not measured again"
    assert called("clean", folder, "ours") == {"kept": ["n1-01"]}
    assert called("look", folder)["runs"] == {"n1-01": ended}
    assert called("clean", folder, "ours", "n1-01") == {"kept": []}
    assert not folder.exists()


def test_a_run_that_nobody_wants_goes(folder: Path) -> None:
    run(folder, "whole")
    assert called("clean", folder, "all") == {"kept": []}
    assert not folder.exists()


def test_what_still_runs_there_is_ended_behind_a_link_too(folder: Path) -> None:
    shutil.copy("/bin/sleep", folder / "bundle/sleep")
    (folder.parent / "link").symlink_to(folder.parent)
    with subprocess.Popen([folder / "bundle/sleep", "60"]) as left:
        called("clean", folder.parent / "link" / folder.name, "ours")
        assert left.wait(30) == -signal.SIGKILL
    assert not folder.exists()


def test_a_damaged_bundle_is_named_and_none_is_there(folder: Path) -> None:
    shutil.rmtree(folder / "bundle")
    (folder / "bundle.tar.xz").write_bytes(b"\xfd7zXZ\0 and no more")
    refused = _call("unpack", folder, hashlib.sha256((folder / "bundle.tar.xz").read_bytes()).hexdigest())
    assert refused.returncode == 2
    assert refused.stderr.startswith("the bundle cannot be unpacked: ") and refused.stderr.count("\n") == 1
    assert not list(folder.glob("bundle/*")) and not list(folder.glob("bundle.*/"))


def test_a_run_with_failed_cases_is_whole_and_says_so(folder: Path) -> None:
    ended = run(folder, "cases")
    assert (ended["state"], ended["exit"], ended["reason"]) == ("finished", 1, "1 case failed: latency/pipe")


@pytest.mark.parametrize(("preset", "reason"), [("full", "error: No space left on device"), ("killed", "ipcmark was killed by SIGKILL")])
def test_a_failed_run_says_why_and_can_be_kept_to_go_on(folder: Path, preset: str, reason: str) -> None:
    ended = run(folder, preset)
    assert (ended["state"], ended["reason"]) == ("failed", reason)
    assert called("clean", folder, "but-failed") == {"kept": ["n1-01"]}
    assert run(folder, preset)["state"] == "finished"
    assert (folder / "runs/n1-01/run/words").read_text() == "resumed\n"


def test_a_failed_run_goes_unless_it_is_to_be_kept(folder: Path) -> None:
    run(folder, "full")
    assert called("clean", folder, "ours") == {"kept": []}
    assert not folder.exists()


def test_a_host_that_is_taken_names_who_has_it(folder: Path) -> None:
    holder = os.open(folder.parent / "lock", os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    ended = run(folder, "whole")
    os.close(holder)
    assert ended["state"] == "busy"
    assert f"process {os.getpid()} (" in ended["reason"]
    assert run(folder, "whole")["state"] == "finished"


def test_other_settings_are_another_campaign(folder: Path) -> None:
    run(folder, "whole")
    refused = _call("run", folder, "n1-01", str(folder.parent / "lock"), "0", "false", "60", "--preset", "other")
    assert refused.returncode == 2
    assert "with other settings; name another campaign" in refused.stderr


def test_a_place_that_is_not_there_is_named(tmp_path: Path) -> None:
    refused = _call("look", tmp_path / "nowhere" / "ipcmark-fleet.test")
    assert refused.returncode == 2
    assert refused.stderr == f"{tmp_path}/nowhere: No such file or directory; name another place by ipcmark_place\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder somebody else's")
def test_a_folder_of_somebody_else_is_refused(folder: Path) -> None:
    os.chown(folder, 65534, 65534)
    refused = _call("look", folder)
    assert refused.returncode == 2
    assert "somebody else's" in refused.stderr
