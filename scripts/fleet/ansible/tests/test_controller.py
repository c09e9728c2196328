"""What the playbook does here where no host answers: it says so, and leaves nothing but the record."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

PLAYBOOKS = Path(__file__).resolve().parents[1]


@pytest.mark.skipif(not (shutil.which("ansible-playbook") and shutil.which("ssh")),
                    reason="needs ansible-playbook and ssh (Debian: ansible-core, openssh-client)")
def test_the_controller_finds_its_runs_below_its_home_and_gets_no_folder_of_the_hosts(tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.ini"
    inventory.write_text("n1 ansible_host=127.0.0.1 ansible_port=1\n")
    (tmp_path / "results/c/n1-01").mkdir(parents=True)
    settings = {"ipcmark_results": "~/results", "ipcmark_place": str(tmp_path / "place"), "ipcmark_campaign": "c"}
    environment = {**os.environ, "ANSIBLE_SSH_RETRIES": "0", "HOME": str(tmp_path)}
    done = subprocess.run(["ansible-playbook", "campaign.yml", "-i", inventory, "-e", json.dumps(settings)], cwd=PLAYBOOKS,
                          env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode != 0 and "n1    unreachable  1 of 1" in done.stdout, done.stdout + done.stderr
    assert sorted(one.name for one in (tmp_path / "results/c").iterdir()) == ["fleet.json", "n1-01"]
    assert not (tmp_path / "place").exists()
