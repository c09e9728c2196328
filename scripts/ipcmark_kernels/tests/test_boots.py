"""Two of Debian's kernels, really booted. Needs QEMU, the network or what was fetched before, and a release build."""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ipcmark_bundle.commands import BundleError
from ipcmark_kernels.guest.bundle import PROGRAMS
from ipcmark_report.load import load_run
from ipcmark_report.model import Run

from .static_programs import link, static_command

SCRIPTS = Path(__file__).resolve().parents[2]
BUILD = SCRIPTS.parent / "build/release"
# Small lists, and what is in them is small.
SUITES = ("--suites", "bookworm,bookworm-security", "--arch", "amd64")
KERNELS = ("6.1-cloud", "6.12-cloud")
TOOLS = {"qemu-system-x86_64": "qemu-system-x86", "cpio": "cpio", "ninja": "ninja-build", "apt-get": "apt"}
LOOP = "limits/alu/five_instructions/placement:same_core"
FILTER = "latency/(pipe/pipe/size:64|notify/futex)/|limits/alu/five_instructions"
# One worker boots them, and only once.
pytestmark = pytest.mark.xdist_group("boots")


def kernels(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "ipcmark_kernels", *words], env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
                          capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of the runs, and what `kernels run --verify` said."""
    for tool, package in TOOLS.items():
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool} here: apt-get install {package}")
    if platform.machine() != "x86_64" or not (BUILD / "bin/latency").exists():
        pytest.skip("no release build for x86_64 here: scripts/build release")
    fetched = kernels("fetch", *KERNELS, *SUITES)
    if fetched.returncode:
        pytest.skip(f"kernels cannot be fetched here: {fetched.stderr.strip()}")
    place = tmp_path_factory.mktemp("boots")
    try:
        link(BUILD, PROGRAMS, place)
    except BundleError as fault:
        pytest.skip(f"no static libraries here: {fault}")
    said = kernels("run", *KERNELS, *SUITES, "--bundle", str(place), "--filter", FILTER, "--seeds", "1", "--verify",
                   "--out", str(place / "runs"))
    assert said.returncode == 0, said.stderr + said.stdout
    return place / "runs", said.stdout


def runs(folder: Path) -> list[Run]:
    return [load_run(folder / name) for name in json.loads((folder / "kernels.json").read_text())["kernels"]]


def test_a_boot_gives_the_same_bytes_as_the_one_before(measured: tuple[Path, str]) -> None:
    assert measured[1].count("every byte is the same") == len(KERNELS)


def test_each_kernel_says_its_release_and_its_cases_are_measured(measured: tuple[Path, str]) -> None:
    found = runs(measured[0])
    assert [run.environment.start_text("kernel", "release").split(".")[1] for run in found] == ["1", "12"]
    for run in found:
        assert run.info.complete and not [row.error for row in run.rows if row.error is not None]
        assert {"pipe", "notify"} <= {row.case.noun for row in run.rows}


def test_a_loop_of_five_instructions_counts_five(measured: tuple[Path, str]) -> None:
    for run in runs(measured[0]):
        # The quietest repetition: the tick and what it wakes take instructions too.
        counted = [row.quiet_ns for row in run.rows if row.case.text == LOOP]
        assert counted == [pytest.approx(5.0, abs=0.02)]


def test_the_newer_kernel_executes_more_for_a_round_trip(measured: tuple[Path, str]) -> None:
    old, new = ({row.case.text: row.time_ns for row in run.rows if row.case.measure == "latency"} for run in runs(measured[0]))
    assert old.keys() == new.keys() and all(new[case] > old[case] for case in old)


def test_a_link_command_is_made_static() -> None:
    command = ": && c++ -O3 a.o -o bin/latency  b.a  /usr/lib/x86_64-linux-gnu/libfmt.so.9.1.0  -lrt  /usr/lib/libbenchmark.so.1.7.1 && :"
    assert static_command(command, Path("/l"), Path("/out/latency")) == (
        ": && c++ -O3 a.o -static -s -o /out/latency  b.a  /l/libfmt.a  -lrt  /l/libbenchmark.a && :")
