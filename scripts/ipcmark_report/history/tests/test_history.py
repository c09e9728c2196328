"""The command as a whole, on run directories."""

import json
import shutil
from pathlib import Path

import pytest

from ipcmark_report.history import store
from ipcmark_report.history.__main__ import main
from ipcmark_report.tests.synthetic import ENVIRONMENT, Synthetic, failed_row, put

from .made import CASE, estimate, record

IDENTITY = {"key": "x86_64 | Example CPU 9000 | 2", "cpu_model": "Example CPU 9000"}


@pytest.fixture
def kept(tmp_path: Path) -> str:
    return str(tmp_path / "history.sqlite")


def written(path: Path, **fields: object) -> Path:
    plain = {"measures": ("latency",), "binaries": ("latency",), "placements": ("same_core",), "rounds": 2}
    return Synthetic(**{**plain, **fields}).write(path)


def filled(kept: str, numbers: range, step: int = 10_000, **others: object) -> None:
    with store.opened(Path(kept), create=True) as history:
        for number in numbers:
            level = 100.0 + number % 3 + 20 * (number >= step)
            history.add(record(number, estimate([level, level + 1, level + 4]), **others))


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    try:
        status = main(arguments)
    except SystemExit as left:
        status = left.code
    lines = capsys.readouterr().err.splitlines()
    assert status == 2 and len(lines) == 1 and lines[0].startswith("history: ")
    return lines[0]


def test_a_run_is_added_once_and_listed(tmp_path: Path, kept: str, capsys: pytest.CaptureFixture[str]) -> None:
    environment = {**ENVIRONMENT, "identity": IDENTITY, "boot": {"boot_id": "beef0123-4"}}
    run = written(tmp_path / "run", environment=environment)
    assert main(["add", str(run), "--store", kept]) == 0
    assert "added" in capsys.readouterr().out
    shutil.copytree(run, tmp_path / "copy")
    assert main(["add", str(tmp_path / "copy"), "--store", kept]) == 0
    assert "there already, nothing changed" in capsys.readouterr().out
    assert main(["list", "--store", kept]) == 0
    title, head, row = capsys.readouterr().out.splitlines()
    assert title == IDENTITY["key"] and head.split()[:3] == ["run", "started", "kernel"]
    assert "6.12.0-example" in row and "beef0123" in row and "2024-05-01T10:00:00Z" in row
    assert main(["list", "--json", "--store", kept]) == 0
    one, = json.loads(capsys.readouterr().out)
    assert one["machine_known"] is True and one["cases"] == 17 and one["boot"] == "beef0123-4"


def test_a_run_without_an_identity_is_marked(tmp_path: Path, kept: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["add", str(written(tmp_path / "run")), "--store", kept])
    capsys.readouterr()
    main(["list", "--store", kept])
    assert capsys.readouterr().out.startswith("Example CPU 9000, 2 CPUs (identity not recorded)\n")


def test_volatile_readings_are_no_part_of_the_machine(tmp_path: Path, kept: str) -> None:
    for number in (1, 2):
        load = {"loadavg_1": 0.1 * number}
        main(["add", str(written(tmp_path / f"run{number}", environment={**ENVIRONMENT, "load": load}, rounds=number)),
              "--store", kept])
    with store.opened(Path(kept)) as history:
        assert len({run.facts.machine for run in history.runs()}) == 1 and len(history.runs()) == 2


def test_one_bad_run_does_not_keep_the_others_out(
    tmp_path: Path, kept: str, capsys: pytest.CaptureFixture[str]
) -> None:
    good = written(tmp_path / "good", extra_rows={"latency": [failed_row("latency/pipe/bad/placement:x", "boom")]})
    assert main(["add", str(tmp_path / "none"), str(good), "--store", kept]) == 2
    said = capsys.readouterr()
    assert "no such directory" in said.err and "added" in said.out and "left out: 2 processes that failed" in said.out


