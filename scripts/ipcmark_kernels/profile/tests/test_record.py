"""Counts, symbols and a run become a profile, on literals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ipcmark_kernels.profile.boot import how_well
from ipcmark_kernels.profile.record import off_the_clock, profile_of, read_numbers, write_profile
from ipcmark_kernels.profile.symbols import symbols_of
from ipcmark_report.ladder.read import read_boots
from ipcmark_report.ladder.tests.made import FUTEX, PIPE, write_kernel
from ipcmark_report.load import load_run
from ipcmark_report.model import BadInput

DO_FUTEX, SCHEDULE = 0xffffffff81000000, 0xffffffff81000100
SYMBOLS = symbols_of([f"{DO_FUTEX:x} T do_futex", f"{SCHEDULE:x} T schedule"], "map")


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """One boot; of each case two repetitions of 100 operations of 1000 instructions."""
    folder = write_kernel(tmp_path / "kernel", "6.12", "cloud", {PIPE: [1000.0], FUTEX: [1000.0]})
    window = {"started_at_ns": 1, "elapsed_ns": 100_000, "operations": 100, "voluntary_switches": 0,
              "involuntary_switches": 0, "p50_ns": 1000.0}
    cases = [{"case": name, "repetitions": [window, window], "anchors": []} for name in (PIPE, FUTEX)]
    (folder / "latency.1.reps.json").write_text(json.dumps({"schema_version": 1, "binary": "latency", "cases": cases}))
    return folder


def test_each_function_has_its_share_of_an_operation(run_folder: Path) -> None:
    window = {DO_FUTEX: 10_000, SCHEDULE: 20_000, SCHEDULE + 8: 20_000, 0x401000: 10_000}
    counts = {7: [window, {**window, DO_FUTEX: 30_000}, window], 9: [{DO_FUTEX: 5}]}
    profiled = profile_of(counts, SYMBOLS, {7: FUTEX, 8: PIPE}, load_run(run_folder))
    assert [one.case for one in profiled] == [FUTEX]
    assert profiled[0].functions == {"schedule": 600, "do_futex": 250, "(user space)": 150}
    assert (profiled[0].operations, profiled[0].instructions, profiled[0].clock) == (200, 1000, 1000)


def test_of_repetitions_the_one_that_executed_least_is_taken(run_folder: Path) -> None:
    disturbed = {DO_FUTEX: 100_000, SCHEDULE: 900_000}
    profiled = profile_of({7: [disturbed, {DO_FUTEX: 100_000}]}, SYMBOLS, {7: FUTEX}, load_run(run_folder))
    assert (profiled[0].operations, profiled[0].functions) == (100, {"do_futex": 1000})


def test_what_is_not_within_half_a_percent_of_the_clock_is_named(run_folder: Path) -> None:
    counts = {1: [{DO_FUTEX: 100_450}] * 2, 2: [{DO_FUTEX: 100_550}] * 2}
    profiled = profile_of(counts, SYMBOLS, {1: PIPE, 2: FUTEX}, load_run(run_folder))
    assert [one.case for one in off_the_clock(profiled)] == [FUTEX]
    assert how_well(profiled) == f"functions of 2 cases; 1 together within 0.45 % of the clock; 1 not, as {FUTEX}"
    assert how_well(profiled[:1]) == "functions of 1 case; all together within 0.45 % of the clock"


def test_the_report_reads_what_is_written(run_folder: Path) -> None:
    counts = {7: [{DO_FUTEX: 20_000, SCHEDULE: 80_000}] * 2}
    write_profile(profile_of(counts, SYMBOLS, {7: FUTEX}, load_run(run_folder)), 1, run_folder / "profile.json")
    profile = read_boots(run_folder).profile
    assert profile is not None and dict(profile[FUTEX].functions) == {"schedule": 800.0, "do_futex": 200.0}
    assert profile[FUTEX].clock == 1000


def test_a_number_of_two_cases_is_refused(tmp_path: Path) -> None:
    for name, case in (("a", PIPE), ("b", FUTEX)):
        (tmp_path / name).write_text(json.dumps({"schema_version": 1, "binary": name, "markers": [{"number": 1, "case": case}]}))
    assert read_numbers([tmp_path / "a"]) == {1: PIPE}
    with pytest.raises(BadInput, match="marker 1"):
        read_numbers([tmp_path / "a", tmp_path / "b"])
