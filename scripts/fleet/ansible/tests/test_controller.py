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
def test_the_controller_gets_no_folder_of_the_hosts(tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.ini"
    inventory.write_text("n1 ansible_host=127.0.0.1 ansible_port=1\n")
    settings = {"ipcmark_results": str(tmp_path / "results"), "ipcmark_place": str(tmp_path / "place"), "ipcmark_campaign": "c"}
    done = subprocess.run(["ansible-playbook", "campaign.yml", "-i", inventory, "-e", json.dumps(settings)], cwd=PLAYBOOKS,
                          env={**os.environ, "ANSIBLE_SSH_RETRIES": "0"}, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode != 0 and "n1    unreachable  0 of 1" in done.stdout, done.stdout + done.stderr
    assert [one.name for one in (tmp_path / "results/c").iterdir()] == ["fleet.json"]
    assert not (tmp_path / "place").exists()
