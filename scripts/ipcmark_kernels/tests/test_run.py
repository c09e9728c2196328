"""The command `run` against a program that stands in for QEMU."""

import hashlib
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ipcmark_kernels.__main__ import main
from ipcmark_kernels.guest.bundle import PROGRAMS
from ipcmark_kernels.profile.plugin import demand_counting
from ipcmark_kernels.qemu import machine
from ipcmark_report.ladder.read import read_kernels
from ipcmark_report.load import load_run
from ipcmark_report.model import BadInput

from .fake_qemu import HEAD

FAKE = Path(__file__).with_name("fake_qemu.py")
SCRIPTS = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(shutil.which("cpio") is None or shutil.which("setpriv") is None, reason="no cpio or setpriv here")


def program(machine_number: int = 62, needs_loader: bool = False) -> bytes:
    """The head of a 64-bit program with one entry in its table."""
    head = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 2, machine_number, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return head + struct.pack("<I", 3 if needs_loader else 1) + bytes(52)


def bundle(folder: Path, content: bytes) -> Path:
    folder.mkdir()
    for name in PROGRAMS:
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a fake QEMU on PATH, a bundle, and a cache that has busybox."""
    (tmp_path / "bin").mkdir()
    shutil.copy(FAKE, tmp_path / "bin/qemu-system-x86_64")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    busybox = tmp_path / "cache/ipcmark/kernels/busybox/amd64/busybox"
    busybox.parent.mkdir(parents=True)
    busybox.write_bytes(b"busybox")
    bundle(tmp_path / "bundle", program())
    return tmp_path


def kernel(place: Path, name: str, behaviour: str) -> str:
    head = bytes(0x202) + b"HdrS"
    (place / name).write_bytes(head + bytes(HEAD - len(head)) + behaviour.encode())
    return f"{name}={place / name}"


def run(place: Path, *words: str) -> int:
    return main(["run", *words, "--arch", "amd64", "--bundle", str(place / "bundle"), "--out", str(place / "out")])


def kernels(place: Path) -> dict:
    return json.loads((place / "out/kernels.json").read_text())


def test_each_boot_is_a_round_of_a_run_that_the_report_reads(place: Path) -> None:
    assert run(place, kernel(place, "good", "measure"), "--seeds", "3") == 0
    measured = load_run(place / "out/good")
    assert measured.info.complete and measured.info.rounds == 3
    assert [row.time_ns for row in measured.rows] == [11088, 11089, 11090]
    record = json.loads((place / "out/good/kernel.json").read_text())
    assert [boot["seed"] for boot in record["boots"]] == [1, 2, 3] and len({boot["identity"] for boot in record["boots"]}) == 3
    assert kernels(place)["kernels"] == ["good"] and not [one for one in (place / "out").iterdir() if one.name.startswith(".")]


def test_a_kernel_of_ones_own_is_named_by_its_file(place: Path) -> None:
    kernel(place, "bzImage", "measure")
    (place / "System.map").write_text("")
    assert run(place, "--kernel", str(place / "bzImage"), "--symbols", str(place / "System.map")) == 0
    record = json.loads((place / "out/bzImage/kernel.json").read_text())
    assert record["symbols"] == str(place / "System.map") and record["flavour"] == "own"
    assert record["vmlinuz"] == "bzImage" and str(place) not in " ".join(record["qemu_arguments"])


def test_what_is_added_to_the_command_line_makes_a_column_of_its_own(place: Path) -> None:
    assert run(place, kernel(place, "good", "measure"), "--append", "", "--append", "mitigations=off") == 0
    assert kernels(place)["kernels"] == ["good", "good@mitigations=off"]
    assert " mitigations=off " in json.loads((place / "out/good@mitigations=off/kernel.json").read_text())["command_line"]


def test_kernels_that_fail_are_named_and_the_others_go_on(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [kernel(place, one, one) for one in ("panic", "refuse", "cut", "hang")]
    assert run(place, *words, kernel(place, "good", "measure"), "--seeds", "1", "--limit", "1") == 1
    said = capsys.readouterr().err
    assert "panics: Kernel panic - not syncing: no init found" in said and "end\\x07 of it" in said and "\x1b" not in said
    assert "does not boot: QEMU ended with status 1 (qemu: no such board)" in said
    assert "the run did not arrive whole" in said and "hangs while measuring: ended after 1 s of CPU time" in said
    assert kernels(place)["kernels"] == ["good"]
    assert {one["id"] for one in kernels(place)["failed"]} == {"panic", "refuse", "cut", "hang"}


def test_the_page_reads_what_was_written_of_kernels_that_failed_and_that_did_not(place: Path) -> None:
    assert run(place, kernel(place, "stuck", "panic"), kernel(place, "good", "measure")) == 1
    read = read_kernels(place / "out")
    assert read.left_out == ("stuck: panics: Kernel panic - not syncing: no init found",)
    assert [boots.kernel.flavour for boots in read.boots] == ["own"]
    assert dict(read.boots[0].kernel.facts)["sha256"] == hashlib.sha256((place / "good").read_bytes()).hexdigest()


def test_verifying_says_whether_a_second_boot_is_the_same(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    same = run(place, kernel(place, "good", "measure"), "--verify", "--seeds", "1")
    said = capsys.readouterr()
    assert same == 0 and "every byte is the same" in said.out
    assert len(re.findall("identity ([0-9a-f]{12})", said.err)) == 2 and len(set(re.findall("identity ([0-9a-f]{12})", said.err))) == 1
    shutil.rmtree(place / "out")
    other = run(place, kernel(place, "bad", "measure unsteady"), "--verify", "--seeds", "1")
    assert other == 1 and "differs in latency.1.json" in capsys.readouterr().out


def test_kernels_can_be_added_to_those_that_are_there(place: Path) -> None:
    assert run(place, kernel(place, "old", "measure"), "--seeds", "1") == 0
    assert run(place, kernel(place, "new", "measure"), "--seeds", "1", "--resume") == 0
    assert kernels(place)["kernels"] == ["old", "new"]


def test_a_run_goes_on_with_what_is_missing(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, late = kernel(place, "good", "measure"), kernel(place, "late", "panic")
    assert run(place, late, good) == 1
    kernel(place, "late", "measure")
    assert run(place, late, good) == 2 and "--resume" in capsys.readouterr().err
    assert run(place, late, good, "--resume") == 0
    assert kernels(place)["kernels"] == ["good", "late"] and kernels(place)["failed"] == []
    assert "2 of 2 kernels wholly measured, 1 of them before" in capsys.readouterr().out
    assert run(place, good, "--resume", "--filter", "pipe") == 2 and "other settings" in capsys.readouterr().err


@pytest.mark.parametrize("content, complaint", [
    (program(183), "ipcmark is for arm64, the kernels are for amd64"),
    (program(needs_loader=True), "ipcmark is linked dynamically"),
    (b"#!/bin/sh\n", "ipcmark is no program"),
])
def test_programs_that_cannot_run_there_are_refused(place: Path, capsys: pytest.CaptureFixture[str], content: bytes,
                                                    complaint: str) -> None:
    shutil.rmtree(place / "bundle")
    bundle(place / "bundle", content)
    assert run(place, kernel(place, "good", "measure")) == 2
    said = capsys.readouterr().err
    assert complaint in said and said.count("\n") == 1 and not (place / "out").exists()


def test_without_qemu_its_package_is_named(place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.shutil, "which", lambda name: None)
    assert run(place, kernel(place, "good", "measure")) == 2
    assert "install it: scripts/install_packages qemu-system-x86 cpio" in capsys.readouterr().err


@pytest.mark.parametrize("tool, package", [("cpio", "cpio"), ("setpriv", "util-linux")])
def test_without_what_is_needed_beside_qemu_its_package_is_named(place: Path, capsys: pytest.CaptureFixture[str],
                                                                 monkeypatch: pytest.MonkeyPatch, tool: str, package: str) -> None:
    found = shutil.which
    monkeypatch.setattr(machine.shutil, "which", lambda name: None if name == tool else found(name))
    assert run(place, kernel(place, "good", "measure")) == 2
    assert capsys.readouterr().err == f"kernels: {tool}: not here; install it: apt-get install {package}\n" and not (place / "out").exists()


@pytest.mark.parametrize("content, complaint", [(b"", "is no kernel for amd64"), (b"#!/bin/sh", "is no kernel for amd64"),
                                                (bytes(0x202) + b"HdrS" + bytes(99), "is cut off")])
def test_a_file_that_is_no_kernel_is_refused_before_anything_boots(place: Path, capsys: pytest.CaptureFixture[str], content: bytes,
                                                                   complaint: str) -> None:
    (place / "file").write_bytes(content)
    assert run(place, str(place / "file"), kernel(place, "good", "measure")) == 2
    said = capsys.readouterr().err
    assert complaint in said and said.count("\n") == 1 and not (place / "out").exists()


@pytest.mark.parametrize("version, arch, complaint", [("9.1.2", "amd64", "QEMU 9.1.2: functions are counted by a plugin for QEMU 4.2 to 8.2"),
                                                      ("8.2.1", "arm64", "--arch arm64: functions are counted on amd64 only")])
def test_functions_are_counted_on_amd64_by_a_qemu_that_takes_the_plugin(version: str, arch: str, complaint: str) -> None:
    demand_counting("amd64", "7.2.22")
    with pytest.raises(BadInput, match=re.escape(complaint)):
        demand_counting(arch, version)


def test_a_full_disk_is_named_and_leaves_nothing(place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "bin/cpio").write_text("#!/bin/sh\necho 'cpio: write error: No space left on device' >&2\nexit 1\n")
    (place / "bin/cpio").chmod(0o755)
    assert run(place, kernel(place, "good", "measure"), "--seeds", "3") == 2
    assert capsys.readouterr().err == f"kernels: {place / 'out'}: the disk is full; make room, and --resume goes on\n"
    assert not (place / "out").exists()


def test_the_wall_clock_is_refused_where_a_guest_under_kvm_does_not_start(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(place, kernel(place, "good", "refuse"), "--clock", "wall") == 2
    assert "a test boot under KVM failed on this machine: qemu: no such board; use --clock path" in capsys.readouterr().err


def test_by_the_wall_clock_boots_alternate(place: Path) -> None:
    words = kernel(place, "a", "measure"), kernel(place, "b", "measure")
    assert run(place, *words, "--clock", "wall", "--seeds", "4") == 0
    assert kernels(place)["kernels"] == ["a", "b"] and load_run(place / "out/a").info.rounds == 4


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_every_qemu_and_leaves_nothing(place: Path, number: int) -> None:
    words = [sys.executable, "-m", "ipcmark_kernels", "run", kernel(place, "stuck", "hang"), "--arch", "amd64", "--bundle",
             str(place / "bundle"), "--out", str(place / "out")]
    # A shell that starts jobs in the background has them ignore SIGINT, which is inherited.
    started = subprocess.Popen(words, env={**os.environ, "PYTHONPATH": str(SCRIPTS)}, stderr=subprocess.PIPE, text=True,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
    deadline = time.monotonic() + 60
    while not list(place.glob("out/.boot-*/console")) and time.monotonic() < deadline:
        time.sleep(0.02)
    started.send_signal(number)
    _, said = started.communicate(timeout=60)
    assert started.returncode == 128 + number and "Traceback" not in said
    assert not (place / "out").exists()
    left = [one for one in Path("/proc").glob("[0-9]*/cmdline") if str(place).encode() in read(one) and b"qemu" in read(one)]
    assert not left


def read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""
