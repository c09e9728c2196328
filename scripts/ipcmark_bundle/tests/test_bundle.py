"""What goes wrong is said in one line, and nothing half made is left."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ipcmark_bundle import sources
from ipcmark_bundle.commands import BundleError, run
from ipcmark_bundle.targets import TARGETS
from ipcmark_debian import apt
from ipcmark_debian.folders import cache_folder

SCRIPTS = Path(__file__).resolve().parents[2]
DEADLINE_S = 60


def bundle(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SCRIPTS / "bundle", *arguments], env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=DEADLINE_S, check=False)


@pytest.mark.parametrize(("arguments", "named"), [
    (["--arch", "vax"], "'vax'"),
    (["--arch", "\x1b[31m"], "--arch"),
    (["--out", __file__], "is no folder"),
    (["--bogus"], "--bogus"),
])
def test_what_cannot_be_asked_for_is_named_in_one_line(arguments: list[str], named: str) -> None:
    result = bundle(*arguments)
    assert result.returncode == 2 and named in result.stderr
    assert result.stderr.count("\n") == 1 and "\x1b" not in result.stderr


def test_a_compiler_that_cannot_be_installed_is_named(tmp_path: Path) -> None:
    for name, text in (("dpkg-query", "exit 1"), ("apt-get", "echo 'E: are you root?' >&2; exit 100"), ("sudo", 'exec "$@"')):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    result = bundle("--arch", "riscv64", "--out", str(tmp_path / "out"), PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert result.returncode == 2
    assert "g++-riscv64-linux-gnu" in result.stdout and "are you root?" in result.stderr
    assert result.stderr.splitlines()[-1].startswith("bundle: riscv64 needs the packages")
    assert not (tmp_path / "out").exists()


def test_every_architecture_has_a_toolchain_that_names_its_compiler() -> None:
    for target in TARGETS.values():
        text = (SCRIPTS / "ipcmark_bundle" / "toolchains" / f"{target.arch}.cmake").read_text()
        assert f"set(CMAKE_CXX_COMPILER {target.triplet}-g++)" in text


def test_sources_with_other_bytes_are_refused(tmp_path: Path) -> None:
    tarball = tmp_path / "benchmark.tar.gz"
    tarball.write_bytes(b"not the sources")
    with pytest.raises(BundleError, match="benchmark.tar.gz has not the SHA-256 0000"):
        sources.check_sum(tarball, "0" * 64)
    tarball.unlink()
    with pytest.raises(BundleError, match="missing from the cache"):
        sources.check_sum(tarball, "0" * 64)


def test_without_a_network_the_sources_are_named_and_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A port that nobody listens on.
    monkeypatch.setattr(sources, "_mirror", lambda: "http://127.0.0.1:9/debian")
    monkeypatch.setattr(apt, "TRIES", 0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(BundleError, match="fetching the sources of benchmark 1.7.1-1 failed: .*127.0.0.1") as told:
        sources.fetch(sources.SOURCES[0], cache_folder("bundle"))
    assert "\n" not in str(told.value)
    assert list(cache_folder("bundle").iterdir()) == []


def test_another_tarball_than_the_one_tried_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def download(source: sources.Source, folder: Path) -> None:
        (folder / source.tarball).write_bytes(b"hostile")
        sources.check_sum(folder / source.tarball, source.sha256)

    monkeypatch.setattr(sources, "_download", download)
    source = replace(sources.SOURCES[0], sha256="1" * 64)
    with pytest.raises(BundleError, match="SHA-256"):
        sources.fetch(source, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_tool_that_fails_is_told_by_its_own_error(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"^baking failed: oven: error: cold\?\\x1b; all of it is in .*log$") as told:
        run(["sh", "-c", "echo first; printf 'oven: error: cold?\\033\\n'; echo last; exit 3"], tmp_path / "log", "baking")
    assert "\x1b" not in str(told.value)
    with pytest.raises(BundleError, match="baking: no program no-such-oven"):
        run(["no-such-oven"], tmp_path / "log", "baking")


def test_flags_of_the_surroundings_do_not_get_into_the_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXXFLAGS", "-march=native")
    run(["sh", "-c", 'test -z "${CXXFLAGS+x}"'], tmp_path / "log", "looking")


def test_an_interrupted_one_ends_all_that_it_started(tmp_path: Path) -> None:
    code = ("import signal, sys; from pathlib import Path; from ipcmark_bundle.commands import run\n"
            "signal.signal(signal.SIGTERM, signal.default_int_handler)\n"
            f"run(['sh', '-c', 'sleep 600 & echo $! >{tmp_path}/pid; wait'], Path('{tmp_path}/log'), 'waiting')")
    with subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
                          stderr=subprocess.DEVNULL) as waiting:
        def wait_for(done: Callable[[], bool]) -> None:
            until = time.monotonic() + DEADLINE_S
            while not done():
                assert time.monotonic() < until
                time.sleep(0.01)

        wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().endswith("\n"))
        sleeper = int((tmp_path / "pid").read_text())
        waiting.send_signal(signal.SIGTERM)
        assert waiting.wait(timeout=DEADLINE_S) != 0
        wait_for(lambda: not Path(f"/proc/{sleeper}").exists() or "Z" in Path(f"/proc/{sleeper}/stat").read_text().split()[2])