def test_a_run_without_results_is_refused(tmp_path: Path, kept: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no results to keep" in refused(capsys, "add", str(written(tmp_path / "run", measures=())), "--store", kept)


def test_a_resumed_run_replaces_its_partial_self(tmp_path: Path, kept: str, capsys: pytest.CaptureFixture[str]) -> None:
    run = written(tmp_path / "run", rounds=1, status="partial")
    main(["add", str(run), "--store", kept])
    main(["add", str(written(run, rounds=3)), "--store", kept])
    assert "in place of" in capsys.readouterr().out
    with store.opened(Path(kept)) as history:
        assert [run.facts.complete for run in history.runs()] == [True]


def test_a_trend_prints_every_boot_and_the_change(kept: str, capsys: pytest.CaptureFixture[str]) -> None:
    filled(kept, range(12), step=6)
    assert main(["trend", CASE, "--store", kept]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{CASE}: quiet, time an operation" and len(lines) == 3 + 12 + 1
    assert "+19.6 % from here on" in lines[3 + 6] and sum("from here on" in line for line in lines) == 1
    assert lines[-1] == "1 change of level over 12 boots or builds"


def test_a_short_trend_says_that_it_cannot_tell(kept: str, capsys: pytest.CaptureFixture[str]) -> None:
    filled(kept, range(4), step=2)
    assert main(["trend", "latency/pipe", "--store", kept]) == 0
    assert "with fewer than 8 no change can be told from chance" in capsys.readouterr().out


def test_a_case_that_matches_nothing_names_the_nearest(kept: str, capsys: pytest.CaptureFixture[str]) -> None:
    filled(kept, range(2))
    assert CASE in refused(capsys, "trend", "latency/pipe/pip/size:64", "--store", kept)
    assert "no regular expression" in refused(capsys, "trend", "(", "--store", kept)
    assert "on such a machine" in refused(capsys, "trend", CASE, "--machine", "Cray", "--store", kept)
    assert "the figure tail" in refused(capsys, "trend", CASE, "--estimator", "tail", "--store", kept)


def test_a_chart_is_drawn_the_same_each_time(kept: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filled(kept, range(12), step=6)
    charts = {}
    for kind in ("svg", "png", "pdf"):
        for name in ("a", "b"):
            charts[name, kind] = tmp_path / f"{name}.{kind}"
            assert main(["trend", CASE, "--chart", str(charts[name, kind]), "--store", kept]) == 0
        assert charts["a", kind].read_bytes() == charts["b", kind].read_bytes()
    assert "+19.6 %" in charts["a", "svg"].read_text() and charts["a", "pdf"].read_bytes().startswith(b"%PDF")
    assert "end the name of --chart" in refused(
        capsys, "trend", CASE, "--chart", str(tmp_path / "c.gif"), "--store", kept)


def test_runs_are_removed_by_the_beginning_of_their_id(kept: str, capsys: pytest.CaptureFixture[str]) -> None:
    filled(kept, range(3))
    digest = record(1, estimate([101.0, 102.0, 105.0])).facts.digest
    assert main(["remove", digest[:12], "--store", kept]) == 0
    with store.opened(Path(kept)) as history:
        assert digest not in {run.facts.digest for run in history.runs()} and len(history.runs()) == 2
    assert "no run has this id" in refused(capsys, "remove", digest, "--store", kept)


def test_control_characters_in_a_run_do_not_reach_the_terminal(
    tmp_path: Path, kept: str, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = {"identity": {"key": "evil\x1b[31m\nkey"}, "kernel": {"release": "a\rb"}}
    run = written(tmp_path / "run", environment=environment)
    facts = json.loads((run / "run.json").read_text())
    put(run / "run.json", {**facts, "started_at": "2024\x1b[2J"})
    main(["add", str(run), "--store", kept])
    main(["list", "--store", kept])
    main(["trend", "pipe/pipe/", "--store", kept])
    out = capsys.readouterr().out
    assert "evil\\x1b[31m\\nkey" in out and not any(c < " " and c != "\n" for c in out)


def test_a_folder_of_many_runs_is_added_whole_and_one_host_is_told_by_its_directory(
        tmp_path: Path, kept: str, capsys: pytest.CaptureFixture[str]) -> None:
    for number, host in enumerate(("web1", "web2")):
        run = written(tmp_path / "fleet" / host / "run", environment={**ENVIRONMENT, "identity": IDENTITY})
        whole = json.loads((run / "run.json").read_text())
        put(run / "run.json", whole | {"started_at": f"2024-05-0{1 + number}T10:00:00Z"})
    assert main(["add", str(tmp_path / "fleet"), "--store", kept]) == 0
    assert capsys.readouterr().out.count("added") == 2
    case = "latency/pipe/pipe/size:64/placement:same_core"
    assert main(["trend", case, "--path", "/web2/", "--estimator", "typical", "--store", kept]) == 0
    out = capsys.readouterr().out
    assert "2024-05-02" in out and "2024-05-01" not in out
    assert "no run has it" in refused(capsys, "trend", case, "--path", "/web3/", "--store", kept)
