"""The command: what it prints where, how it ends, and what hostile runs do to it."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ipcmark_report.compare.__main__ import main
from ipcmark_report.compare.terminal import Style, lines_of
from ipcmark_report.compare.rows import Table
from ipcmark_report.compare.model import Verdict
from ipcmark_report.tests.pairs import CASES, Pair
from ipcmark_report.tests.records import selftest
from ipcmark_report.tests.synthetic import put

PIPE = "latency/pipe/pipe/size:64/placement:same_core"


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    Pair(inject={"pipe": 1.1}).write(tmp_path / "pair")
    return tmp_path / "pair"


def ran(capsys: pytest.CaptureFixture[str], *arguments: Any) -> tuple[int, str, str]:
    status = main([str(one) for one in arguments])
    return (status, *capsys.readouterr())


def test_stars_come_first(pair: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = ran(capsys, pair / "base", pair / "versus")
    assert (status, err) == (0, "")
    rows = [line for line in out.splitlines() if line.startswith(("latency", "throughput", "fork_cost"))]
    assert rows[0].startswith(PIPE) and "regression *" in rows[0] and "regression *" in rows[1]
    assert not any("*" in row for row in rows[2:8])
    assert "\x1b" not in out


def test_a_folder_of_two_that_took_turns_is_enough(pair: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(capsys, pair) == ran(capsys, pair / "base", pair / "versus")


def test_nothing_is_written_into_a_run(pair: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {file: file.stat().st_mtime_ns for file in pair.rglob("*")}
    ran(capsys, pair, "--json", "--all")
    assert {file: file.stat().st_mtime_ns for file in pair.rglob("*")} == before


@pytest.mark.parametrize(("kinds", "status"), [
    (["regression"], 1), (["improvement"], 0), (["improvement", "regression"], 1), (["missing", "void", "mix"], 0),
    (["tail"], 1)])
def test_the_status_says_whether_something_unwanted_was_found(
        pair: Path, capsys: pytest.CaptureFixture[str], kinds: list[str], status: int) -> None:
    assert ran(capsys, pair, *(word for kind in kinds for word in ("--fail-on", kind)))[0] == status


def test_a_void_comparison_fails_as_void_and_not_as_regression(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Pair(inject={"pipe": 1.2}, inject_controls=1.1).write(tmp_path / "pair")
    assert ran(capsys, tmp_path / "pair", "--fail-on", "regression")[0] == 0
    assert ran(capsys, tmp_path / "pair", "--fail-on", "void")[0] == 1


def test_json_is_strict_and_holds_every_cell(pair: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = ran(capsys, pair, "--json")
    whole = json.loads(out, parse_constant=pytest.fail)
    (one,) = whole["comparisons"]
    assert whole["schema_version"] == 1 and one["design"] == "interleaved" and len(one["cells"]) == len(CASES)
    cell = next(cell for cell in one["cells"] if cell["case"] == PIPE)
    change = cell["changes"][cell["judged_by"]]
    assert cell["verdict"] == "regression" and change["low"] < change["ratio"] < change["high"]
    assert len(change["base_ns"]) == len(change["new_ns"]) == 12


def test_json_into_a_file_leaves_the_table_on_stdout(pair: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = ran(capsys, pair, f"--json={tmp_path / 'c.json'}", f"--markdown={tmp_path / 'c.md'}")
    assert "regression *" in out
    assert json.loads((tmp_path / "c.json").read_text())["comparisons"]
    assert "| `" + PIPE + "` | 12 | quiet |" in (tmp_path / "c.md").read_text()


def test_several_new_runs_have_a_matrix(pair: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = Pair(interleaved=False, drift=0.01, rounds=12, inject={"fork": 2.0}).write(tmp_path / "other")[1]
    _, out, _ = ran(capsys, pair / "base", pair / "versus", other.rename(tmp_path / "third"))
    matrix = out.split("=" * 40)[-1]
    assert matrix.split()[:3] == ["case", "versus", "third"]
    assert any(line.startswith(PIPE) and "*" in line for line in matrix.splitlines())


def test_boots_are_named_one_by_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [Pair(rounds=2, interleaved=False, boot=str(index), seed=index).write(tmp_path / str(index))[index % 2]
            for index in range(4)]
    _, out, _ = ran(capsys, "--base", runs[0], "--base", runs[2], "--new", runs[1], "--new", runs[3])
    assert "2 boots a side: no verdict with fewer than 6" in out


@pytest.mark.parametrize(("arguments", "says"), [
    (["BASE"], "name two runs"),
    (["BASE", "nowhere"], "no such directory"),
    (["BASE", "NEW", "--filter", "("], "not a regular expression"),
    (["BASE", "NEW", "--varying", "colour"], "no such fact"),
    (["BASE", "NEW", "--selftest", "nowhere"], "cannot be read"),
    (["BASE", "NEW", "--json", "--markdown"], "cannot both go to stdout"),
    (["BASE", "NEW", "--json=FOLDER"], "is a directory; give --json"),
    (["--base", "BASE"], "name every run with --base or --new"),
])
def test_bad_input_is_one_line_and_status_2(pair: Path, capsys: pytest.CaptureFixture[str], arguments: list[str],
                                            says: str) -> None:
    known = {"BASE": str(pair / "base"), "NEW": str(pair / "versus"), "--json=FOLDER": f"--json={pair}"}
    status, out, err = ran(capsys, *(known.get(one, one) for one in arguments))
    assert (status, out) == (2, "") and err.count("\n") == 1 and says in err


def test_another_schema_is_refused(pair: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = pair / "versus" / "run.json"
    put(file, json.loads(file.read_text()) | {"schema_version": 2})
    status, _, err = ran(capsys, pair)
    assert status == 2 and "schema_version 2" in err


@pytest.mark.parametrize(("key", "value"), [
    ("estimators", {"latency/pipe/same_core": {"estimator": "magic", "threshold_percent": 2, "anchor_slope": 0}}),
    ("estimators", {"latency/pipe/same_core": {"estimator": "quiet", "threshold_percent": -1, "anchor_slope": 0}}),
    ("estimators", {"latency/pipe/same_core": {"estimator": "quiet", "threshold_percent": 2, "anchor_slope": "1"}}),
    ("estimators", []), ("left_after_round", {PIPE: -1}), ("selftest", "yes"),
])
def test_a_wrong_record_of_how_to_judge_is_refused(pair: Path, capsys: pytest.CaptureFixture[str], key: str,
                                                   value: Any) -> None:
    file = pair / "base" / "run.json"
    put(file, json.loads(file.read_text()) | {key: value})
    status, out, err = ran(capsys, pair)
    assert (status, out) == (2, "") and "run.json" in err and err.count("\n") == 1


def test_a_named_selftest_judges_and_warns_where_it_is_of_another_machine(
        pair: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = selftest(tmp_path / "own.json", "x86_64, Example CPU 9000, 2 CPUs")
    _, out, _ = ran(capsys, pair, "--selftest", own, "--json")
    (one,) = json.loads(out)["comparisons"]
    cell = next(cell for cell in one["cells"] if cell["case"] == PIPE)
    assert cell["judged_by"] == "typical" and cell["verdict"] == "equivalent"
    assert cell["changes"]["typical"]["threshold"] == 0.3 and cell["changes"]["quiet"]["verdict"] == "regression"
    assert not any("WARNING" in note for note in one["notes"])
    _, out, _ = ran(capsys, pair, "--selftest", selftest(tmp_path / "other.json", "another"))
    assert "WARNING: the self-test is of another machine" in out


def test_hostile_names_cannot_act_nor_hide(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = "latency/pipe/\x1b[31m`|<script>\u202e/size:64/placement:same_core"
    Pair(cases={name: 100.0}, only={}, environment={"\x1b]0;x\x07": {"key\n": "\x9b31m"}},
         failed={"base": {name: "no\r\n\x1b[2J @everyone"}}).write(tmp_path / "failed")
    Pair(cases={name: 100.0}, inject={"\x1b[31m`|<script>\u202e": 1.3}).write(tmp_path / "slow")
    for folder in ("failed", "slow"):
        for option in ("--all", "--markdown", "--json"):
            _, out, _ = ran(capsys, tmp_path / folder, option)
            text = json.dumps(json.loads(out), ensure_ascii=False) if option == "--json" else out
            assert not set(text.replace("\n", "")) & set("\x1b\r\x07\x9b\u202e")
            assert "script" in text
    _, markdown, _ = ran(capsys, tmp_path / "slow", "--markdown")
    assert "`'\\|<script>" in markdown.replace("\\x1b[31m", "`") and "regression" in markdown


def in_a_terminal(pair: Path, **environment: str) -> str:
    """What a person sees, 100 columns wide."""
    ours, theirs = pty.openpty()
    subprocess.run([sys.executable, "-m", "ipcmark_report.compare", str(pair)], stdout=theirs, check=True,
                   env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "COLUMNS": "100", "TERM": "xterm", **environment})
    os.close(theirs)
    seen = b""
    try:
        while part := os.read(ours, 1 << 16):
            seen += part
    except OSError:
        pass  # Linux says so when the other end is closed and all is read.
    os.close(ours)
    return seen.decode()


def test_colour_is_for_terminals_and_those_who_want_it(pair: Path) -> None:
    coloured = in_a_terminal(pair)
    assert "\x1b[31m" in coloured
    assert all(len(line) <= 100 for line in in_a_terminal(pair, NO_COLOR="1").replace("\r", "").splitlines())
    assert "\x1b" not in in_a_terminal(pair, NO_COLOR="1")


def test_a_narrow_terminal_loses_columns_and_then_the_middle_of_names() -> None:
    table = Table(("case", "pairs", "finds", "verdict"), (("latency/" + "x" * 40, "12", "1.0 %", "equivalent"),),
                  (Verdict.EQUIVALENT,), ((),), ("finds",))
    wide, narrow = lines_of(table, Style(width=200)), lines_of(table, Style(width=50))
    assert wide[0].split() == ["case", "pairs", "finds", "verdict"] and "x" * 40 in wide[1]
    assert narrow[0].split() == ["case", "pairs", "verdict"] and "…" in narrow[1]
    assert all(len(line) <= 50 for line in narrow)


def test_help_names_every_option_and_status(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    for word in ("--base", "--new", "--varying", "--selftest", "--estimator", "--filter", "--all", "--json", "--markdown",
                 "--fail-on", "regression", "exit status"):
        assert word in text
