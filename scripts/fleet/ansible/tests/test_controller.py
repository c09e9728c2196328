"""What the playbook does here where no host answers: it says so, and leaves nothing but the record."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

PLAYBOOKS = Path(__file__).resolve().parents[1]


pytestmark = pytest.mark.skipif(not (shutil.which("ansible-playbook") and shutil.which("ssh")),
                                reason="needs ansible-playbook and ssh (Debian: ansible-core, openssh-client)")


def played(folder: Path, **more: str) -> str:
    """What the playbook says of a host n1 that nobody can reach."""
    inventory = folder / "inventory.ini"
    inventory.write_text("n1 ansible_host=127.0.0.1 ansible_port=1\n")
    settings = {"ipcmark_results": "~/results", "ipcmark_place": str(folder / "place"), "ipcmark_campaign": "c", **more}
    environment = {**os.environ, "ANSIBLE_SSH_RETRIES": "0", "HOME": str(folder)}
    done = subprocess.run(["ansible-playbook", "campaign.yml", "-i", inventory, "-e", json.dumps(settings)], cwd=PLAYBOOKS,
                          env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode != 0, done.stdout + done.stderr
    return done.stdout


def test_the_controller_finds_its_runs_below_its_home_and_gets_no_folder_of_the_hosts(tmp_path: Path) -> None:
    (tmp_path / "results/c/n1-01").mkdir(parents=True)
    assert "n1    unreachable  1 of 1" in played(tmp_path)
    assert sorted(one.name for one in (tmp_path / "results/c").iterdir()) == ["fleet.json", "n1-01"]
    assert not (tmp_path / "place").exists()


def test_a_place_that_depends_on_where_one_is_is_refused(tmp_path: Path) -> None:
    assert "ipcmark_place: data has to begin with / or ~" in played(tmp_path, ipcmark_place="data")


def test_a_second_side_and_other_folders_are_refused(tmp_path: Path) -> None:
    for extra in (["--versus", "other"], ["--out=x"]):
        assert f"ipcmark_extra: {' '.join(extra)}: the campaign names the folders itself" in played(tmp_path, ipcmark_extra=extra)
