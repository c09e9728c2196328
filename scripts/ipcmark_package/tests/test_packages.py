"""The Debian packages hold what they should, please lintian, and what is in them works."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from built import ROOT

pytestmark = pytest.mark.xdist_group("packages")

COMMANDS = ("report", "compare", "export", "history", "publish", "kernels")
PROGRAMS = {"ipcmark", "ipcmark-exit", "limits", "fork_cost", "latency", "throughput", "contention"}


def _field(file: Path, name: str) -> str:
    return subprocess.run(["dpkg-deb", "-f", file, name], capture_output=True, text=True, check=True).stdout.strip()


def _entries(file: Path) -> list[list[str]]:
    """Mode, owner, size, day, time and name of each."""
    listing = subprocess.run(["dpkg-deb", "-c", file], capture_output=True, text=True, check=True).stdout
    return [line.split() for line in listing.splitlines()]


def test_there_is_one_for_programs_one_for_reporting_and_one_for_the_library(packages: dict[str, Path]) -> None:
    assert set(packages) == {"ipcmark", "ipcmark-report", "libipcmark-dev"}
    assert len({_field(file, "Version") for file in packages.values()}) == 1


def test_programs_need_no_python_and_reports_no_programs(packages: dict[str, Path]) -> None:
    assert "python" not in _field(packages["ipcmark"], "Depends")
    assert {"libc6", "libfmt9"} <= {one.split()[0] for one in _field(packages["ipcmark"], "Depends").split(", ")}
    needed = _field(packages["ipcmark-report"], "Depends")
    assert all(f"python3-{name}" in needed for name in ("jinja2", "matplotlib", "numpy", "scipy"))
    assert _field(packages["ipcmark-report"], "Architecture") == "all"
    assert re.search(r"ipcmark \(= \S+\)", _field(packages["libipcmark-dev"], "Depends"))


def test_all_belongs_to_root_and_can_be_read_by_everyone(packages: dict[str, Path]) -> None:
    for file in packages.values():
        for mode, owner, *_, name in (entry[:6] for entry in _entries(file)):
            assert owner == "root/root", name
            assert mode in ("drwxr-xr-x", "-rw-r--r--", "-rwxr-xr-x", "lrwxrwxrwx"), (mode, name)


def test_common_words_stay_out_of_the_path(unpacked: Path) -> None:
    assert {file.name for file in (unpacked / "usr/bin").iterdir()} == {"ipcmark", *(f"ipcmark-{name}" for name in COMMANDS)}
    assert {file.name for file in (unpacked / "usr/libexec/ipcmark").iterdir()} == PROGRAMS


def test_no_tests_and_no_leftovers_are_packed(packages: dict[str, Path]) -> None:
    names = [entry[5] for file in packages.values() for entry in _entries(file)]
    assert not [name for name in names if re.search(r"/tests?/|test_|_test|__pycache__|node_modules|\.pyc$", name)]
    assert any(name.endswith("/page.html.j2") for name in names)


def test_each_says_its_licence_and_what_changed(unpacked: Path) -> None:
    for name in ("ipcmark", "ipcmark-report", "libipcmark-dev"):
        folder = unpacked / "usr/share/doc" / name
        assert (ROOT / "LICENSE").read_text() in (folder / "copyright").read_text()
        assert gzip.decompress((folder / "changelog.gz").read_bytes()) == (ROOT / "CHANGELOG.md").read_bytes()
    # What is compiled in asks for its own.
    licences = (unpacked / "usr/share/doc/ipcmark/copyright").read_text()
    assert all(owner in licences for owner in ("Niels Lohmann", "University of Cincinnati", "Randolph Voorhies"))


def test_each_command_has_a_page_and_a_completion(unpacked: Path) -> None:
    if shutil.which("help2man") is None:
        pytest.skip("no help2man here: apt-get install help2man")
    for name in ("ipcmark", *(f"ipcmark-{command}" for command in COMMANDS)):
        assert (unpacked / f"usr/share/man/man1/{name}.1.gz").is_file()
        assert (unpacked / f"usr/share/bash-completion/completions/{name}").is_file()


def test_the_script_that_packs_refuses_what_it_does_not_know() -> None:
    done = subprocess.run([ROOT / "scripts/package", "--nonsense"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "package: --nonsense: not an option; usage: scripts/package [--try]\n"


def test_lintian_finds_neither_errors_nor_warnings(packages: dict[str, Path]) -> None:
    if shutil.which("lintian") is None:
        pytest.skip("no lintian here: apt-get install lintian")
    if shutil.which("help2man") is None:
        pytest.skip("lintian wants man pages, and no help2man is here: apt-get install help2man")
    # Who builds may have an address that is none.
    done = subprocess.run(["lintian", "--no-cfg", "--allow-root", "--suppress-tags", "bogus-mail-host", *packages.values()],
                          capture_output=True, text=True, check=False)
    assert done.stdout == ""


def test_installed_programs_measure_and_name_the_installed_command(unpacked: Path, tmp_path: Path) -> None:
    program = unpacked / "usr/bin/ipcmark"
    done = subprocess.run([program, "run", "--preset", "quick", "--rounds", "1", "--filter",
                           "^fork_cost/process/posix_spawn/", "--out", "mine"],
                          cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "report: ipcmark-report mine --out mine.html" in done.stdout
    exported = subprocess.run([unpacked / "usr/bin/ipcmark-export", "mine", "--to", "csv"], cwd=tmp_path, capture_output=True,
                              text=True, timeout=120, check=False)
    assert exported.returncode == 0, exported.stderr
    assert "posix_spawn" in exported.stdout


# In one process: each would import the same again.
_START_ALL = """
import contextlib, io, json, runpy, sys
said = {}
for path in sys.argv[1:]:
    sys.argv = [path, "--no-such"]
    text = io.StringIO()
    with contextlib.redirect_stderr(text):
        try:
            runpy.run_path(path, run_name="__main__")
        except SystemExit as end:
            said[path] = [end.code, text.getvalue()]
print(json.dumps(said))
"""


def test_installed_commands_call_themselves_as_they_are_called(unpacked: Path) -> None:
    launchers = {str(unpacked / f"usr/bin/ipcmark-{command}"): command for command in COMMANDS}
    done = subprocess.run(["/usr/bin/python3", "-B", "-W", "ignore", "-c", _START_ALL, *launchers], capture_output=True, text=True,
                          timeout=120, check=True)
    said = json.loads(done.stdout)
    assert set(said) == set(launchers)
    for path, (status, text) in said.items():
        name = f"ipcmark-{launchers[path]}"
        assert status == 2
        assert text.startswith(f"{name}: ") and f"see {name} --help" in text


def test_installed_texts_name_no_script_of_a_checkout(unpacked: Path) -> None:
    found = [f"{file.name}: {line}" for file in (unpacked / "usr/share/ipcmark").rglob("*.*") if file.is_file()
             for line in file.read_text().splitlines()
             if re.search(rf"scripts/({'|'.join(COMMANDS)})\b|print\(f?\"({'|'.join(COMMANDS)}): ", line)]
    assert not found


def test_a_command_whose_python_lacks_a_package_says_how_to_get_it(unpacked: Path) -> None:
    done = subprocess.run(["/usr/bin/python3", "-S", unpacked / "usr/bin/ipcmark-compare", "--help"], capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert re.fullmatch(r"ipcmark-compare: needs (\w+); install it: apt-get install python3-\1\n", done.stderr)
