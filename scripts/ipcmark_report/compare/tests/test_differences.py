"""In what two sides differ: confounders, what is declared, and what means nothing."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ipcmark_report.compare import Comparison, compare_runs
from ipcmark_report.compare.differences import check_varying
from ipcmark_report.compare.facts import GROUPS, KINDS, Kind, kind_of
from ipcmark_report.compare.rows import told
from ipcmark_report.load import load_run
from ipcmark_report.model import BadInput
from ipcmark_report.tests.pairs import Pair
from ipcmark_report.tests.synthetic import put

TABLES = Path(__file__).resolve().parents[4] / "bench" / "harness"
FACT = re.compile(r'\{"(\w+)", "(\w+)",\s*(setting|trait|mark|counter|reading),')


def compared(folder: Path, environment: dict[str, Any], *varying: str, **pair: Any) -> Comparison:
    base, new = Pair(environment=environment, **pair).write(folder)
    return compare_runs(load_run(base), load_run(new), varying=varying)


def difference(comparison: Comparison, group: str, key: str) -> Any:
    return next((one for one in comparison.differences if (one.group, one.key) == (group, key)), None)


def test_the_table_says_of_each_fact_what_the_programs_that_record_it_say() -> None:
    text = "".join((TABLES / f"{name}_table.cpp").read_text() for name in ("hardware", "kernel", "process"))
    recorded = {f"{group}.{key}": Kind(kind) for group, key, kind in FACT.findall(text)}
    assert len(recorded) > 150
    assert {name: kind_of(*name.split(".")) for name in recorded} == recorded
    assert set(KINDS) - set(recorded) == {"identity.key"}
    groups = dict(re.findall(r'\{"(\w+)", (setting|counter), (?:folder|facts::interrupts)', text))
    assert {name: Kind(kind) for name, kind in groups.items()} == {
        name: kind for name, kind in GROUPS.items() if name != "load"}


def test_a_setting_that_differs_confounds_each_star(tmp_path: Path) -> None:
    comparison = compared(tmp_path, {"memory": {"thp": "never"}}, inject={"pipe": 1.2})
    assert difference(comparison, "memory", "thp") is not None
    comparison = compared(tmp_path / "two", {"kernel": {"cmdline": "mitigations=off"}}, inject={"pipe": 1.2})
    assert difference(comparison, "kernel", "cmdline").confounds
    assert all(cell.confounders == ("kernel.cmdline",) for cell in comparison.cells)


def test_what_is_declared_is_no_confounder(tmp_path: Path) -> None:
    changed = {"kernel": {"release": "6.18.0"}, "scheduler": {"features": "x"}}
    comparison = compared(tmp_path, changed, "kernel")
    assert difference(comparison, "kernel", "release").varying
    assert not any(one.confounds for one in comparison.differences)
    assert comparison.varying == ("kernel", "build")
    one_key = compare_runs(comparison.base, comparison.new, varying=("kernel.release",))
    assert difference(one_key, "kernel", "release").varying and not difference(one_key, "kernel", "release").confounds


def test_readings_and_counters_always_differ_and_mean_nothing(tmp_path: Path) -> None:
    comparison = compared(tmp_path, {"load": {"own_pid": 7}, "interrupts": {"LOC": 8}, "cpu_power": {"temperatures": "50"}})
    assert all(one.volatile and not one.confounds for one in comparison.differences)
    assert {one.group for one in comparison.differences} >= {"boot", "load"}


def test_the_image_of_a_kernel_is_no_difference_of_its_command_line(tmp_path: Path) -> None:
    image = "BOOT_IMAGE=/vmlinuz-6.18 quiet splash initrd=/initrd-6.18"
    assert difference(compared(tmp_path, {"boot": {"cmdline": image}}), "boot", "cmdline") is None
    comparison = compared(tmp_path / "two", {"boot": {"cmdline": image + " nosmt"}})
    assert difference(comparison, "boot", "cmdline").confounds


def test_what_is_unknown_on_one_side_is_told_and_does_not_confound(tmp_path: Path) -> None:
    comparison = compared(tmp_path, {"kernel": {"release": {"unknown": "not permitted: no"}}})
    found = difference(comparison, "kernel", "release")
    assert found.new == "unknown (not permitted: no)" and not found.confounds


def test_of_a_long_fact_only_the_words_that_differ_are_told(tmp_path: Path) -> None:
    options = [f"CONFIG_OPTION_{index}=y" for index in range(40)]
    comparison = compared(tmp_path, {"kernel": {"config": [*options, "CONFIG_HZ=1000"], "release": "6.18"}})
    assert told(difference(comparison, "kernel", "release")) == ("6.12.0-example", "6.18")
    base, new = Pair(interleaved=False).write(tmp_path / "two")
    whole = json.loads((base / "environment.json").read_text())
    whole["start"]["kernel"]["config"] = [*options, "CONFIG_HZ=250"]
    put(base / "environment.json", whole)
    both = compare_runs(load_run(base), comparison.new)
    assert told(difference(both, "kernel", "config")) == ("CONFIG_HZ=250", "CONFIG_HZ=1000")


def test_other_windows_are_no_comparison(tmp_path: Path) -> None:
    base, _ = Pair(interleaved=False).write(tmp_path / "one")
    _, new = Pair(interleaved=False, repetitions=8, inject={"pipe": 1.5}).write(tmp_path / "two")
    comparison = compare_runs(load_run(base), load_run(new))
    assert "other windows, repetitions or warm-up" in comparison.void
    assert not any(cell.judged.starred for cell in comparison.cells)


def test_a_word_that_declares_nothing_is_refused(tmp_path: Path) -> None:
    run = load_run(Pair(rounds=1).write(tmp_path)[0])
    check_varying(("kernel", "boot.cmdline", "machine", "run.window_ms"), [run])
    with pytest.raises(BadInput, match="--varying kernal: no such fact"):
        check_varying(("kernal",), [run])
