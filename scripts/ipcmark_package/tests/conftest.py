"""The packages as the build makes them, and what they hold once unpacked."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from built import BUILD


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each .deb by the name of its package."""
    config = BUILD / "CPackConfig.cmake"
    if not config.exists():
        pytest.skip(f"{BUILD} makes no packages: build it first, with dpkg-dev and gzip here")
    if not (BUILD / "package/reporting.made").exists() or not (BUILD / "bin/contention").exists():
        pytest.skip(f"{BUILD} has not all that is packed: scripts/build release")
    if "CMAKE_BUILD_TYPE:STRING=Release" not in (BUILD / "CMakeCache.txt").read_text():
        pytest.skip(f"{BUILD} is no Release build")
    folder = tmp_path_factory.mktemp("packages")
    # The same content whatever the umask.
    done = subprocess.run(["cpack", "--config", config, "-B", folder], capture_output=True, text=True, check=False, umask=0o077)
    assert done.returncode == 0, done.stdout + done.stderr
    return {file.name.split("_")[0]: file for file in folder.glob("*.deb")}


@pytest.fixture(scope="session")
def unpacked(packages: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all of them in it, as if it were /."""
    root = tmp_path_factory.mktemp("root")
    for file in packages.values():
        subprocess.run(["dpkg-deb", "-x", file, root], check=True)
    return root


# By the name of the command: the module behind it, and its sub-commands.
_REPORTING = {
    "ipcmark-report": ("ipcmark_report.__main__", ()),
    "ipcmark-compare": ("ipcmark_report.compare.__main__", ()),
    "ipcmark-export": ("ipcmark_report.export.__main__", ()),
    "ipcmark-history": ("ipcmark_report.history.__main__", ("add", "list", "trend", "remove")),
    "ipcmark-publish": ("ipcmark_report.publish.__main__", ()),
    "ipcmark-kernels": ("ipcmark_kernels.__main__", ("available", "fetch", "run", "profile", "report", "judge")),
}
_PROGRAM = ("list", "check", "run", "selftest", "clean")
# In one process: each would import the same again.
_ASK = """
import contextlib, importlib, io, json, sys
said = {}
for words, module in json.load(sys.stdin):
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.suppress(SystemExit):
        importlib.import_module(module).main([*words.split()[1:], "--help"])
    said[words] = text.getvalue()
print(json.dumps(said))
"""


@pytest.fixture(scope="session")
def commands() -> tuple[str, ...]:
    return ("ipcmark", *_REPORTING)


@pytest.fixture(scope="session")
def helps() -> dict[str, str]:
    """What each command and sub-command of the build says by --help."""
    program, reporting = BUILD / "bin/ipcmark", BUILD / "package/reporting"
    if not program.exists() or not reporting.exists():
        pytest.skip(f"{BUILD} has not all that is installed: scripts/build release")
    found = {}
    for word in ("", *_PROGRAM):
        done = subprocess.run([program, *word.split(), "--help"], capture_output=True, text=True, check=True)
        found[f"ipcmark {word}".strip()] = done.stdout
    wanted = [(f"{name} {word}".strip(), module) for name, (module, below) in _REPORTING.items() for word in ("", *below)]
    done = subprocess.run(["/usr/bin/python3", "-c", _ASK], input=json.dumps(wanted), capture_output=True, text=True, check=True,
                          env={**os.environ, "PYTHONPATH": str(reporting), "PYTHONDONTWRITEBYTECODE": "1"})
    return found | json.loads(done.stdout)
